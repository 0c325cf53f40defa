"""Who may do what at one commit: roles resolved, bindings expanded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple, TypeVar

from bot.core.resource import ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.rbac.builtin import builtin_objects
from bot.kubernetes.rbac.effect import Scoped, cluster_scoped
from bot.kubernetes.rbac.objects import Binding, Role, RoleKey, read
from bot.kubernetes.rbac.rules import CLUSTER, RbacRule
from bot.kubernetes.rbac.subjects import Subject, memberships, unbounded

K = TypeVar("K")
V = TypeVar("V")


class Sourced(NamedTuple):
    """A rule that a role allows, and where it is written.

    `chain` leads from the role to the one that has the rule, through the roles that aggregate;
    `place` counts the rules there from 0.
    """

    rule: RbacRule
    chain: tuple[RoleKey, ...]
    place: int


class RoleEdge(NamedTuple):
    """A subject that gets a role in a scope, whichever binding says so."""

    subject: Subject
    scope: str
    role: RoleKey


@dataclass(frozen=True)
class Authority:
    """The roles and bindings that an API server would have, Kubernetes' own among them."""

    roles: Mapping[RoleKey, Role]
    bindings: Mapping[ResourceKey, Binding]
    scoped: Scoped

    @cached_property
    def edges(self) -> Mapping[RoleEdge, tuple[Binding, ...]]:
        """Who gets which role where, and the bindings that say so. `system:masters` is left out."""
        return _grouped(
            (RoleEdge(subject, binding.scope, binding.role), binding)
            for binding in self.bindings.values()
            for subject in dict.fromkeys(binding.subjects)
            if not unbounded(subject)
        )

    @cached_property
    def by_subject(self) -> Mapping[Subject, tuple[RoleEdge, ...]]:
        """The edges of each subject."""
        return _grouped((edge.subject, edge) for edge in self.edges)

    @cached_property
    def _by_place(self) -> Mapping[tuple[Subject, str], tuple[RoleEdge, ...]]:
        """The edges of each subject in each scope."""
        return _grouped(((edge.subject, edge.scope), edge) for edge in self.edges)

    @cached_property
    def bound(self) -> frozenset[RoleKey]:
        """The roles that a binding names."""
        return frozenset(edge.role for edge in self.edges)

    def resolve(self, key: RoleKey) -> tuple[Sourced, ...]:
        """The rules that a role allows; none where there is no such role."""
        role = self.roles.get(key)
        if role is None:
            return ()
        if role.selectors is None:
            return tuple(Sourced(rule, (key,), place) for place, rule in enumerate(role.rules))
        return self._aggregated.get(key, ())

    def allowed(self, subject: Subject, scope: str) -> tuple[RbacRule, ...]:
        """The rules that hold for a subject in a scope, through groups and the cluster as well."""
        rules = (
            sourced.rule
            for identity in (subject, *memberships(subject))
            for place in dict.fromkeys((CLUSTER, scope))
            for edge in self._by_place.get((identity, place), ())
            for sourced in self.resolve(edge.role)
        )
        return tuple(dict.fromkeys(rules))

    def selects(self, aggregate: RoleKey, source: RoleKey) -> bool:
        """Whether one cluster role takes over the rules of the other, directly."""
        outer, inner = self.roles.get(aggregate), self.roles.get(source)
        if outer is None or inner is None or outer.selectors is None:
            return False
        return inner.key.kind == "ClusterRole" and any(
            selector.matches(inner.labels) for selector in outer.selectors
        )

    @cached_property
    def _aggregated(self) -> Mapping[RoleKey, tuple[Sourced, ...]]:
        """What the aggregation controller makes of the roles with an aggregationRule.

        It owns their rules, so that what is written there does not last. The union over all roles
        that are reached is the fixpoint from empty rules; in a cycle a cluster may keep more.
        """
        outer = [key for key, role in self.roles.items() if role.selectors is not None]
        inner = [key for key in sorted(self.roles) if key.kind == "ClusterRole"]
        below = {
            key: tuple(source for source in inner if self.selects(key, source)) for key in outer
        }
        return {key: tuple(self._collected(key, below)) for key in outer}

    def _collected(
        self, key: RoleKey, below: Mapping[RoleKey, tuple[RoleKey, ...]]
    ) -> Iterator[Sourced]:
        seen = {key}
        waiting: list[tuple[RoleKey, ...]] = [(key,)]
        for chain in waiting:
            for source in below[chain[-1]]:
                if source in seen:
                    continue
                seen.add(source)
                if source in below:
                    waiting.append((*chain, source))
                    continue
                for place, rule in enumerate(self.roles[source].rules):
                    yield Sourced(rule, (*chain, source), place)


def authority(state: State) -> Authority:
    """Who may do what in this state, as far as its objects are accepted."""
    return state.derived(_authority)


def authority_after(before: State, after: State) -> Authority:
    """The same for a change: the API refuses an update to an invalid object, and keeps the old."""
    current = authority(after)
    accepted = before.derived(_accepted)
    kept = [accepted[key] for key in after.derived(_refused) if key in accepted and before.get(key)]
    if not kept:
        return current
    return _assembled([*after.derived(_accepted).values(), *kept], current.scoped)


def _authority(state: State) -> Authority:
    return _assembled(state.derived(_accepted).values(), cluster_scoped(state))


def _accepted(state: State) -> Mapping[ResourceKey, Role | Binding]:
    """The tree's objects over those that are known of the cluster, over Kubernetes' own."""
    objects = dict(_builtin_objects(state.environment.kubernetes))
    resources = (resource for resource in state.external if resource.group_kind in kinds.RBAC)
    for resource in (*resources, *state.of(*kinds.RBAC)):
        parsed = read(resource)
        if not isinstance(parsed, tuple):
            objects[resource.key] = parsed
    return objects


@cache
def _builtin_objects(minor: str | None) -> Mapping[ResourceKey, Role | Binding]:
    """Kubernetes' own objects, read once."""
    parsed = {resource.key: read(resource) for resource in builtin_objects(minor).values()}
    return {key: item for key, item in parsed.items() if not isinstance(item, tuple)}


def _refused(state: State) -> tuple[ResourceKey, ...]:
    """The objects of the tree that the API refuses."""
    accepted = state.derived(_accepted)
    return tuple(
        resource.key
        for resource in state.of(*kinds.RBAC)
        if resource.key not in accepted or accepted[resource.key].resource is not resource
    )


def _assembled(objects: Collection[Role | Binding], scoped: Scoped) -> Authority:
    roles = {item.key: item for item in objects if isinstance(item, Role)}
    bindings = {item.resource.key: item for item in objects if isinstance(item, Binding)}
    return Authority(roles, bindings, scoped)


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    groups: dict[K, list[V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: tuple(items) for key, items in groups.items()}
