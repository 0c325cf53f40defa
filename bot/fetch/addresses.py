"""Addresses of remote sources in one canonical form, and the hosts that the operator allows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Self
from urllib.parse import urlsplit

from bot.errors import FetchError
from bot.records import cached_property, dataclass

_MAX_LENGTH: Final = 1_000
_MAX_REDIRECT_LENGTH: Final = 4_000
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?|oci)://(?P<host>[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[\w.~+@=,:-]+)*)/?",
    re.ASCII,
)
_HOST_ENTRY: Final = re.compile(
    r"(?:(?P<plain>http)://)?(?P<host>[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?(?:/(?P<owner>[\w.-]+))?",
    re.ASCII,
)
REGISTRY_HOSTS: Final = {
    "docker.io": "registry-1.docker.io",
    "index.docker.io": "registry-1.docker.io",
}
"""Docker Hub serves its API under another host name than the one in image references."""


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """The parts of an address that has no user, query, escape or `..` segment."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The host, followed by `:port` unless the port is 443."""
        return self.host if self.port == 443 else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address as a URL, without the scheme's default port."""
        is_default = _DEFAULT_PORTS.get(self.scheme) == self.port
        return f"{self.scheme}://{self.host}{'' if is_default else f':{self.port}'}{self.path}"


@dataclass(frozen=True)
class AllowedHosts:
    """The hosts in FAIRLEAD_FETCH_HOSTS.

    An entry is `host` or `host:port` for a whole host, `host/owner` for one owner of a shared
    host, or `http://host:port` for a host without TLS. Only a listed host may have a private
    address or another port than 443.
    """

    entries: tuple[str, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """The hosts of these entries. Raises ValueError with the first malformed entry."""
        normalized = tuple(entry.strip().lower() for entry in entries)
        for entry in normalized:
            if not _is_entry(entry):
                raise ValueError(entry)
        return cls(normalized)

    @cached_property
    def authorities(self) -> frozenset[str]:
        """Every listed host, followed by `:port` unless the port is 443."""
        return frozenset(
            entry.removeprefix("http://").partition("/")[0].removesuffix(":443")
            for entry in self.entries
        )

    @cached_property
    def _whole_hosts(self) -> frozenset[str]:
        plain = (entry.removeprefix("http://") for entry in self.entries)
        return frozenset(entry.removesuffix(":443") for entry in plain if "/" not in entry)

    @cached_property
    def _owners(self) -> frozenset[str]:
        plain = (entry.removeprefix("http://") for entry in self.entries)
        return frozenset(entry for entry in plain if "/" in entry)

    @cached_property
    def without_tls(self) -> frozenset[str]:
        """The listed hosts without TLS, as `http://host:port`."""
        plain = (entry for entry in self.entries if entry.startswith("http://"))
        return frozenset("/".join(entry.split("/")[:3]) for entry in plain)

    def lists(self, address: ParsedAddress) -> bool:
        """Whether an entry is for the host and port of an address, whatever its owner."""
        return address.authority in self.authorities

    def allows(self, address: ParsedAddress, owner: str) -> bool:
        """Whether an entry covers an address that belongs to `owner` (`host` or `host/name`)."""
        first = f"{address.authority}/{address.path[1:].partition('/')[0].lower()}"
        whole = {address.authority, owner.partition("/")[0]}
        return not whole.isdisjoint(self._whole_hosts) or not {first, owner}.isdisjoint(
            self._owners
        )

    def refusal(self, address: ParsedAddress) -> str:
        """Why nobody may connect to an address, as a clause; empty where it is allowed."""
        if not 0 < address.port < 65536:
            return "its port is not between 1 and 65535"
        entry = f"http://{address.host}:{address.port}"
        if address.scheme != "https" and entry not in self.without_tls:
            return f"it does not use TLS; add '{entry}' to FAIRLEAD_FETCH_HOSTS to allow that"
        if address.port != 443 and not self.lists(address):
            entry = address.authority
            return f"it uses port {address.port}; add '{entry}' to FAIRLEAD_FETCH_HOSTS to allow it"
        return ""

    @property
    def ports(self) -> frozenset[int]:
        """The ports of the entries that have one."""
        ports = (authority.partition(":")[2] for authority in self.authorities)
        return frozenset(int(port) for port in ports if port)


def parse_address(text: str, hosts: AllowedHosts) -> ParsedAddress | str:
    """The address that a repository's author wrote, or one clause on why it is not fetched."""
    match = _ADDRESS.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    host = match["host"].lower() if match else ""
    if match is None or not _HOST.fullmatch(host):
        return "its address does not have the form https://host/path"
    if any(segment in {".", ".."} for segment in match["path"].split("/")):
        return "its address has a '.' or '..' segment"
    scheme = match["scheme"]
    port = int(match["port"] or _DEFAULT_PORTS.get(scheme, 443))
    host = REGISTRY_HOSTS.get(host, host) if scheme == "oci" else host
    address = ParsedAddress(scheme, host, port, match["path"])
    if scheme == "oci":
        transport = "http" if f"http://{host}:{port}" in hosts.without_tls else "https"
        address = replace(address, scheme=transport)
    return hosts.refusal(address) or address


def parse_redirect(url: str, hosts: AllowedHosts) -> ParsedAddress:
    """The address of a URL that a server sent, such as a redirect's target.

    A query is allowed, since signed URLs have one; a user is not. Raises FetchError for a URL
    that is malformed or not allowed.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise FetchError("the redirect target is not a valid URL", refused=True) from error
    host = (parts.hostname or "").rstrip(".")
    is_plain = "@" not in parts.netloc and _HOST.fullmatch(host) and url.isprintable()
    if not is_plain or parts.scheme not in _DEFAULT_PORTS or len(url) > _MAX_REDIRECT_LENGTH:
        raise FetchError("the redirect target is not a valid URL", refused=True)
    address = ParsedAddress(parts.scheme, host, port, parts.path)
    refusal = hosts.refusal(address)
    if refusal:
        raise FetchError(f"'{address.authority}' is not contacted: {refusal}", refused=True)
    return address


def _is_entry(entry: str) -> bool:
    match = _HOST_ENTRY.fullmatch(entry)
    if match is None or not _HOST.fullmatch(match["host"]):
        return False
    if match["plain"] and not match["port"]:
        return False
    return match["port"] is None or 0 < int(match["port"]) < 65536
