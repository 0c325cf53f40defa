"""Annotations that tell the applying tool to keep, confirm, recreate or re-run an object."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.resource import Resource

_OPTIONS = "argocd.argoproj.io/sync-options"
_HOOKS = ("argocd.argoproj.io/hook", "helm.sh/hook")


def sync_options(resource: Resource) -> Iterator[str]:
    """The Argo CD sync options of one object.

    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
    """
    for option in resource.annotations.get(_OPTIONS, "").split(","):
        if option.strip():
            yield option.strip()


def is_kept(resource: Resource) -> bool:
    """Whether the object stays in the cluster when its manifest is removed."""
    annotations = resource.annotations
    return (
        "Prune=false" in sync_options(resource)
        or annotations.get("kustomize.toolkit.fluxcd.io/prune") == "disabled"
        or annotations.get("helm.sh/resource-policy") == "keep"
    )


def waits_for_a_person(resource: Resource) -> bool:
    """Whether a person must confirm before the object is pruned."""
    return "Prune=confirm" in sync_options(resource)


def is_recreated(resource: Resource) -> bool:
    """Whether the tool deletes and recreates the object when the API server refuses an update."""
    options = set(sync_options(resource))
    forced = {"Force=true", "Replace=true"} <= options
    return forced or resource.annotations.get("kustomize.toolkit.fluxcd.io/force") == "enabled"


def is_hook(resource: Resource) -> bool:
    """Whether the object is a hook, created anew for every sync or release."""
    return any(hook in resource.annotations for hook in _HOOKS)
