"""Violations of a state, compared between base and head and reported at their cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import TypeAlias

from bot.core.finding import Finding, Fix, Related, Severity
from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.state import State, changes, moved
from bot.core.values import EMPTY, Value
from bot.kubernetes.causes import ChangedPosition, changed_position
from bot.records import cached_property, dataclass


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
        return self.key_of(self.subject.key)

    def key_of(self, subject: ResourceKey) -> str:
        """The key of this violation in another resource."""
        return " ".join((str(subject), self.code, *self.identity))


@dataclass(frozen=True)
class ChangeReach:
    """The namespaces in which a change may have an effect; changed Namespace objects count.

    `sides` are base and head. Without them, everything in these namespaces counts as changed.
    """

    namespaces: frozenset[str]
    sides: tuple[State, State] | None = None

    @cached_property
    def _keys(self) -> frozenset[ResourceKey]:
        sides = self.sides
        return frozenset() if sides is None else sides[1].against(sides[0], _changed_keys)

    def changes(self, resource: Resource) -> bool:
        """Whether the change adds, alters or removes the resource itself."""
        return self.sides is None or resource.key in self._keys

    def changes_any(self, *kinds: GroupKind) -> bool:
        """Whether the change adds, alters or removes any resource of these kinds."""
        return self.sides is None or any(True for _ in changes(*self.sides, *kinds))

    def __contains__(self, namespace: str | None) -> bool:
        return namespace is None or namespace in self.namespaces

    def resources(self, state: State, *kinds: GroupKind) -> tuple[Resource, ...]:
        """The resources of these kinds that are in reach, in the order of `State.of`."""
        return state.within(self.namespaces, *kinds)


Check: TypeAlias = Callable[[State, ChangeReach], Iterable[Violation]]
"""The violations of a state that a change within this reach can have touched.

Base and head are asked about the same subjects: one that neither side changed, in what it is or in
what it depends on, has the same violations in both and need not be looked at.
"""


def reach_of(before: State, after: State) -> ChangeReach:
    """What differs between two states, and the namespaces of that."""
    return after.against(before, _reach)


def _reach(before: State, after: State) -> ChangeReach:
    keys = after.against(before, _changed_keys)
    return ChangeReach(frozenset(key.namespace or key.name for key in keys), (before, after))


def _changed_keys(before: State, after: State) -> frozenset[ResourceKey]:
    return frozenset(change.key for change in changes(before, after))


def violations_added(before: State, after: State, ask: Check) -> Iterator[Violation]:
    """The violations that head has and base does not, also not in another namespace."""
    reach = reach_of(before, after)
    at_head = {resource.key: key for key, resource in moved(before, after).items()}
    at_base = Counter(
        violation.key_of(at_head.get(violation.subject.key, violation.subject.key))
        for violation in ask(before, reach)
    )
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
