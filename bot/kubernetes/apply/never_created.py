"""Objects of manifests that the cluster does not get, or does not keep."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.resource import Node, Resource
from bot.core.state import Change, State, changes
from bot.kubernetes import kinds
from bot.kubernetes.gitops.owners import owners_of
from bot.kubernetes.gitops.prune_marks import flux_mark
from bot.kubernetes.limiting import limits_others


def never_created(before: State, after: State) -> Iterator[Node]:
    """The marks by which Flux does not create a new object that limits others.

    What base has as well is in the cluster, as it was before the mark, and is judged as applied.
    https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
    """
    for change in changes(before, after):
        resource = change.after
        if change.before is not None or resource is None or not limits_others(resource.group_kind):
            continue
        mark = flux_mark(resource, "reconcile", "ssa")
        owners = owners_of(resource, after)
        if mark and all(one.resource.group_kind == kinds.FLUX_KUSTOMIZATION for one in owners):
            yield mark


def newly_owned(before: State, after: State) -> Iterator[Node]:
    """The new owner references of objects that limit others or hold data.

    The garbage collector deletes an object whose owners are all absent, and no manifest can know
    the uid of an owner that the cluster makes anew.
    https://kubernetes.io/docs/concepts/architecture/garbage-collection/#owners-dependents
    """
    for change in changes(before, after):
        if change.after is not None and _is_worth_keeping(change.after):
            node = change.after.at("metadata", "ownerReferences")
            if any(node.items()) and _owners(change) != node.value:
                yield node


def _owners(change: Change) -> object:
    return change.before and change.before.at("metadata", "ownerReferences").value


def _is_worth_keeping(resource: Resource) -> bool:
    kept = {kinds.NAMESPACE, kinds.PERSISTENT_VOLUME_CLAIM, kinds.CUSTOM_RESOURCE_DEFINITION}
    return resource.group_kind in kept or limits_others(resource.group_kind)
