"""Openings: the hosts and paths that the outside can ask for, each with its protection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.core.resource import Node, Resource, ResourceKey
from bot.kubernetes.addresses import Addresses
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Opening:
    """One host and path that a resource answers.

    `host` is empty for every host. `path` is empty for every path and never ends in a slash.
    `exact`: paths below it are not answered. `services` receive the requests. A protection is None
    where a resource outside the repository decides it, such as a Gateway. `places` are the fields
    of host and path, `tls_places` those of encryption, `asking_places` and `source_places` those
    outside annotations that ask who somebody is and that limit addresses. `unbounded`: the resource
    names neither host nor path, or the router of OpenShift chooses the host.
    """

    resource: Resource
    host: str
    path: str
    exact: bool
    services: frozenset[str]
    internal: bool | None
    encrypted: bool | None
    authenticated: bool | None
    sources: Addresses | None
    places: tuple[Node, ...]
    tls_places: tuple[Node, ...]
    asking_places: tuple[Node, ...] = ()
    source_places: tuple[Node, ...] = ()
    unbounded: bool = False
    gateway: ResourceKey | None = None

    @property
    def words(self) -> str:
        """Host and path, for a message; of what knows no hosts, the port."""
        if self.host.startswith(("port ", "entry point ")):
            return self.host
        return f"{self.host or '*'}{self.path or '/'}"

    def covers(self, other: Opening) -> bool:
        """Whether this answers all that another does, by the same Services or the same rule."""
        if None not in {self.gateway, other.gateway} and self.gateway != other.gateway:
            return False  # the same host on another Gateway is reached by others
        if not host_covers(self.host, other.host):
            return False
        if (self.path, self.exact) == (other.path, other.exact):
            return True
        below = other.path == self.path or other.path.startswith(f"{self.path}/")
        return not self.exact and below and other.services <= self.services


def host_covers(wide: str, narrow: str) -> bool:
    """Whether a host pattern covers another host: `*.example.com` covers one more label."""
    if wide in {"", narrow}:
        return True
    first, _, rest = narrow.partition(".")
    return wide.startswith("*.") and wide[2:] == rest and first != ""


@dataclass(frozen=True, slots=True)
class Openings:
    """All openings of a state, by host."""

    by_host: Mapping[str, tuple[Opening, ...]]

    def covering(self, opening: Opening) -> Iterator[Opening]:
        """The openings that answer everything that this one answers."""
        parent = opening.host.partition(".")[2]
        for host in dict.fromkeys((opening.host, f"*.{parent}", "")):
            yield from (wide for wide in self.by_host.get(host, ()) if wide.covers(opening))

    def all(self) -> Iterator[Opening]:
        """Every opening."""
        for listed in self.by_host.values():
            yield from listed
