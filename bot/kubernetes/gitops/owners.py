"""Which GitOps objects apply a resource?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.gitops.argocd.source import source_nodes
from bot.kubernetes.gitops.tree_files import within
from bot.records import dataclass

OWNERS: Final = (*kinds.APPLICATIONS, *kinds.FLUX_OWNERS, *kinds.CONFIG_SYNCS)


@dataclass(frozen=True, slots=True)
class Owner:
    """An object that applies resources; `name` is that of an Application that a set generates."""

    resource: Resource
    name: str = ""

    @property
    def identity(self) -> tuple[ResourceKey, str]:
        """What makes it the same owner at base and at head."""
        return (self.resource.key, self.name)


def owners_of(resource: Resource, state: State) -> tuple[Owner, ...]:
    """Return the owners of a resource of this state, or those of its directory."""
    declared = state.applied_by.get(resource.key, ())
    if declared:
        owners = (Owner(root.owner, root.name) for root in declared)
        return tuple(dict.fromkeys(owners))
    return _nearest(resource, state)


def all_owners(state: State) -> tuple[Resource, ...]:
    """Return the owners of a state, each once: those that declare its roots, also from elsewhere.

    An owner of this state may declare no root that is here.
    """
    declaring = (declared.node.resource for declared in state.declarations)
    return tuple({owner.key: owner for owner in (*declaring, *state.of(*OWNERS))}.values())


def generated_owners(resource: Resource, state: State) -> Mapping[str, Resource]:
    """Return an owner, and what it is for the Applications that a set generates, by their names."""
    by_name = {
        root.name: root.owner
        for root in state.declarations
        if root.generated is not None and root.generated.key == resource.key
    }
    return {"": resource, **by_name}


def removed_owners(before: State, after: State) -> tuple[Owner, ...]:
    """Return the owners of base that head has no more, generated Applications among them."""
    current = after.derived(owner_identities)
    return tuple(owner for owner in before.derived(_owners) if owner.identity not in current)


def application_spec(owner: Resource) -> Node:
    """Return the spec of an Application, or that of the template of a set."""
    is_set = owner.group_kind == kinds.APPLICATION_SET
    return owner.at("spec", "template", "spec") if is_set else owner.at("spec")


def _owners(state: State) -> tuple[Owner, ...]:
    """Return the owners of a state: those that declare its roots, and objects that declare none."""
    declared = (Owner(root.owner, root.name) for root in state.declarations)
    generated = {kinds.APPLICATION_SET}
    others = (
        Owner(resource) for resource in state.of(*OWNERS) if resource.group_kind not in generated
    )
    return tuple(dict.fromkeys((*declared, *others)))


def owner_identities(state: State) -> frozenset[tuple[ResourceKey, str]]:
    """Return the identities of the owners of a state, generated Applications among them."""
    return frozenset(owner.identity for owner in state.derived(_owners))


@dataclass(frozen=True, slots=True)
class _Directory:
    path: str
    owner: Owner


def _nearest(resource: Resource, state: State) -> tuple[Owner, ...]:
    """Return the owners of the innermost directory that holds a resource's file."""
    covering = [
        directory
        for directory in state.derived(_directories)
        if directory.path and resource.source.path.startswith(f"{directory.path}/")
    ]
    deepest = max((len(directory.path) for directory in covering), default=0)
    return tuple(directory.owner for directory in covering if len(directory.path) == deepest)


def _directories(state: State) -> tuple[_Directory, ...]:
    """Return the directories that objects name; those of other repositories name paths too."""
    return tuple(
        _Directory(within(path) or "", Owner(resource))
        for resource in state.of(kinds.APPLICATION, kinds.FLUX_KUSTOMIZATION)
        for path in _paths(resource)
    )


def _paths(resource: Resource) -> Iterator[str]:
    if resource.group_kind == kinds.FLUX_KUSTOMIZATION:
        yield resource.at("spec", "path").text or "."
        return
    for source in source_nodes(resource.at("spec")):
        if source["path"].text is not None:
            yield source["path"].text or "."
