"""Which GitOps objects apply a resource, and what they do with it once it is removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.gitops import config_sync
from bot.kubernetes.gitops.argocd.source import source_nodes
from bot.kubernetes.gitops.prune_marks import (
    argo_delete_mark,
    argo_prune_mark,
    is_kept_by_flux,
    is_kept_by_helm,
)
from bot.kubernetes.gitops.tree_files import within
from bot.records import dataclass

OwnerFate: TypeAlias = Literal["pruned", "confirmed", "left"]
"""Deleted; deleted once a person confirms it; kept in the cluster."""

WORST_FIRST: Final[tuple[OwnerFate, ...]] = ("pruned", "confirmed", "left")
"""Of several owners, the worst decides."""

OWNERS: Final = (*kinds.APPLICATIONS, *kinds.FLUX_OWNERS, *kinds.CONFIG_SYNCS)
_FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"
KEEPING_POLICIES: Final = ("create-only", "create-update")
"""Policies under which the controller deletes no Application that a set no longer generates."""


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
    current = after.derived(_identities)
    return tuple(owner for owner in before.derived(_owners) if owner.identity not in current)


def fate_by(owner: Owner, resource: Resource, before: State, after: State) -> OwnerFate:
    """Return what an owner of base does with a resource of base that it no longer finds.

    Where head has the owner no more, its deletion decides; else the owner as head has it.
    """
    is_gone = owner.identity not in after.derived(_identities)
    if is_gone and not _is_deleted(owner, before, after):
        return "left"
    if owner.resource.group_kind in kinds.CONFIG_SYNCS:
        return "left" if config_sync.keeps(owner.resource, resource, is_gone=is_gone) else "pruned"
    if owner.resource.group_kind == kinds.HELM_RELEASE:
        return _by_release(owner.resource, resource, is_gone=is_gone)
    if owner.resource.group_kind == kinds.FLUX_KUSTOMIZATION:
        fates = [
            _by_kustomization(manifest, resource, is_gone=is_gone)
            for manifest in ((owner.resource,) if is_gone else _manifests_of(owner, after))
        ]
    elif is_gone:
        return _by_deleted_application(owner.resource, resource, after)
    else:
        fates = [_by_application(it, resource) for it in _manifests_of(owner, after)]
    return min(fates, key=WORST_FIRST.index)


def _manifests_of(owner: Owner, after: State) -> tuple[Resource, ...]:
    """Return the manifests of an owner at head: nobody knows which of two copies is applied."""
    key = owner.resource.key
    declaring = (root.node.resource for root in after.declarations if root.node.resource.key == key)
    current = after.get(key)
    manifests = (*declaring, *((current,) if current else ()))
    return tuple({id(it): it for it in manifests}.values()) or (owner.resource,)


def _is_deleted(owner: Owner, before: State, after: State) -> bool:
    """Return whether an owner that head has no more is deleted from the cluster.

    It stays there where head still has what applied it, and that does not prune.
    """
    if owner.resource.group_kind == kinds.APPLICATION_SET and after.get(owner.resource.key):
        return True
    current = after.derived(_identities)
    parents = [
        parent
        for parent in owners_of(owner.resource, before)
        if parent.resource.key != owner.resource.key and parent.identity in current
    ]
    fates = [fate_by(parent, owner.resource, before, after) for parent in parents]
    return not fates or any(fate != "left" for fate in fates)


def _by_kustomization(owner: Resource, resource: Resource, *, is_gone: bool) -> OwnerFate:
    """https://fluxcd.io/flux/components/kustomize/kustomizations/#deletion-policy."""
    if is_kept_by_flux(resource):
        return "left"
    spec = owner.at("spec")
    prunes = spec["prune"].value is True
    if is_gone:
        if spec["suspend"].value is True:
            return "left"
        policy = spec["deletionPolicy"].text or "MirrorPrune"
        prunes = policy in {"Delete", "WaitForTermination"} or (policy == "MirrorPrune" and prunes)
    return "pruned" if prunes else "left"


def _by_release(owner: Resource, resource: Resource, *, is_gone: bool) -> OwnerFate:
    """https://helm.sh/docs/howto/charts_tips_and_tricks/#tell-helm-not-to-uninstall-a-resource."""
    suspended = is_gone and owner.at("spec", "suspend").value is True
    return "left" if suspended or is_kept_by_helm(resource) else "pruned"


def _by_application(owner: Resource, resource: Resource) -> OwnerFate:
    if not prunes_automatically(owner):
        return "left"
    mark = argo_prune_mark(resource)
    confirms = "Prune=confirm" in application_spec(owner)["syncPolicy"]["syncOptions"].texts
    return "confirmed" if mark == "pruned" and confirms else mark


def prunes_automatically(owner: Resource) -> bool:
    """Return whether an Application, or those of a set, prune without a person.

    https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/#automatic-pruning
    """
    automated = application_spec(owner)["syncPolicy"]["automated"]
    is_on = automated.value is not None and automated["enabled"].value is not False
    return is_on and automated["prune"].value is True


def _by_deleted_application(owner: Resource, resource: Resource, after: State) -> OwnerFate:
    """https://argo-cd.readthedocs.io/en/stable/user-guide/app_deletion/."""
    if not cascades(owner) or _keeps_applications(after.get(owner.key)):
        return "left"
    options = application_spec(owner)["syncPolicy"]["syncOptions"].texts
    mark = argo_delete_mark(resource)
    return "confirmed" if mark == "pruned" and "Delete=confirm" in options else mark


def cascades(owner: Resource) -> bool:
    """Return whether the deletion of an Application, or of one of a set, deletes its resources.

    A set gives its Applications the finalizer unless its template has finalizers of its own, or the
    set preserves resources.
    https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Application-Deletion/
    """
    if owner.group_kind == kinds.APPLICATION:
        return _has_finalizer(owner.at("metadata", "finalizers"))
    if owner.at("spec", "syncPolicy", "preserveResourcesOnDeletion").value is True:
        return False
    finalizers = owner.at("spec", "template", "metadata", "finalizers")
    return not finalizers.texts or _has_finalizer(finalizers)


def _keeps_applications(current: Resource | None) -> bool:
    """Return whether a set that head still has keeps the Applications that it generated."""
    if current is None or current.group_kind != kinds.APPLICATION_SET:
        return False
    return current.at("spec", "syncPolicy", "applicationsSync").text in KEEPING_POLICIES


def _has_finalizer(node: Node) -> bool:
    return any(finalizer.startswith(_FINALIZER) for finalizer in node.texts)


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


def _identities(state: State) -> frozenset[tuple[ResourceKey, str]]:
    return frozenset(owner.identity for owner in state.derived(_owners))


@dataclass(frozen=True, slots=True)
class _Directory:
    path: str
    owner: Owner


def _nearest(resource: Resource, state: State) -> tuple[Owner, ...]:
    """Return the owners of the innermost directory that holds a resource's file."""
    covering = [
        held
        for held in state.derived(_directories)
        if held.path and resource.source.path.startswith(f"{held.path}/")
    ]
    deepest = max((len(held.path) for held in covering), default=0)
    return tuple(held.owner for held in covering if len(held.path) == deepest)


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
