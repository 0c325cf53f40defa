"""Violations of a state, compared between base and head and reported at their cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import TypeAlias

from bot.core.finding import Finding, Fix, Related, Severity
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State, changes
from bot.core.values import EMPTY, Value
from bot.kubernetes.causes import ChangedPosition, changed_position
from bot.records import dataclass


@dataclass(frozen=True)
class Violation:
    """Something that is wrong with `subject` in one state.

    `identity` stays the same when lines and list orders change. `places` are the fields that may
    cause the violation, the most likely first. `fix` applies to its own field only.
    """

    code: str
    subject: Resource
    identity: tuple[str, ...]
    message: str
    places: tuple[Node, ...]
    severity: Severity | None = None
    facts: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    fix: Fix | None = None
    related: tuple[Related, ...] = ()

    @property
    def key(self) -> str:
        """Distinguishes this violation from all others of the rule, in one line."""
        return " ".join((str(self.subject.key), self.code, *self.identity))


@dataclass(frozen=True, slots=True)
class ReachedNamespaces:
    """The namespaces in which a change may have an effect; changed Namespace objects count."""

    namespaces: frozenset[str]

    def __contains__(self, namespace: str | None) -> bool:
        return namespace is None or namespace in self.namespaces

    def resources(self, state: State, *kinds: GroupKind) -> tuple[Resource, ...]:
        """The resources of these kinds that are in reach, in the order of `State.of`."""
        return state.within(self.namespaces, *kinds)


Check: TypeAlias = Callable[[State, ReachedNamespaces], Iterable[Violation]]
"""The violations of a state that a change within this reach can have touched."""


def reach_of(before: State, after: State) -> ReachedNamespaces:
    """The namespaces in which something differs."""
    return ReachedNamespaces(
        frozenset(change.key.namespace or change.key.name for change in changes(before, after))
    )


def violations_added(before: State, after: State, ask: Check) -> Iterator[Violation]:
    """The violations that head has and base does not."""
    reach = reach_of(before, after)
    at_base = Counter(violation.key for violation in ask(before, reach))
    for violation in ask(after, reach):
        if at_base[violation.key] > 0:
            at_base[violation.key] -= 1
        else:
            yield violation


def new_findings(before: State, after: State, ask: Check) -> Iterator[Finding]:
    """One finding for each violation that head adds, at the field that changed."""
    for violation in violations_added(before, after, ask):
        yield finding_of(before, violation)


def finding_of(before: State, violation: Violation) -> Finding:
    """The finding for a violation that head adds, at the field that changed."""
    return finding_at(violation, changed_position(before, violation.places))


def finding_at(violation: Violation, place: ChangedPosition) -> Finding:
    """The finding for a violation, at this position."""
    fix = violation.fix if violation.fix is not None and violation.fix.node == place.node else None
    facts = {"code": violation.code, "object": str(violation.subject.key), **violation.facts}
    return Finding(
        place.node,
        violation.message,
        severity=violation.severity,
        key=violation.key,
        facts=MappingProxyType(facts),
        side=place.side,
        related=tuple(related for related in violation.related if related.node != place.node),
        fix=fix,
    )
