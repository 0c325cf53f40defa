"""Gains: head's grants that no single rule of base covers."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.state import State
from bot.kubernetes.rbac.authority import (
    Authority,
    RoleEdge,
    Sourced,
    authority_after,
    authority_beside,
)
from bot.kubernetes.rbac.objects import Binding, Role, RoleKey
from bot.kubernetes.rbac.rule_sets import Box, uncovered
from bot.kubernetes.rbac.rules import CLUSTER
from bot.kubernetes.rbac.subjects import Subject, memberships
from bot.records import cached_property, dataclass


@dataclass(frozen=True, slots=True)
class Gain:
    """What one subject newly gets in a scope by one rule of a role, through one binding.

    `binding` is None for a role to which nobody is bound.
    """

    subject: Subject | None
    scope: str
    box: Box
    binding: Binding | None
    sourced: Sourced


@dataclass(frozen=True)
class GrantComparison:
    """Two commits: who may do what before and after."""

    before: Authority
    after: Authority

    @cached_property
    def gained(self) -> tuple[Gain, ...]:
        """What subjects newly get, in the order of their edges."""
        return tuple(_gains(self.before, self.after, self._changed))

    @cached_property
    def lost(self) -> tuple[Gain, ...]:
        """What subjects no longer get."""
        return tuple(_gains(self.after, self.before, self._changed))

    @cached_property
    def latent(self) -> tuple[Gain, ...]:
        """What roles newly allow that no binding names.

        What a role that is bound takes over from others by aggregation is not among it.
        """
        unbound = sorted(self._changed - self.after.bound - self._aggregated)
        return tuple(gain for role in unbound for gain in self._widened(role))

    @cached_property
    def _aggregated(self) -> frozenset[RoleKey]:
        """The roles of which a bound role holds the rules."""
        roles = self.after.roles
        aggregating = (
            key for key in self.after.bound if key in roles and roles[key].selectors is not None
        )
        return frozenset(
            source
            for key in aggregating
            for sourced in self.after.resolve(key)
            for source in sourced.chain
        )

    def had(self, edge: RoleEdge) -> bool:
        """Whether base gave the subject this role, in the scope, cluster-wide, or by a group."""
        return any(
            RoleEdge(subject, scope, edge.role) in self.before.edges_of(edge.role)
            for subject in (edge.subject, *memberships(edge.subject))
            for scope in {edge.scope, CLUSTER}
        )

    @cached_property
    def _changed(self) -> frozenset[RoleKey]:
        """The roles that allow different things at the two commits."""
        before, after = self.before, self.after
        kept = {key for key, role in after.roles.items() if _same(before, after, key, role)}
        return frozenset(key for side in (before, after) for key in side.roles if key not in kept)

    def _widened(self, role: RoleKey) -> Iterator[Gain]:
        scope = role.namespace or CLUSTER
        owners = tuple(dict.fromkeys(granted.rule for granted in self.before.resolve(role)))
        for sourced in self.after.resolve(role):
            for box in uncovered(sourced.rule, owners, scope, self.after.scoped):
                yield Gain(None, scope, box, None, sourced)


def compare(before: State, after: State) -> GrantComparison:
    """Who may do what before and after a change."""
    return after.against(before, _comparison)


def _comparison(before: State, after: State) -> GrantComparison:
    return GrantComparison(authority_beside(before, after), authority_after(before, after))


def _same(before: Authority, after: Authority, key: RoleKey, new: Role) -> bool:
    """Whether base has this role and it allows the same there."""
    old = before.roles.get(key)
    if old is None:
        return False
    if old.selectors is None and new.selectors is None:
        return old is new or old.rules == new.rules
    return {granted.rule for granted in before.resolve(key)} == {
        granted.rule for granted in after.resolve(key)
    }


def _gains(before: Authority, after: Authority, changed: frozenset[RoleKey]) -> Iterator[Gain]:
    """What `after` grants beyond `before`.

    An edge that both have, to a role that allows the same on both sides, grants nothing new.
    """
    for edge, bindings in after.edges_beyond(before, changed):
        owners = before.allowed(edge.subject, edge.scope)
        for sourced in after.resolve(edge.role):
            for box in uncovered(sourced.rule, owners, edge.scope, after.scoped):
                for binding in bindings:
                    yield Gain(edge.subject, edge.scope, box, binding, sourced)


def beyond(
    authority: Authority, subject: Subject, other: Authority, instead_of: Subject
) -> Iterator[Gain]:
    """What a subject may do at one commit that the other subject may not do at the other."""
    for holder in (subject, *memberships(subject)):
        for edge in authority.by_subject.get(holder, ()):
            owners = other.allowed(instead_of, edge.scope)
            for sourced in authority.resolve(edge.role):
                for box in uncovered(sourced.rule, owners, edge.scope, authority.scoped):
                    yield Gain(subject, edge.scope, box, authority.edges[edge][0], sourced)
