"""Which network addresses may be connected to: none that a private network alone can reach."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, TypeAlias

from bot.errors import FetchError
from bot.fetch.places import Named, Place

Address: TypeAlias = IPv4Address | IPv6Address

_MOST: Final = 8
_PRIVATE: Final = (".localhost", ".local", ".internal", ".svc", ".arpa")


def addresses_of(place: Place, named: Named) -> tuple[str, ...]:
    """The addresses of a place's host, all of which may be connected to.

    Raises FetchError where the host is unknown, or any of its addresses may not: a name that is
    half public is not half trusted.
    """
    found = _resolved(place)
    for address in found:
        _check(address, place, named)
    return tuple(dict.fromkeys(map(str, found)))[:_MOST]


def check_literal(place: Place, named: Named) -> None:
    """Refuse what needs no name service to be known as this machine's or a private network's."""
    address = _literal(place.host)
    if address is not None:
        _check(address, place, named)
    elif not named.names(place) and ("." not in place.host or place.host.endswith(_PRIVATE)):
        raise _not_public(place)


def is_literal(host: str) -> bool:
    """Whether a host is an address itself."""
    return _literal(host) is not None


def _literal(host: str) -> Address | None:
    try:
        # As the C library reads it: `127.1` and `2130706433` are addresses, too.
        return ip_address(socket.inet_aton(host))
    except OSError:
        return None


def _check(address: Address, place: Place, named: Named) -> None:
    if not _is_open(address) and not (named.names(place) and _may_be_named(address)):
        raise _not_public(place)


def _not_public(place: Place) -> FetchError:
    return FetchError(
        f"'{place.authority}' is at an address that is not public, which FAIRLEAD_FETCH_HOSTS "
        "allows by naming the host",
        refused=True,
    )


def _resolved(place: Place) -> list[Address]:
    try:
        rows = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"'{place.host}' is not known to the name service") from error
    # A scope (`%eth0`) is of link-local addresses alone.
    return [ip_address(str(row[4][0]).partition("%")[0]) for row in rows]


def _is_open(address: Address) -> bool:
    """Whether everybody means the same machine by it, whatever it is wrapped in."""
    inner = _inner(address)
    return address.is_global and not address.is_multicast and (inner is None or _is_open(inner))


def _inner(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    # RFC 6052's well-known prefix, and the form that RFC 4291 has deprecated.
    return IPv4Address(int(address) & 0xFFFFFFFF) if _is_translated(address) else None


def _is_translated(address: IPv6Address) -> bool:
    return int(address) >> 32 in {0x0064FF9B << 64, 0}


def _may_be_named(address: Address) -> bool:
    """Whether an operator can mean it: a cloud's metadata service is never what is meant."""
    inner = _inner(address)
    if inner is not None and not address.is_loopback:
        return _may_be_named(inner)
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)
