"""Hosts and paths that a change newly exposes, and protection that it removes from routes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding
from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.core.values import Value
from bot.core.words import first_of
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.causes import ChangedPosition, changed_position
from bot.kubernetes.routes.guards import authentication_places, class_places, source_places
from bot.kubernetes.routes.matches import openings
from bot.kubernetes.routes.opening import Opening
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class _Loss:
    """A protection that a host and path had at base and does not have at head."""

    code: str
    places: tuple[Node, ...]
    words: Callable[[str, str], str]


def routes_exposed(before: State, after: State) -> Iterator[Finding]:
    """The findings of a change: one for each new host, and one for each protection that is lost."""
    at_base = before.derived(openings)
    new: dict[tuple[Resource, str], list[Opening]] = {}
    lost: dict[tuple[Resource, str], tuple[_Loss, list[Opening]]] = {}
    for opening in after.derived(openings).all():
        if opening.internal:
            continue
        answered = tuple(at_base.covering(opening))
        # What takes every request is another rule's to tell.
        if not answered and not opening.unbounded:
            new.setdefault((opening.resource, opening.host), []).append(opening)
        for loss in _losses(after, opening, answered):
            _, exposed = lost.setdefault((opening.resource, loss.code), (loss, []))
            exposed.append(opening)
    for (resource, host), exposed in new.items():
        yield _new(before, resource, host, exposed)
    for (resource, _), (loss, exposed) in lost.items():
        yield _lost(before, resource, loss, exposed)


def _losses(state: State, opening: Opening, answered: tuple[Opening, ...]) -> Iterator[_Loss]:
    """The protections that everything that answered at base had and that this opening lacks."""
    resource = opening.resource
    public = [earlier for earlier in answered if not earlier.internal]
    if answered and not public and opening.internal is False:
        yield _Loss("ROUTE-PUBLIC", tuple(class_places(state, resource)), _public)
    if not public:
        return
    if opening.encrypted is False and all(earlier.encrypted for earlier in public):
        yield _Loss("ROUTE-TLS", opening.tls_places, _plain)
    if opening.authenticated is False and all(earlier.authenticated for earlier in public):
        yield _Loss(
            "ROUTE-AUTHENTICATION",
            (*opening.asking_places, *authentication_places(resource)),
            _open,
        )
    gained = _gained(opening, public)
    if gained:
        yield _Loss(
            "ROUTE-SOURCES", (*opening.source_places, *source_places(resource)), _wider(gained)
        )


def _gained(opening: Opening, public: list[Opening]) -> str:
    """The source addresses whose requests are newly accepted."""
    source_lists = [earlier.sources for earlier in public if earlier.sources is not None]
    if opening.sources is None or len(source_lists) < len(public):
        return ""
    before = Addresses.union(source_lists)
    gained = opening.sources - before
    if not gained or before.everywhere:
        return ""
    return "everywhere" if opening.sources.everywhere else str(gained)


def _public(name: str, what: str) -> str:
    return f"{name} was internal and is now public: {what}"


def _plain(name: str, what: str) -> str:
    return f"{name} answers without TLS, which it had: {what}"


def _open(name: str, what: str) -> str:
    return f"{name} no longer requires authentication: {what}"


def _wider(where: str) -> Callable[[str, str], str]:
    def words(name: str, what: str) -> str:
        return f"{name} now accepts requests from {where}: {what}"

    return words


@dataclass(frozen=True, slots=True)
class _Report:
    """The subject of one finding: openings of a resource with one cause."""

    code: str
    resource: Resource
    openings: tuple[Opening, ...]

    @property
    def routes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(opening.words for opening in self.openings))

    @property
    def listed(self) -> str:
        return first_of(self.routes, _SHOWN)

    def finding(self, cause: ChangedPosition, message: str, host: str = "") -> Finding:
        facts: dict[str, Value] = {
            "code": self.code,
            "object": str(self.resource.key),
            "routes": self.routes,
        }
        return Finding(
            cause.node,
            message,
            key=" ".join((str(self.resource.key), self.code, host)),
            facts=MappingProxyType(facts),
            side=cause.side,
        )


def _new(before: State, resource: Resource, host: str, exposed: Iterable[Opening]) -> Finding:
    report = _Report("ROUTE-NEW", resource, tuple(exposed))
    cause = _cause(
        before, resource, (node for opening in report.openings for node in opening.places)
    )
    return report.finding(cause, f"{str_of(resource)} newly answers {report.listed}", host)


def _lost(before: State, resource: Resource, loss: _Loss, exposed: Iterable[Opening]) -> Finding:
    report = _Report(loss.code, resource, tuple(exposed))
    cause = _cause(before, resource, loss.places)
    return report.finding(cause, loss.words(str_of(resource), report.listed))


def _cause(before: State, resource: Resource, places: Iterable[Node]) -> ChangedPosition:
    name = resource.at("metadata", "name")
    return (
        ChangedPosition(name)
        if before.get(resource.key) is None
        else changed_position(before, (*places, name))
    )
