"""A state: all resources of one environment at one commit, with lookups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any, Final, TypeVar

from bot.core.manifest import ManifestFile
from bot.core.placement_change import PlacementChange
from bot.core.policy.model import Policy
from bot.core.refused_release import RefusedRelease
from bot.core.rendering import Declared
from bot.core.resource import GroupKind, Resource, ResourceKey, TextPosition
from bot.core.template_decision import TemplateDecision
from bot.core.validation import ValidationResult
from bot.core.values import Value
from bot.records import cached_property, dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Environment:
    """One cluster's worth of roots, and the policy's settings for that cluster.

    `kubernetes` is the minor version ("1.34"), None for the newest that Fairlead knows.
    """

    name: str = "default"
    kubernetes: str | None = None
    default_namespace: str = "default"
    openshift: bool = False

    def has_minor(self, minor: int) -> bool:
        """Whether the cluster is of this minor version of Kubernetes 1 or of a newer one."""
        if self.kubernetes is None:
            return True
        number = self.kubernetes.rpartition(".")[2]
        return number.isdigit() and int(number) >= minor


@dataclass(frozen=True)
class State:
    """All resources of one environment at one commit. Read-only.

    `closed` holds the namespaces of which every root was read: a resource missing there does not
    exist. `files` are the manifests by path, readable or not, for rules about text. `external` are
    the resources that the policy declares to exist outside the tree (`rbac: {known: ...}`).
    `governance` are the files that hold policies, CODEOWNERS and `rbac.known` resources: content
    ids by path. `policy_texts` are the policies among them that the change edits, as text by path.
    `validations` are the answers of the validator about the resources that the change touches.
    `inputs` are the kustomizations and charts that this environment is built from, as objects that
    no cluster receives; `all_inputs` are those of the whole tree. `looked_into` are the positions
    that name the version of a remote source that was fetched and rendered. `addresses` are those of
    the repository under review. `declarations` are what declares the roots of this
    environment, `applied_by` those that declare the roots with each resource; `also_inferred` are
    the keys of those resources that a root which nothing declares holds too. `template_decisions`
    are what changed templates leave to the cluster or to chance, `refused_releases` the releases
    that their tool cannot install. `foreign` are the keys of roles of other environments that are
    seen here, since only the policy separates RBAC.
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
    policy_texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    inputs: tuple[Resource, ...] = ()
    all_inputs: tuple[Resource, ...] = ()
    looked_into: frozenset[TextPosition] = frozenset()
    addresses: tuple[str, ...] = ()
    template_decisions: tuple[TemplateDecision, ...] = ()
    placement_changes: tuple[PlacementChange, ...] = ()
    refused_releases: tuple[RefusedRelease, ...] = ()
    declarations: tuple[Declared, ...] = ()
    validations: Mapping[ResourceKey, ValidationResult] = field(
        default_factory=lambda: MappingProxyType({})
    )
    applied_by: Mapping[ResourceKey, tuple[Declared, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    also_inferred: frozenset[ResourceKey] = frozenset()
    foreign: frozenset[ResourceKey] = frozenset()
    _derived: dict[Callable[[State], object], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _grouped: dict[str, Mapping[GroupKind, tuple[Resource, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _within: dict[tuple[frozenset[str], tuple[GroupKind, ...]], tuple[Resource, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _among: dict[tuple[frozenset[ResourceKey], tuple[GroupKind, ...]], tuple[Resource, ...]] = (
        field(default_factory=dict, init=False, repr=False, compare=False)
    )
    _against: dict[tuple[int, Callable[[State, State], object]], tuple[State, Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def with_validations(
        self, before: State, validations: Mapping[ResourceKey, ValidationResult]
    ) -> State:
        """Return the same state with answers of the validator.

        It keeps what was looked up in its resources, and how they differ from those of `before`.
        """
        state = replace(self, validations=validations)
        vars(state).update({name: vars(self)[name] for name in _LOOKUPS if name in vars(self)})
        for name in _MEMORIES:
            getattr(state, name).update(getattr(self, name))
        if (known := self._against.get((id(before), _changes))) is not None:
            state._against[id(before), _changes] = known  # noqa: SLF001 - of this very class
        return state

    def get(self, key: ResourceKey) -> Resource | None:
        """Return the resource of this key, or None."""
        return self._by_key.get(key)

    def of(self, *kinds: GroupKind, namespace: str | None = None) -> tuple[Resource, ...]:
        """Return the resources of these kinds, in one namespace if one is given."""
        if namespace is not None:
            by_kind = self._kinds_in(namespace)
            return tuple(resource for kind in kinds for resource in by_kind.get(kind, ()))
        return tuple(resource for kind in kinds for resource in self._by_kind.get(kind, ()))

    def within(self, namespaces: frozenset[str], *kinds: GroupKind) -> tuple[Resource, ...]:
        """Return those of `of(*kinds)` in these namespaces, and the cluster-scoped ones."""
        query = (namespaces, kinds)
        if query not in self._within:
            self._within[query] = tuple(
                resource
                for resource in self.of(*kinds)
                if (space := resource.key.namespace) is None or space in namespaces
            )
        return self._within[query]

    def among(self, keys: frozenset[ResourceKey], *kinds: GroupKind) -> tuple[Resource, ...]:
        """Return those of `of(*kinds)` that have one of these keys."""
        query = (keys, kinds)
        if query not in self._among:
            self._among[query] = tuple(
                resource for resource in self.of(*kinds) if resource.key in keys
            )
        return self._among[query]

    def in_namespace(self, namespace: str) -> tuple[Resource, ...]:
        """Return all resources in this namespace."""
        by_kind = self._kinds_in(namespace)
        return tuple(resource for resources in by_kind.values() for resource in resources)

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that contain a resource here or are declared here."""
        declared = (resource.name for resource in self.of(GroupKind("", "Namespace")))
        return frozenset((*self._by_namespace, *declared))

    @cached_property
    def kinds(self) -> frozenset[GroupKind]:
        """The kinds of which this state has a resource."""
        return frozenset(self._by_kind)

    def derived(self, build: Callable[[State], T]) -> T:
        """Return `build(self)`, computed once. `build` must be a pure module function."""
        if build not in self._derived:
            self._derived[build] = build(self)
        value: T = self._derived[build]
        return value

    def against(self, before: State, build: Callable[[State, State], T]) -> T:
        """Return `build(before, self)`, computed once. `build` must be a pure module function."""
        query = (id(before), build)
        if query not in self._against:
            # Keeping a reference to the earlier state prevents reuse of its id.
            self._against[query] = (before, build(before, self))
        value: T = self._against[query][1]
        return value

    def since(self, before: State) -> tuple[Change, ...]:
        """Return the resources that differ from an earlier state, in key order; computed once."""
        return self.against(before, _changes)

    @cached_property
    def _by_key(self) -> Mapping[ResourceKey, Resource]:
        return MappingProxyType({resource.key: resource for resource in self.resources})

    @cached_property
    def _by_kind(self) -> Mapping[GroupKind, tuple[Resource, ...]]:
        return _grouped(self.resources)

    def _kinds_in(self, namespace: str) -> Mapping[GroupKind, tuple[Resource, ...]]:
        """The resources of a namespace by kind; grouped when the namespace is first asked for."""
        if namespace not in self._grouped:
            self._grouped[namespace] = _grouped(self._by_namespace.get(namespace, ()))
        return self._grouped[namespace]

    @cached_property
    def _by_namespace(self) -> Mapping[str, list[Resource]]:
        spaces: dict[str, list[Resource]] = {}
        for resource in self.resources:
            namespace = resource.key.namespace
            if namespace is not None:
                spaces.setdefault(namespace, []).append(resource)
        return MappingProxyType(spaces)


# What a state looks up in its resources alone, and keeps.
_LOOKUPS: Final = ("_by_key", "_by_kind", "_by_namespace", "kinds")
_MEMORIES: Final = ("_grouped", "_within", "_among")


def _grouped(resources: Iterable[Resource]) -> Mapping[GroupKind, tuple[Resource, ...]]:
    groups: dict[GroupKind, list[Resource]] = {}
    for resource in resources:
        groups.setdefault(resource.group_kind, []).append(resource)
    return MappingProxyType({kind: tuple(members) for kind, members in groups.items()})


@dataclass(frozen=True, slots=True)
class Change:
    """One resource at base and at head; at least one of the two exists."""

    before: Resource | None
    after: Resource | None

    @property
    def key(self) -> ResourceKey:
        """The key that both sides share."""
        return self.present.key

    @property
    def present(self) -> Resource:
        """The resource at head, or the one that head removed."""
        resource = self.after or self.before
        if resource is None:
            raise ValueError("a change has at least one side")
        return resource


def changes(before: State, after: State, *kinds: GroupKind) -> Iterator[Change]:
    """Return the resources that differ between two states, of these kinds or of all, in key order.

    Two resources are equal when the cluster would receive the same, wherever they are written.
    """
    group_kinds = frozenset(kinds)
    for change in after.since(before):
        if not group_kinds or change.key.group_kind in group_kinds:
            yield change


def _changes(before: State, after: State) -> tuple[Change, ...]:
    old, new = before._by_key, after._by_key  # noqa: SLF001 - of this very class
    return tuple(_compared(old, new))


def moved(before: State, after: State) -> Mapping[ResourceKey, Resource]:
    """The resources of base that head has in another namespace, by their keys at head.

    A resource has moved if one of its kind and name goes and one comes, equal but for the metadata.
    """
    return after.against(before, _moved)


def _moved(before: State, after: State) -> Mapping[ResourceKey, Resource]:
    sides: dict[tuple[GroupKind, str], tuple[list[Resource], list[Resource]]] = {}
    for change in after.since(before):
        if change.key.namespace and (change.before is None or change.after is None):
            gone, come = sides.setdefault((change.key.group_kind, change.key.name), ([], []))
            (gone if change.after is None else come).append(change.present)
    return {
        come[0].key: gone[0]
        for gone, come in sides.values()
        if len(gone) == len(come) == 1 and _content(gone[0]) == _content(come[0])
    }


def _content(resource: Resource) -> Mapping[str, Value]:
    return {name: value for name, value in resource.body.items() if name != "metadata"}


def _compared(
    old: Mapping[ResourceKey, Resource], new: Mapping[ResourceKey, Resource]
) -> Iterator[Change]:
    # Most resources are the same objects on both sides, and a call for each would cost more.
    differing = {
        key
        for key, resource in new.items()
        if (earlier := old.get(key)) is not resource and _differs(earlier, resource)
    }
    differing |= {key for key in old if key not in new}
    for key in sorted(differing, key=lambda key: key.sort_key):
        yield Change(old.get(key), new.get(key))


def _differs(old: Resource | None, new: Resource) -> bool:
    return old is None or old.encoded != new.encoded
