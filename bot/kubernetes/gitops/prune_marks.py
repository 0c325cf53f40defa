"""The marks by which each tool keeps an object in the cluster; no tool obeys another one's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from bot.core.resource import Node, Resource

_SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"
_HELM_POLICY: Final = "helm.sh/resource-policy"
# https://github.com/fluxcd/pkg/blob/main/ssa/utils/utils.go (AnyInMetadata): a label or annotation,
# whose value is compared without regard to case.
_FLUX: Final = {"prune": "disabled", "reconcile": "disabled", "ssa": "ignore"}


def is_kept_by_flux(resource: Resource) -> bool:
    """Return whether a Flux Kustomization keeps an object in the cluster that has these marks.

    https://github.com/fluxcd/pkg/blob/main/ssa/manager_delete.go (Delete)
    """
    return flux_mark(resource, *_FLUX) is not None


def flux_mark(resource: Resource, *names: str, value: str = "") -> Node | None:
    """Return the first of these marks of Flux that the object has, with the value that counts.

    `value` is another value than the one by which Flux leaves the object alone, in lower case.
    """
    for name in names:
        for fields in ("labels", "annotations"):
            mark = resource.at("metadata", fields, f"kustomize.toolkit.fluxcd.io/{name}")
            if (mark.text or "").lower() == (value or _FLUX[name]):
                return mark
    return None


def is_kept_by_helm(resource: Resource) -> bool:
    """Return whether Helm keeps an object of a release."""
    return resource.annotations.get(_HELM_POLICY, "").strip().lower() == "keep"


def keeping_mark(resource: Resource) -> Node | None:
    """Return the first mark by which some tool keeps an object."""
    annotations = resource.at("metadata", "annotations")
    helm, argo = annotations[_HELM_POLICY], annotations[_SYNC_OPTIONS]
    marks = (
        flux_mark(resource, "prune"),
        helm if is_kept_by_helm(resource) else None,
        argo if _mark(resource, "Prune") == "left" or _mark(resource, "Delete") == "left" else None,
    )
    return next((mark for mark in marks if mark is not None), None)


def any_keeping_mark(resource: Resource) -> Node | None:
    """Return the first mark by which some tool does not delete an object, or not without a person.

    An object that Flux is told not to apply, it does not delete either.
    """
    argo = resource.at("metadata", "annotations", _SYNC_OPTIONS)
    asks = {argo_prune_mark(resource), argo_delete_mark(resource)} != {"pruned"}
    by_argo = argo if asks and argo.exists else None
    return flux_mark(resource, *_FLUX) or keeping_mark(resource) or by_argo


def argo_prune_mark(resource: Resource) -> Literal["pruned", "confirmed", "left"]:
    """Return what Argo CD does with an object that a sync no longer finds."""
    return _mark(resource, "Prune")


def argo_delete_mark(resource: Resource) -> Literal["pruned", "confirmed", "left"]:
    """Return what Argo CD does with an object when its Application is deleted."""
    return "left" if is_kept_by_helm(resource) else _mark(resource, "Delete")


def _mark(resource: Resource, option: str) -> Literal["pruned", "confirmed", "left"]:
    options = set(sync_options(resource))
    if f"{option}=false" in options:
        return "left"
    return "confirmed" if f"{option}=confirm" in options else "pruned"


def sync_options(resource: Resource) -> Iterator[str]:
    """Yield the Argo CD sync options of one object.

    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
    """
    for option in resource.annotations.get(_SYNC_OPTIONS, "").split(","):
        if option.strip():
            yield option.strip()
