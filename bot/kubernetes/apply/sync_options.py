"""Annotations that tell the applying tool to recreate or re-run an object."""

from __future__ import annotations

from bot.core.resource import Resource
from bot.kubernetes.gitops.prune_marks import sync_options

_HOOKS = ("argocd.argoproj.io/hook", "helm.sh/hook")


def is_recreated(resource: Resource) -> bool:
    """Whether the tool deletes and recreates the object when the API server refuses an update."""
    options = set(sync_options(resource))
    forced = {"Force=true", "Replace=true"} <= options
    return forced or resource.annotations.get("kustomize.toolkit.fluxcd.io/force") == "enabled"


def is_hook(resource: Resource) -> bool:
    """Whether the object is a hook, created anew for every sync or release."""
    return any(hook in resource.annotations for hook in _HOOKS)
