"""The resources that a root puts into the cluster, and the manifests they are written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.core.identity import identity_of
from bot.core.manifest import ManifestFile
from bot.core.rendering import BuildStatus
from bot.core.resource import GroupKind, Resource, ResourceKey
from bot.core.states.rendered.renditions import Leaves, Rendition
from bot.core.states.roots.reasons import Reason
from bot.core.states.roots.root import Root, RootKey
from bot.records import cached_property, dataclass

_ROLES: Final = frozenset(
    GroupKind("rbac.authorization.k8s.io", kind) for kind in ("Role", "ClusterRole")
)


@dataclass(frozen=True)
class Applied:
    """One root, read. `reasons` say why it was not; then it has no resources here.

    `unread` says that some file of it could not be read to its end, `status` what came of it where
    a renderer was needed. `volatile` are the leaves that another build of it had otherwise.
    `upgrade` is what it puts into a cluster that has it already, None where that is the same;
    `upgrade_reasons` say why that is not known. `listed` are the resources of plain files that a
    kustomization lists which could not be built, in its own namespace. `refusal` says why the tool
    that installs a chart refuses what the chart gives, empty where it does not. `unapplied` are the
    keys of which its tool applies no copy, whatever an earlier source of the same owner has.
    """

    root: Root
    resources: tuple[Resource, ...]
    files: Mapping[str, ManifestFile] = field(default_factory=lambda: MappingProxyType({}))
    reasons: tuple[Reason, ...] = ()
    unread: bool = False
    status: BuildStatus | None = None
    volatile: Mapping[ResourceKey, Leaves] = field(default_factory=lambda: MappingProxyType({}))
    upgrade: Rendition | None = None
    upgrade_reasons: tuple[Reason, ...] = ()
    listed: tuple[Resource, ...] = ()
    refusal: str = ""
    unapplied: frozenset[ResourceKey] = frozenset()

    @property
    def rendition(self) -> Rendition:
        """The resources of a first installation."""
        return Rendition(self.resources, self.volatile)

    @property
    def as_upgrade(self) -> Rendition:
        """The resources of an upgrade."""
        return self.upgrade or self.rendition

    @property
    def every(self) -> tuple[Resource, ...]:
        """Its resources, and those that only an upgrade adds."""
        if self.upgrade is None:
            return self.resources
        keys = {resource.key for resource in self.resources}
        return (
            *self.resources,
            *(resource for resource in self.upgrade.resources if resource.key not in keys),
        )

    @cached_property
    def roles(self) -> tuple[Resource, ...]:
        """The Roles and ClusterRoles among its resources."""
        return tuple(held for held in self.resources if held.group_kind in _ROLES)

    @cached_property
    def generated(self) -> frozenset[int]:
        """Those of the resources, by `id`, that have only the prefix of a name."""
        return frozenset(
            id(resource)
            for resource in (*self.resources, *(self.upgrade.resources if self.upgrade else ()))
            if resource.name.endswith("*")
            and (identity := identity_of(resource.encoded)) is not None
            and identity.generated
        )


ManyApplied: TypeAlias = Mapping[RootKey, Applied]
"""The roots of a tree, read, by key."""
