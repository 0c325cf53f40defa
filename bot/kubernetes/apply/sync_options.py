"""Annotations that tell the applying tool to recreate or re-run an object."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.core.states.placements.unapplied import ARGO_HOOK, HELM_HOOK, hook_names
from bot.kubernetes import kinds
from bot.kubernetes.apply.appliers import appliers
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


def is_recreated(resource: Resource, state: State) -> bool:
    """Whether the tool deletes and recreates the object when the API server refuses an update.

    Argo CD forces a replacement or a client-side apply; a server-side one only takes over fields.
    https://github.com/argoproj/argo-cd/blob/master/gitops-engine/pkg/sync/sync_context.go
    """
    if resource.annotations.get("kustomize.toolkit.fluxcd.io/force") == "enabled":
        return True
    options = set(sync_options(resource))
    if "Force=true" not in options:
        return False
    server_side = "ServerSideApply=true" in options or any(
        applier.server_side for applier in appliers(resource, state)
    )
    return "Replace=true" in options or not server_side


def is_hook(resource: Resource, owners: Collection[Owner] = ()) -> bool:
    """Whether the object is a hook, created anew for every sync or release."""
    return bool(_hook_marks(resource, owners))


def is_passing_hook(resource: Resource, owners: Collection[Owner] = ()) -> bool:
    """Whether the cluster keeps a hook only until it has run, or creates it only at times.

    It is deleted once it has run, or created only when a sync fails or something is deleted.
    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/#hook-lifecycle-and-cleanup
    https://helm.sh/docs/topics/charts_hooks/#hook-deletion-policies
    """
    marks = _hook_marks(resource, owners)
    if not marks:
        return False
    deletions = _names(resource, _ARGO_DELETION, _HELM_DELETION)
    return _names(resource, marks[0]) <= _PASSING or bool(deletions & _DELETED_AFTER)


def is_lost_as_hook(resource: Resource, owners: Collection[Owner] = ()) -> bool:
    """Whether an object that becomes this hook is lost to the cluster.

    An upgrade by Helm deletes what the release had as an object; only hooks after it come again.
    """
    marks = _hook_marks(resource, owners)
    if is_passing_hook(resource, owners) or not marks:
        return bool(marks)
    by_helm = marks[0] == HELM_HOOK and not (owners and _by_argo(owners))
    return by_helm and _AFTER_UPGRADE not in _names(resource, marks[0])


def hook_mark(resource: Resource, owners: Collection[Owner]) -> Node:
    """Return the annotation that makes the object a hook. Raises IndexError where it is none."""
    return resource.at("metadata", "annotations", _hook_marks(resource, owners)[0])


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
    return not appliers or bool(appliers & {*kinds.APPLICATIONS})


def _names(resource: Resource, *annotations: str) -> frozenset[str]:
    """The names that annotations list, without commas and spaces."""
    texts = (resource.annotations.get(annotation, "") for annotation in annotations)
    return frozenset().union(*map(hook_names, texts))
