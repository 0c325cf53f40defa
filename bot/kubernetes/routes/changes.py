"""What a change newly opens to the outside, and what it takes away from what guarded a route."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding
from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.core.values import Value
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.causes import ChangedPosition, changed_position
from bot.kubernetes.routes.guards import authentication_places, class_places, source_places
from bot.kubernetes.routes.matches import Opening, openings
from bot.kubernetes.workloads.pods import str_of

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class _Loss:
    """A guard that base had before an opening and head has not."""

    code: str
    places: tuple[Node, ...]
    words: Callable[[str, str], str]


def routes_exposed(before: State, after: State) -> Iterator[Finding]:
    """The findings of a change: one for each host that is new, one for each guard that is gone."""
    known = before.derived(openings)
    new: dict[tuple[Resource, str], list[Opening]] = {}
    lost: dict[tuple[Resource, str], tuple[_Loss, list[Opening]]] = {}
    for opening in after.derived(openings).all():
        if opening.internal:
            continue
        answered = tuple(known.covering(opening))
        # What takes every request is another rule's to tell.
        if not answered and not opening.unbounded:
            new.setdefault((opening.resource, opening.host), []).append(opening)
        for loss in _losses(after, opening, answered):
            _, held = lost.setdefault((opening.resource, loss.code), (loss, []))
            held.append(opening)
    for (resource, host), held in new.items():
        yield _new(before, resource, host, held)
    for (resource, _), (loss, held) in lost.items():
        yield _lost(before, resource, loss, held)


def _losses(state: State, opening: Opening, answered: tuple[Opening, ...]) -> Iterator[_Loss]:
    """The guards that all who answered for it at base had and that it has not."""
    resource = opening.resource
    public = [held for held in answered if not held.internal]
    if answered and not public and opening.internal is False:
        yield _Loss("ROUTE-PUBLIC", tuple(class_places(state, resource)), _public)
    if not public:
        return
    if opening.encrypted is False and all(held.encrypted for held in public):
        yield _Loss("ROUTE-TLS", opening.tls_places, _plain)
    if opening.authenticated is False and all(held.authenticated for held in public):
        yield _Loss("ROUTE-AUTHENTICATION", tuple(authentication_places(resource)), _open)
    gained = _gained(opening, public)
    if gained:
        yield _Loss("ROUTE-SOURCES", tuple(source_places(resource)), _wider(gained))


def _gained(opening: Opening, public: list[Opening]) -> str:
    """The addresses from which requests are newly taken; empty where there are none."""
    known = [held.sources for held in public if held.sources is not None]
    if opening.sources is None or len(known) < len(public):
        return ""
    before = Addresses.union(known)
    gained = opening.sources - before
    if not gained or before.everywhere:
        return ""
    return "everywhere" if opening.sources.everywhere else str(gained)


def _public(name: str, what: str) -> str:
    return f"{name} was for the inside and is public now: {what}"


def _plain(name: str, what: str) -> str:
    return f"{name} answers without TLS, which it had: {what}"


def _open(name: str, what: str) -> str:
    return f"{name} no longer asks who somebody is: {what}"


def _wider(where: str) -> Callable[[str, str], str]:
    def words(name: str, what: str) -> str:
        return f"{name} now takes requests from {where}: {what}"

    return words


@dataclass(frozen=True, slots=True)
class _Told:
    """What one finding tells of a resource: openings with one thing in common."""

    code: str
    resource: Resource
    openings: tuple[Opening, ...]

    @property
    def routes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.words for one in self.openings))

    @property
    def listed(self) -> str:
        names = self.routes
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return ", ".join(names[:_SHOWN]) + more

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


def _new(before: State, resource: Resource, host: str, held: Iterable[Opening]) -> Finding:
    told = _Told("ROUTE-NEW", resource, tuple(held))
    cause = _cause(before, resource, (node for one in told.openings for node in one.places))
    return told.finding(cause, f"{str_of(resource)} newly answers {told.listed}", host)


def _lost(before: State, resource: Resource, loss: _Loss, held: Iterable[Opening]) -> Finding:
    told = _Told(loss.code, resource, tuple(held))
    cause = _cause(before, resource, loss.places)
    return told.finding(cause, loss.words(str_of(resource), told.listed))


def _cause(before: State, resource: Resource, places: Iterable[Node]) -> ChangedPosition:
    name = resource.at("metadata", "name")
    return (
        ChangedPosition(name)
        if before.get(resource.key) is None
        else changed_position(before, (*places, name))
    )
