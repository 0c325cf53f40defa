"""Authority: who may do what at one commit, with roles resolved and bindings expanded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field
from functools import cache
from typing import Final, NamedTuple, TypeVar

from bot.core.resource import ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.rbac.defaults.builtin import builtin_objects, is_builtin
from bot.kubernetes.rbac.defaults.openshift import openshift_objects
from bot.kubernetes.rbac.effect import Scoped, cluster_scoped
from bot.kubernetes.rbac.objects import (
    Binding,
    Role,
    RoleKey,
    read,
    users_of_constraints,
)
from bot.kubernetes.rbac.reconciliation import reconciled
from bot.kubernetes.rbac.rules import CLUSTER, RbacRule
from bot.kubernetes.rbac.subjects import Subject, memberships, unbounded
from bot.records import cached_property, dataclass

K = TypeVar("K")
V = TypeVar("V")

_OPENSHIFT_GROUPS: Final = frozenset(
    f"{name}.openshift.io"
    for name in ("apps", "build", "config", "image", "machineconfiguration", "operator", "project")
) | {"route.openshift.io", "security.openshift.io", "user.openshift.io"}


class Sourced(NamedTuple):
    """A rule that a role allows, and where the manifests write it.

    `chain` leads from the role to the role that holds the rule, through aggregation; `place` is the
    rule's index there.
    """

    rule: RbacRule
    chain: tuple[RoleKey, ...]
    place: int


class RoleEdge(NamedTuple):
    """A subject that has a role in a scope, by whichever bindings."""

    subject: Subject
    scope: str
    role: RoleKey


@dataclass(frozen=True)
class Authority:
    """The roles and bindings that the API server has, Kubernetes' built-in ones included."""

    roles: Mapping[RoleKey, Role]
    bindings: Mapping[ResourceKey, Binding]
    scoped: Scoped
    _edges_of: dict[RoleKey, Mapping[RoleEdge, tuple[Binding, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _roles_by_scope: dict[str, Mapping[Subject, tuple[RoleKey, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def edges(self) -> Mapping[RoleEdge, tuple[Binding, ...]]:
        """Who has which role where, with the bindings that say so. `system:masters` is left out."""
        return _edges(self.bindings.values())

    @cached_property
    def by_subject(self) -> Mapping[Subject, tuple[RoleEdge, ...]]:
        """The edges of each subject."""
        return _grouped((edge.subject, edge) for edge in self.edges)

    @cached_property
    def bound(self) -> frozenset[RoleKey]:
        """The roles that some binding names."""
        return frozenset(
            binding.role
            for binding in self.bindings.values()
            if not all(map(unbounded, binding.subjects))
        )

    def edges_of(self, role: RoleKey) -> Mapping[RoleEdge, tuple[Binding, ...]]:
        """Those of `edges` that lead to a role; worked out for the roles that are asked for."""
        if role not in self._edges_of:
            self._edges_of[role] = _edges(self._by_role.get(role, ()))
        return self._edges_of[role]

    def edges_beyond(
        self, other: Authority, changed: frozenset[RoleKey]
    ) -> Iterator[tuple[RoleEdge, tuple[Binding, ...]]]:
        """Those of `edges` that the other authority lacks or that lead to a changed role.

        A binding that both have gives the same edges there, so only the others are looked into.
        """
        touched = (
            binding
            for key, binding in self.bindings.items()
            if binding.role in changed or not _alike(binding, other.bindings.get(key))
        )
        for edge in dict.fromkeys(_edges_in(touched)):
            if edge.role in changed or edge not in other.edges_of(edge.role):
                yield edge, self.edges_of(edge.role)[edge]

    @property
    def expanded(self) -> int:
        """How many roles `edges_of` was asked for, for tests of cost."""
        return len(self._edges_of)

    @cached_property
    def _by_role(self) -> Mapping[RoleKey, tuple[Binding, ...]]:
        return _grouped((binding.role, binding) for binding in self.bindings.values())

    @cached_property
    def _by_scope(self) -> Mapping[str, tuple[Binding, ...]]:
        return _grouped((binding.scope, binding) for binding in self.bindings.values())

    def _roles_in(self, scope: str) -> Mapping[Subject, tuple[RoleKey, ...]]:
        """The roles that bindings give each subject in exactly this scope."""
        if scope not in self._roles_by_scope:
            edges = _edges(self._by_scope.get(scope, ()))
            self._roles_by_scope[scope] = _grouped((edge.subject, edge.role) for edge in edges)
        return self._roles_by_scope[scope]

    def resolve(self, key: RoleKey) -> tuple[Sourced, ...]:
        """The rules that a role allows; empty where the role does not exist."""
        role = self.roles.get(key)
        if role is None:
            return ()
        if role.selectors is None:
            return tuple(Sourced(rule, (key,), place) for place, rule in enumerate(role.rules))
        return self._aggregated.get(key, ())

    def allowed(self, subject: Subject, scope: str) -> tuple[RbacRule, ...]:
        """The rules of a subject in a scope, by groups and cluster-wide bindings as well."""
        rules = (
            sourced.rule
            for identity in (subject, *memberships(subject))
            for place in dict.fromkeys((CLUSTER, scope))
            for role in self._roles_in(place).get(identity, ())
            for sourced in self.resolve(role)
        )
        return tuple(dict.fromkeys(rules))

    def selects(self, aggregate: RoleKey, source: RoleKey) -> bool:
        """Whether the one cluster role aggregates the other directly."""
        outer, inner = self.roles.get(aggregate), self.roles.get(source)
        if outer is None or inner is None:
            return False
        return inner.key.kind == "ClusterRole" and _selects(outer, inner)

    @cached_property
    def _aggregated(self) -> Mapping[RoleKey, tuple[Sourced, ...]]:
        """The roles with an aggregationRule, with the rules that the controller gives them.

        The aggregation controller overwrites the rules that are written there, unless it collects
        none: it applies its rules server-side, and an empty list takes nothing away. The union over
        all roles that are reached is the fixpoint from empty rules; in a cycle a live cluster may
        keep more.
        """
        outer = [role for role in self.roles.values() if role.selectors is not None]
        inner = [self.roles[key] for key in sorted(self.roles) if key.kind == "ClusterRole"]
        below = {
            role.key: tuple(source.key for source in inner if _selects(role, source))
            for role in outer
        }
        return {role.key: self._of_aggregate(role.key, below) for role in outer}

    def _of_aggregate(
        self, key: RoleKey, below: Mapping[RoleKey, tuple[RoleKey, ...]]
    ) -> tuple[Sourced, ...]:
        collected = tuple(self._collected(key, below))
        if collected and not self.roles[key].is_contended:
            return collected
        return (*collected, *self._written((key,)))

    def _written(self, chain: tuple[RoleKey, ...]) -> Iterator[Sourced]:
        """The rules that the last role of the chain has in its manifest."""
        for place, rule in enumerate(self.roles[chain[-1]].rules):
            yield Sourced(rule, chain, place)

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
                if below.get(source):
                    waiting.append((*chain, source))
                    continue
                yield from self._written((*chain, source))


def _selects(outer: Role, inner: Role) -> bool:
    """Whether a selector of the first cluster role selects the labels of the second."""
    return any(selector.matches(inner.labels) for selector in outer.selectors or ())


def _alike(binding: Binding, other: Binding | None) -> bool:
    """Whether two bindings give the same role to the same subjects in the same scope."""
    return other is binding or (
        other is not None
        and other.role == binding.role
        and other.scope == binding.scope
        and other.subjects == binding.subjects
    )


def _edges_in(bindings: Iterable[Binding]) -> Iterator[RoleEdge]:
    return (edge for edge, _ in _bound(bindings))


def _edges(bindings: Iterable[Binding]) -> Mapping[RoleEdge, tuple[Binding, ...]]:
    """Who gets which role where by these bindings, with those that say so."""
    return _grouped(_bound(bindings))


def _bound(bindings: Iterable[Binding]) -> Iterator[tuple[RoleEdge, Binding]]:
    for binding in bindings:
        for subject in dict.fromkeys(binding.subjects):
            if not unbounded(subject):
                yield RoleEdge(subject, binding.scope, binding.role), binding


def authority(state: State) -> Authority:
    """Who may do what in this state, counting the objects that the API server accepts."""
    return state.derived(_authority)


def authority_beside(state: State, other: State) -> Authority:
    """Who may do what in this state of a cluster that is OpenShift if either state says so."""
    if is_openshift(other) and not is_openshift(state):
        return state.derived(_on_openshift)
    return authority(state)


def _on_openshift(state: State) -> Authority:
    granting = _granting(state)
    written = {item.resource.key for item in granting if not is_builtin(item.resource)}
    added = {key: item for key, item in _openshift().items() if key not in written}
    rest = (item for item in granting if item.resource.key not in added)
    return _assembled([*added.values(), *rest], cluster_scoped(state))


def authority_after(before: State, after: State) -> Authority:
    """Who may do what after a change; where the server refuses head's object, base's stays."""
    current = authority_beside(after, before)
    accepted = before.derived(_accepted)
    kept = [accepted[key] for key in after.derived(_refused) if key in accepted and before.get(key)]
    if not kept:
        return current
    return _assembled([*_granting(after), *kept], current.scoped)


def _authority(state: State) -> Authority:
    return _assembled(_granting(state), cluster_scoped(state))


def _granting(state: State) -> list[Role | Binding]:
    """The accepted objects, and what SecurityContextConstraints grant by themselves."""
    constraints = state.of(kinds.SECURITY_CONTEXT_CONSTRAINTS)
    used = (item for resource in constraints for item in users_of_constraints(resource))
    return [*state.derived(_accepted).values(), *used]


def _accepted(state: State) -> Mapping[ResourceKey, Role | Binding]:
    """The accepted objects: the tree's, then the cluster's known ones, then the built-in ones."""
    defaults = _builtin_objects(state.environment.kubernetes)
    objects = dict(defaults)
    if is_openshift(state):
        objects |= _openshift()
    resources = (resource for resource in state.external if resource.group_kind in kinds.RBAC)
    for resource in (*resources, *state.of(*kinds.RBAC)):
        parsed = resource.derived(read)
        default = defaults.get(resource.key)
        if isinstance(parsed, Role) and isinstance(default, Role):
            objects[resource.key] = reconciled(parsed, default)
        elif not isinstance(parsed, tuple):
            objects[resource.key] = parsed
    return objects


@cache
def _builtin_objects(minor: str | None) -> Mapping[ResourceKey, Role | Binding]:
    """Kubernetes' built-in roles and bindings, parsed once per minor version."""
    parsed = {resource.key: read(resource) for resource in builtin_objects(minor).values()}
    return {key: item for key, item in parsed.items() if not isinstance(item, tuple)}


@cache
def _openshift() -> Mapping[ResourceKey, Role | Binding]:
    """OpenShift's built-in roles and bindings, parsed once."""
    parsed = {resource.key: read(resource) for resource in openshift_objects().values()}
    return {key: item for key, item in parsed.items() if not isinstance(item, tuple)}


def is_openshift(state: State) -> bool:
    """Whether the policy says so, or resources are of kinds that only OpenShift serves."""
    return state.environment.openshift or any(
        kind.group in _OPENSHIFT_GROUPS for kind in state.kinds
    )


def _refused(state: State) -> tuple[ResourceKey, ...]:
    """The keys of the tree's objects that the API server refuses."""
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
