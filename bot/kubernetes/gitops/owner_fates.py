"""What do the owners of a resource do with it once it is removed?"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.gitops import config_sync
from bot.kubernetes.gitops.owners import Owner, application_spec, owner_identities, owners_of
from bot.kubernetes.gitops.prune_marks import (
    argo_delete_mark,
    argo_prune_mark,
    is_kept_by_flux,
    is_kept_by_helm,
)

OwnerFate: TypeAlias = Literal["pruned", "confirmed", "left"]
"""Deleted; deleted once a person confirms it; kept in the cluster."""

WORST_FIRST: Final[tuple[OwnerFate, ...]] = ("pruned", "confirmed", "left")
"""Of several owners, the worst decides."""

_FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"
KEEPING_POLICIES: Final = ("create-only", "create-update")
"""Policies under which the controller deletes no Application that a set no longer generates."""


def fate_by(owner: Owner, resource: Resource, before: State, after: State) -> OwnerFate:
    """Return what an owner of base does with a resource of base that it no longer finds.

    Where head has the owner no more, its deletion decides; else the owner as head has it.
    """
    is_gone = owner.identity not in after.derived(owner_identities)
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
        fates = [_by_application(manifest, resource) for manifest in _manifests_of(owner, after)]
    return min(fates, key=WORST_FIRST.index)


def _manifests_of(owner: Owner, after: State) -> tuple[Resource, ...]:
    """Return the manifests of an owner at head: nobody knows which of two copies is applied."""
    key = owner.resource.key
    declaring = (root.node.resource for root in after.declarations if root.node.resource.key == key)
    current = after.get(key)
    manifests = (*declaring, *((current,) if current else ()))
    return tuple({id(manifest): manifest for manifest in manifests}.values()) or (owner.resource,)


def _is_deleted(owner: Owner, before: State, after: State) -> bool:
    """Return whether an owner that head has no more is deleted from the cluster.

    It stays there where head still has what applied it, and that does not prune.
    """
    if owner.resource.group_kind == kinds.APPLICATION_SET and after.get(owner.resource.key):
        return True
    current = after.derived(owner_identities)
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
