"""A state: all resources of one environment at one commit, and the ways to look them up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar, cast

from bot.core.manifest import ManifestFile
from bot.core.policy.model import Policy
from bot.core.resource import GroupKind, Resource, ResourceKey, TextPosition
from bot.core.template_decision import TemplateDecision

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Environment:
    """One cluster's worth of roots, and what the policy says of that cluster.

    `kubernetes` is the minor version ("1.34"), None for the newest that is known here.
    """

    name: str = "default"
    kubernetes: str | None = None
    default_namespace: str = "default"


@dataclass(frozen=True)
class State:
    """All resources of one environment at one commit. Read-only.

    `closed` holds the namespaces of which every root was read: what is not here is not there.
    `files` are the manifests by path, readable or not, for what concerns the text itself.
    `known` is what the policy says that the cluster has beside the tree (`rbac: {known: ...}`).
    `house` are the files of rules, wherever they are: policies, CODEOWNERS, and what the policy
    takes as known. Content ids by path.
    `inputs` are the kustomizations and charts that this environment is built by, as objects that
    no cluster gets, `all_inputs` those of the whole tree. `looked_into` are the places that name a
    version of something elsewhere which was brought and rendered. `own` are the addresses by which
    the repository under review is known. `late` is what templates that the change touches leave to
    the cluster or to chance.
    Rules look resources up and never walk a whole state; what is computed from a whole state is
    computed once, by `derived`.
    """

    resources: tuple[Resource, ...]
    environment: Environment = field(default_factory=Environment)
    policy: Policy = field(default_factory=Policy)
    closed: frozenset[str] = frozenset()
    files: Mapping[str, ManifestFile] = field(default_factory=lambda: MappingProxyType({}))
    external: tuple[Resource, ...] = ()
    governance: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    inputs: tuple[Resource, ...] = ()
    all_inputs: tuple[Resource, ...] = ()
    looked_into: frozenset[TextPosition] = frozenset()
    addresses: tuple[str, ...] = ()
    template_decisions: tuple[TemplateDecision, ...] = ()
    _derived: dict[Callable[[State], object], object] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _compared: dict[int, tuple[State, tuple[Change, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def get(self, key: ResourceKey) -> Resource | None:
        """The resource of this key, or None."""
        return self._by_key.get(key)

    def of(self, *kinds: GroupKind, namespace: str | None = None) -> tuple[Resource, ...]:
        """The resources of these kinds, in one namespace where one is named."""
        if namespace is not None:
            by_kind = self._by_namespace.get(namespace, {})
            return tuple(resource for kind in kinds for resource in by_kind.get(kind, ()))
        return tuple(resource for kind in kinds for resource in self._by_kind.get(kind, ()))

    def in_namespace(self, namespace: str) -> tuple[Resource, ...]:
        """Everything that is in this namespace."""
        spaces = self._by_namespace.get(namespace, {})
        return tuple(resource for resources in spaces.values() for resource in resources)

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that hold a resource here or are one."""
        declared = (resource.name for resource in self.of(GroupKind("", "Namespace")))
        return frozenset((*self._by_namespace, *declared))

    @cached_property
    def kinds(self) -> frozenset[GroupKind]:
        """The kinds of which this state has a resource."""
        return frozenset(self._by_kind)

    def derived(self, build: Callable[[State], T]) -> T:
        """What `build` makes of this state, made once. `build` must be a pure module function."""
        if build not in self._derived:
            self._derived[build] = build(self)
        return cast("T", self._derived[build])

    def since(self, before: State) -> tuple[Change, ...]:
        """The resources that differ from an earlier state, in key order, compared once."""
        if id(before) not in self._compared:
            # The earlier state is kept with the answer, so that its id stays its own.
            self._compared[id(before)] = (before, tuple(_compared(before._by_key, self._by_key)))
        return self._compared[id(before)][1]

    @cached_property
    def _by_key(self) -> Mapping[ResourceKey, Resource]:
        return MappingProxyType({resource.key: resource for resource in self.resources})

    @cached_property
    def _by_kind(self) -> Mapping[GroupKind, tuple[Resource, ...]]:
        return _grouped(self.resources)

    @cached_property
    def _by_namespace(self) -> Mapping[str, Mapping[GroupKind, tuple[Resource, ...]]]:
        spaces: dict[str, list[Resource]] = {}
        for resource in self.resources:
            if resource.namespace is not None:
                spaces.setdefault(resource.namespace, []).append(resource)
        return MappingProxyType({name: _grouped(members) for name, members in spaces.items()})


def _grouped(resources: Iterable[Resource]) -> Mapping[GroupKind, tuple[Resource, ...]]:
    groups: dict[GroupKind, list[Resource]] = {}
    for resource in resources:
        groups.setdefault(resource.group_kind, []).append(resource)
    return MappingProxyType({kind: tuple(members) for kind, members in groups.items()})


@dataclass(frozen=True, slots=True)
class Change:
    """One resource at base and at head; at least one of the two is there."""

    before: Resource | None
    after: Resource | None

    @property
    def key(self) -> ResourceKey:
        """The key that both sides have."""
        return self.present.key

    @property
    def present(self) -> Resource:
        """The resource at head, or the one that head no longer has."""
        resource = self.after or self.before
        if resource is None:
            raise ValueError("a change has at least one side")
        return resource


def changes(before: State, after: State, *kinds: GroupKind) -> Iterator[Change]:
    """The resources that differ between two states, of these kinds or of all, in key order.

    Two resources are the same when the cluster would receive the same, wherever they are written.
    """
    group_kinds = frozenset(kinds)
    for change in after.since(before):
        if not group_kinds or change.key.group_kind in group_kinds:
            yield change


def _compared(
    old: Mapping[ResourceKey, Resource], new: Mapping[ResourceKey, Resource]
) -> Iterator[Change]:
    differing = {key for key, resource in new.items() if _differs(old.get(key), resource)}
    differing |= {key for key in old if key not in new}
    for key in sorted(differing, key=lambda key: key.sort_key):
        yield Change(old.get(key), new.get(key))


def _differs(old: Resource | None, new: Resource) -> bool:
    return old is None or (old is not new and old.encoded != new.encoded)
