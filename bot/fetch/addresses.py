"""Addresses in the one form in which they are asked, and what the operator named of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Self
from urllib.parse import urlsplit

from bot.errors import FetchError

_LONGEST: Final = 1_000
_LONGEST_TARGET: Final = 4_000
_SCHEMES: Final = {"https": 443, "http": 80}
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?|oci)://(?P<host>[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[\w.~+@=,:-]+)*)/?",
    re.ASCII,
)
_NAMED: Final = re.compile(
    r"(?:(?P<plain>http)://)?(?P<host>[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?(?:/(?P<owner>[\w.-]+))?",
    re.ASCII,
)
# Where a registry answers by another name than it is called by.
_REGISTRIES: Final = {
    "docker.io": "registry-1.docker.io",
    "index.docker.io": "registry-1.docker.io",
}


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """An address taken apart: nothing of it is a user, a query, an escape or a turn."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The host, with its port where that is not HTTPS's own."""
        return self.host if self.port == 443 else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address again."""
        usual = _SCHEMES.get(self.scheme) == self.port
        return f"{self.scheme}://{self.host}{'' if usual else f':{self.port}'}{self.path}"


@dataclass(frozen=True)
class Named:
    """The hosts that the operator named.

    `host` and `host:port` are whole hosts, `host/owner` is one owner of a host that many share, and
    `http://host:port` is a host that is asked without TLS. What is named may lie in a private
    network, and on another port than 443.
    """

    entries: tuple[str, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> Self:
        """These entries. Raises ValueError, with the entry, for one that has none of the forms."""
        taken = tuple(entry.strip().lower() for entry in entries)
        for entry in taken:
            if not _is_entry(entry):
                raise ValueError(entry)
        return cls(taken)

    @cached_property
    def authorities(self) -> frozenset[str]:
        """Every host that is named, with its port where that is not 443."""
        return frozenset(
            entry.removeprefix("http://").partition("/")[0].removesuffix(":443")
            for entry in self.entries
        )

    @cached_property
    def _whole(self) -> frozenset[str]:
        plain = (entry.removeprefix("http://") for entry in self.entries)
        return frozenset(it.removesuffix(":443") for it in plain if "/" not in it)

    @cached_property
    def _owners(self) -> frozenset[str]:
        return frozenset(
            it for it in (e.removeprefix("http://") for e in self.entries) if "/" in it
        )

    @cached_property
    def without_tls(self) -> frozenset[str]:
        """The hosts that are asked without TLS, each with its scheme and its port."""
        stated = (entry for entry in self.entries if entry.startswith("http://"))
        return frozenset("/".join(entry.split("/")[:3]) for entry in stated)

    def names(self, place: ParsedAddress) -> bool:
        """Whether the operator named this host with this port."""
        return place.authority in self.authorities

    def allows(self, place: ParsedAddress, owner: str) -> bool:
        """Whether the operator allows what lies at this place, which is this owner's."""
        first = f"{place.authority}/{place.path[1:].partition('/')[0].lower()}"
        whole = {place.authority, owner.partition("/")[0]}
        return not whole.isdisjoint(self._whole) or not {first, owner}.isdisjoint(self._owners)

    def refusal(self, place: ParsedAddress) -> str:
        """Why a place is not asked, whosoever it is; empty where it may be."""
        if not 0 < place.port < 65536:
            return "its port is none"
        stated = f"http://{place.host}:{place.port}"
        if place.scheme != "https" and stated not in self.without_tls:
            return f"it has no TLS, which FAIRLEAD_FETCH_HOSTS allows as '{stated}'"
        if place.port != 443 and not self.names(place):
            stated = place.authority
            return f"it is on port {place.port}, which FAIRLEAD_FETCH_HOSTS allows as '{stated}'"
        return ""

    @property
    def ports(self) -> frozenset[int]:
        """The ports that are named."""
        stated = (authority.partition(":")[2] for authority in self.authorities)
        return frozenset(int(port) for port in stated if port)


def place_of(address: str, named: Named) -> ParsedAddress | str:
    """The place that an address names, or one clause on why it cannot be asked.

    Anybody may have written it.
    """
    match = _ADDRESS.fullmatch(address) if len(address) <= _LONGEST else None
    host = match["host"].lower() if match else ""
    if match is None or not _HOST.fullmatch(host):
        return "its address has not the form https://host/path"
    if any(part in {".", ".."} for part in match["path"].split("/")):
        return "its address turns within its path"
    scheme = match["scheme"]
    port = int(match["port"] or _SCHEMES.get(scheme, 443))
    host = _REGISTRIES.get(host, host) if scheme == "oci" else host
    place = ParsedAddress(scheme, host, port, match["path"])
    if scheme == "oci":
        spoken = "http" if f"http://{host}:{port}" in named.without_tls else "https"
        place = replace(place, scheme=spoken)
    return named.refusal(place) or place


def target_of(url: str, named: Named) -> ParsedAddress:
    """The place of a URL that somebody who was asked leads to. Raises FetchError for no such thing.

    It may have a query, which signed addresses have, but no user.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _SCHEMES.get(parts.scheme, 0)
    except ValueError as error:
        raise FetchError("an address that was led to is none", refused=True) from error
    host = (parts.hostname or "").rstrip(".")
    plain = "@" not in parts.netloc and _HOST.fullmatch(host) and url.isprintable()
    if not plain or parts.scheme not in _SCHEMES or len(url) > _LONGEST_TARGET:
        raise FetchError("an address that was led to is none", refused=True)
    place = ParsedAddress(parts.scheme, host, port, parts.path)
    wrong = named.refusal(place)
    if wrong:
        raise FetchError(f"'{place.authority}' is not asked: {wrong}", refused=True)
    return place


def _is_entry(entry: str) -> bool:
    match = _NAMED.fullmatch(entry)
    if match is None or not _HOST.fullmatch(match["host"]):
        return False
    if match["plain"] and not match["port"]:
        return False
    return match["port"] is None or 0 < int(match["port"]) < 65536
