"""Objects without which more is allowed, and those of them that their tool never creates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.gitops.owners import owners_of
from bot.kubernetes.gitops.prune_marks import flux_mark

_GUARDING: Final = frozenset(
    {
        "admissionregistration.k8s.io",
        "config.gatekeeper.sh",
        "constraints.gatekeeper.sh",
        "kyverno.io",
        "policies.kyverno.io",
        "templates.gatekeeper.sh",
    }
)


def limits_others(resource: Resource) -> bool:
    """Whether an object refuses traffic, requests or resources that would be allowed without it."""
    kind = resource.group_kind
    return (
        kind in {kinds.RESOURCE_QUOTA, kinds.LIMIT_RANGE}
        or kind.kind.endswith("NetworkPolicy")
        or (kind.group in _GUARDING and not kind.kind.endswith("Exception"))
    )


def never_created(before: State, after: State) -> Iterator[Node]:
    """The marks by which Flux does not create a new object that limits others.

    What base has as well is in the cluster, as it was before the mark, and is judged as applied.
    https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
    """
    for change in changes(before, after):
        resource = change.after
        if change.before is not None or resource is None or not limits_others(resource):
            continue
        mark = flux_mark(resource, "reconcile", "ssa")
        owners = owners_of(resource, after)
        if mark and all(one.resource.group_kind == kinds.FLUX_KUSTOMIZATION for one in owners):
            yield mark
