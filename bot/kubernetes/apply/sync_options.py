"""Annotations that tell the applying tool to recreate or re-run an object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.core.resource import Resource
from bot.kubernetes import kinds
from bot.kubernetes.gitops.owners import Owner
from bot.kubernetes.gitops.prune_marks import sync_options

_ARGO_HOOK: Final = "argocd.argoproj.io/hook"
_ARGO_DELETION: Final = "argocd.argoproj.io/hook-delete-policy"
_HELM_HOOK: Final = "helm.sh/hook"
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
_INSTALLING: Final = frozenset({"pre-install", "post-install"})
_DELETED_AFTER: Final = frozenset({"HookSucceeded", "hook-succeeded"})


def is_recreated(resource: Resource) -> bool:
    """Whether the tool deletes and recreates the object when the API server refuses an update."""
    options = set(sync_options(resource))
    forced = {"Force=true", "Replace=true"} <= options
    return forced or resource.annotations.get("kustomize.toolkit.fluxcd.io/force") == "enabled"


def is_hook(resource: Resource, owners: Iterable[Owner] = ()) -> bool:
    """Whether the object is a hook, created anew for every sync or release."""
    return bool(_hook_marks(resource, owners))


def is_passing_hook(resource: Resource, owners: Iterable[Owner] = ()) -> bool:
    """Whether the object is a hook that the cluster does not keep.

    It is deleted once it has run, or created only when a sync fails or something is deleted. What
    Helm creates for an installation, the upgrade of a release that is there does not create.
    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/#hook-lifecycle-and-cleanup
    https://helm.sh/docs/topics/charts_hooks/#hook-deletion-policies
    """
    marks = _hook_marks(resource, owners)
    if not marks:
        return False
    passing = _PASSING if _ARGO_HOOK in marks or _by_argo(owners) else _PASSING | _INSTALLING
    deletions = _names(resource, _ARGO_DELETION, _HELM_DELETION)
    return _names(resource, *marks[:1]) <= passing or bool(deletions & _DELETED_AFTER)


def _hook_marks(resource: Resource, owners: Iterable[Owner]) -> tuple[str, ...]:
    """The annotations that make the object a hook, the one that decides first.

    Of the tools that may apply it, Argo CD obeys both marks, a HelmRelease Helm's, and a Flux
    Kustomization none. Where no owner is known, any mark counts.
    """
    argo = _by_argo(owners)
    helm = argo or any(owner.resource.group_kind == kinds.HELM_RELEASE for owner in owners)
    obeyed = ((_ARGO_HOOK, argo), (_HELM_HOOK, helm))
    return tuple(mark for mark, counts in obeyed if counts and mark in resource.annotations)


def _by_argo(owners: Iterable[Owner]) -> bool:
    appliers = {owner.resource.group_kind for owner in owners}
    return not appliers or bool(appliers & {kinds.APPLICATION, kinds.APPLICATION_SET})


def _names(resource: Resource, *annotations: str) -> frozenset[str]:
    """The names that annotations list, without commas and spaces."""
    texts = (resource.annotations.get(annotation, "") for annotation in annotations)
    return frozenset(name.strip() for text in texts for name in text.split(",")) - {""}
