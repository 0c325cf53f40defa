"""Which network addresses may be connected to: none that a private network alone can reach."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, TypeAlias

from bot.errors import FetchError
from bot.fetch.addresses import Named, ParsedAddress

IPAddress: TypeAlias = IPv4Address | IPv6Address
Resolve: TypeAlias = Callable[[str, int], Iterable[str]]
"""The addresses of a host, for a port of it. Raises OSError where it is not known."""

_MOST: Final = 8
_PRIVATE: Final = (".localhost", ".local", ".internal", ".svc", ".arpa")
# RFC 6052 and RFC 8215: addresses that stand for one of IPv4; RFC 4291's own form is deprecated.
_TRANSLATED: Final = frozenset({0x0064FF9B << 64, 0})
_TRANSLATED_HERE: Final = 0x0064FF9B0001


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host by the system's own name service."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in rows]


def addresses_of(place: ParsedAddress, named: Named, ask: Resolve = resolve) -> tuple[str, ...]:
    """The addresses of a place's host, all of which may be connected to.

    Raises FetchError where the host is unknown, or any of its addresses may not: a name that is
    half public is not half trusted.
    """
    try:
        # A scope (`%eth0`) is of link-local addresses alone.
        found = [ip_address(text.partition("%")[0]) for text in ask(place.host, place.port)]
    except (OSError, UnicodeError, ValueError) as error:
        raise FetchError(f"'{place.host}' is not known to the name service") from error
    for address in found:
        _check(address, place, named)
    return tuple(dict.fromkeys(map(str, found)))[:_MOST]


def check_literal(place: ParsedAddress, named: Named) -> None:
    """Refuse what needs no name service to be known as this machine's or a private network's."""
    address = _literal(place.host)
    if address is not None:
        _check(address, place, named)
    elif not named.names(place) and ("." not in place.host or place.host.endswith(_PRIVATE)):
        raise _not_public(place)


def is_literal(host: str) -> bool:
    """Whether a host is an address itself."""
    return _literal(host) is not None


def is_public(address: IPAddress) -> bool:
    """Whether everybody means the same machine by an address, whatever it is wrapped in."""
    inner = _inner(address)
    if isinstance(address, IPv6Address) and int(address) >> 80 == _TRANSLATED_HERE:
        return False
    return address.is_global and not address.is_multicast and (inner is None or is_public(inner))


def _literal(host: str) -> IPAddress | None:
    try:
        # As the C library reads it: `127.1` and `2130706433` are addresses, too.
        return ip_address(socket.inet_aton(host))
    except OSError:
        return None


def _check(address: IPAddress, place: ParsedAddress, named: Named) -> None:
    if not is_public(address) and not (named.names(place) and _may_be_meant(address)):
        raise _not_public(place)


def _not_public(place: ParsedAddress) -> FetchError:
    return FetchError(
        f"'{place.authority}' is at an address that is not public, which FAIRLEAD_FETCH_HOSTS "
        "allows by naming the host",
        refused=True,
    )


def _inner(address: IPAddress) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    translated = int(address) >> 32 in _TRANSLATED
    return IPv4Address(int(address) & 0xFFFFFFFF) if translated else None


def _may_be_meant(address: IPAddress) -> bool:
    """Whether an operator can mean it: a cloud's metadata service is never what is meant."""
    inner = _inner(address)
    if inner is not None and not address.is_loopback:
        return _may_be_meant(inner)
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)
