"""Which IP addresses may be contacted: none of a private network unless the operator lists it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, TypeAlias

from bot.errors import FetchError
from bot.fetch.addresses import AllowedHosts, ParsedAddress

IPAddress: TypeAlias = IPv4Address | IPv6Address
Resolve: TypeAlias = Callable[[str, int], Iterable[str]]
"""Returns the IP addresses of a host for a port. Raises OSError for an unknown host."""

_MAX_ADDRESSES: Final = 8
_PRIVATE_SUFFIXES: Final = (".localhost", ".local", ".internal", ".svc", ".arpa")
# Prefixes of IPv6 addresses that stand for an IPv4 address: RFC 6052 (64:ff9b::/96), and
# RFC 4291's deprecated ::/96. RFC 8215's 64:ff9b:1::/48 is for local use and never public.
_TRANSLATED: Final = frozenset({0x0064FF9B << 64, 0})
_LOCALLY_TRANSLATED: Final = 0x0064FF9B0001


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host by the system's name service."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in rows]


def addresses_of(
    address: ParsedAddress, hosts: AllowedHosts, resolver: Resolve = resolve
) -> tuple[str, ...]:
    """The IP addresses of an address's host, all of which may be contacted.

    Raises FetchError where the host is unknown or any of its IP addresses is not allowed: a name
    with one private address is refused whole.
    """
    try:
        # Only link-local addresses have a scope (`%eth0`).
        addresses = [
            ip_address(text.partition("%")[0]) for text in resolver(address.host, address.port)
        ]
    except (OSError, UnicodeError, ValueError) as error:
        # A name service that is down and a name that is unknown cannot be told apart for sure.
        message = f"the name '{address.host}' cannot be resolved"
        raise FetchError(message, passing=isinstance(error, OSError)) from error
    for candidate in addresses:
        _check(candidate, address, hosts)
    return tuple(dict.fromkeys(map(str, addresses)))[:_MAX_ADDRESSES]


def check_literal(address: ParsedAddress, hosts: AllowedHosts) -> None:
    """Raise FetchError for a host that is private by its spelling, without resolving it."""
    literal = _literal(address.host)
    if literal is not None:
        _check(literal, address, hosts)
        return
    is_private = "." not in address.host or address.host.endswith(_PRIVATE_SUFFIXES)
    if is_private and not hosts.lists(address):
        raise _not_public(address)


def is_literal(host: str) -> bool:
    """Whether a host is an IP address itself."""
    return _literal(host) is not None


def is_public(address: IPAddress) -> bool:
    """Whether an IP address is globally reachable, and so is any IPv4 address inside it."""
    inner = _embedded_ipv4(address)
    if isinstance(address, IPv6Address) and int(address) >> 80 == _LOCALLY_TRANSLATED:
        return False
    return address.is_global and not address.is_multicast and (inner is None or is_public(inner))


def _literal(host: str) -> IPAddress | None:
    try:
        # The C library also reads `127.1` and `2130706433` as addresses.
        return ip_address(socket.inet_aton(host))
    except OSError:
        return None


def _check(candidate: IPAddress, address: ParsedAddress, hosts: AllowedHosts) -> None:
    if not is_public(candidate) and not (hosts.lists(address) and _may_be_listed(candidate)):
        raise _not_public(address)


def _not_public(address: ParsedAddress) -> FetchError:
    return FetchError(
        f"'{address.authority}' has an address that is not public; add the host to "
        "FAIRLEAD_FETCH_HOSTS to allow it",
        refused=True,
    )


def _embedded_ipv4(address: IPAddress) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    is_translated = int(address) >> 32 in _TRANSLATED
    return IPv4Address(int(address) & 0xFFFFFFFF) if is_translated else None


def _may_be_listed(address: IPAddress) -> bool:
    """Whether FAIRLEAD_FETCH_HOSTS can allow an address: never a cloud's metadata service."""
    inner = _embedded_ipv4(address)
    if inner is not None and not address.is_loopback:
        return _may_be_listed(inner)
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)
