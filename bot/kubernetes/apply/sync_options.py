"""Annotations that tell the applying tool to recreate or re-run an object."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from bot.core.resource import Resource
from bot.core.states.placements.unapplied import ARGO_HOOK, HELM_HOOK, hook_names
from bot.kubernetes import kinds
from bot.kubernetes.gitops.owners import Owner
from bot.kubernetes.gitops.prune_marks import sync_options

_ARGO_DELETION: Final = "argocd.argoproj.io/hook-delete-policy"
_HELM_DELETION: Final = "helm.sh/hook-delete-policy"
_PASSING: Final = frozenset(
    {
        "SyncFail",
        "PreDelete",
        "PostDelete",
        "pre-delete",
        "post-delete",
        "pre-rollback",
        "post-rollback",
    }
)
_AFTER_UPGRADE: Final = "post-upgrade"
_DELETED_AFTER: Final = frozenset({"HookSucceeded", "hook-succeeded"})


def is_recreated(resource: Resource) -> bool:
    """Whether the tool deletes and recreates the object when the API server refuses an update."""
    options = set(sync_options(resource))
    forced = {"Force=true", "Replace=true"} <= options
    return forced or resource.annotations.get("kustomize.toolkit.fluxcd.io/force") == "enabled"


def is_hook(resource: Resource, owners: Collection[Owner] = ()) -> bool:
    """Whether the object is a hook, created anew for every sync or release."""
    return bool(_hook_marks(resource, owners))


def is_passing_hook(resource: Resource, owners: Collection[Owner] = ()) -> bool:
    """Whether an object that becomes a hook is no longer kept in the cluster.

    It is deleted once it has run, or created only when a sync fails or something is deleted. An
    upgrade by Helm deletes what the release had as an object, and only hooks after it come again.
    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/#hook-lifecycle-and-cleanup
    https://helm.sh/docs/topics/charts_hooks/#hook-deletion-policies
    """
    marks = _hook_marks(resource, owners)
    if not marks:
        return False
    names = _names(resource, marks[0])
    by_helm = not owners or not _by_argo(owners)
    if names <= _PASSING or (by_helm and marks[0] == HELM_HOOK and _AFTER_UPGRADE not in names):
        return True
    return bool(_names(resource, _ARGO_DELETION, _HELM_DELETION) & _DELETED_AFTER)


def _hook_marks(resource: Resource, owners: Collection[Owner]) -> tuple[str, ...]:
    """The annotations that make the object a hook, the one that decides first.

    Of the tools that may apply it, Argo CD obeys both marks, a HelmRelease Helm's, and a Flux
    Kustomization none. Where no owner is known, any mark counts.
    """
    argo = _by_argo(owners)
    helm = argo or any(owner.resource.group_kind == kinds.HELM_RELEASE for owner in owners)
    obeyed = ((ARGO_HOOK, argo), (HELM_HOOK, helm))
    return tuple(mark for mark, counts in obeyed if counts and mark in resource.annotations)


def _by_argo(owners: Collection[Owner]) -> bool:
    appliers = {owner.resource.group_kind for owner in owners}
    return not appliers or bool(appliers & {kinds.APPLICATION, kinds.APPLICATION_SET})


def _names(resource: Resource, *annotations: str) -> frozenset[str]:
    """The names that annotations list, without commas and spaces."""
    texts = (resource.annotations.get(annotation, "") for annotation in annotations)
    return frozenset().union(*map(hook_names, texts))
