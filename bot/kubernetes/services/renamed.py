"""Services that ask for a number which a Service still has that the same change removes."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from bot.core.finding import Finding, Severity
from bot.core.resource import Resource
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.gitops.owner_fates import prunes_automatically
from bot.kubernetes.gitops.owners import owners_of
from bot.kubernetes.services.allocations import requested
from bot.kubernetes.workloads.pods import str_of


def taken_until_pruned(before: State, after: State) -> Iterator[Finding]:
    """New Services that are refused because what they replace is deleted only afterwards.

    Flux and Helm delete what is gone after they have applied the rest, so that they never get
    there. Argo CD deletes first where it prunes. Who else applies is not known: a warning.
    https://github.com/fluxcd/kustomize-controller/blob/v1.7.0/internal/controller/kustomization_controller.go
    https://github.com/argoproj/gitops-engine/blob/v0.7.3/pkg/sync/sync_context.go
    """
    services = tuple(changes(before, after, kinds.SERVICE))
    freed = {
        number: change.before
        for change in services
        if change.before is not None and change.after is None
        for number, _ in requested(change.before)
    }
    for change in services:
        if change.before is not None or change.after is None:
            continue
        new = change.after
        owners = [owner.resource for owner in owners_of(new, after)]
        if any(_prunes_first(owner) for owner in owners):
            continue
        certain = any(owner.group_kind in kinds.FLUX_OWNERS for owner in owners)
        for number, node in requested(new):
            if number in freed:
                yield Finding(
                    node,
                    f"{str_of(new)} asks for {number}, which {str_of(freed[number])} has until it "
                    "is deleted: the API server refuses the new one before that",
                    Severity.ERROR if certain else Severity.WARNING,
                    key=number,
                    facts=MappingProxyType({"code": "ALREADY-ALLOCATED"}),
                )


def _prunes_first(owner: Resource) -> bool:
    is_argo = owner.group_kind in {kinds.APPLICATION, kinds.APPLICATION_SET}
    return is_argo and prunes_automatically(owner)
