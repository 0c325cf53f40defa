"""Annotations that tell the applying tool to recreate or re-run an object."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.resource import Resource
from bot.kubernetes import kinds
from bot.kubernetes.gitops.owners import Owner
from bot.kubernetes.gitops.prune_marks import sync_options

_ARGO_HOOK = "argocd.argoproj.io/hook"
_HELM_HOOK = "helm.sh/hook"


def is_recreated(resource: Resource) -> bool:
    """Whether the tool deletes and recreates the object when the API server refuses an update."""
    options = set(sync_options(resource))
    forced = {"Force=true", "Replace=true"} <= options
    return forced or resource.annotations.get("kustomize.toolkit.fluxcd.io/force") == "enabled"


def is_hook(resource: Resource, owners: Iterable[Owner] = ()) -> bool:
    """Whether the object is a hook, created anew for every sync or release.

    Of the tools that may apply it, Argo CD obeys both marks, a HelmRelease Helm's, and a Flux
    Kustomization none. Where no owner is known, any mark counts.
    """
    appliers = {owner.resource.group_kind for owner in owners}
    argo = not appliers or bool(appliers & {kinds.APPLICATION, kinds.APPLICATION_SET})
    helm = argo or kinds.HELM_RELEASE in appliers
    marks = resource.annotations
    return (argo and _ARGO_HOOK in marks) or (helm and _HELM_HOOK in marks)
