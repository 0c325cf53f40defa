"""Objects of manifests that the cluster does not get, or does not keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.core.resource import Node, Resource
from bot.core.state import Change, State, changes
from bot.kubernetes import kinds
from bot.kubernetes.apply.unapplied_settings import idle_by
from bot.kubernetes.gitops.owners import OWNERS, Owner, owners_of
from bot.kubernetes.gitops.prune_marks import flux_mark
from bot.kubernetes.limiting import limits_others


def never_created(before: State, after: State) -> Iterator[tuple[Resource, Node]]:
    """New objects that limit others and are not created, each with the field that says so.

    It is a mark of the object, or a field of its only owner, which is not reconciled. What the same
    owner had at base is in the cluster, as it was before, and is judged as applied.
    https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
    """
    for resource in _candidates(before, after):
        if not limits_others(resource.group_kind):
            continue
        owners, old = owners_of(resource, after), before.get(resource.key)
        if old is not None and _share(owners, owners_of(old, before)):
            continue
        mark = flux_mark(resource, "reconcile", "ssa")
        if mark and all(one.resource.group_kind == kinds.FLUX_KUSTOMIZATION for one in owners):
            yield resource, mark
            continue
        idle = [field for one in owners if (field := idle_by(one.resource)) is not None]
        if idle and len(idle) == len(owners):
            yield resource, idle[0]


def _candidates(before: State, after: State) -> Iterable[Resource]:
    """What changes; everything where an owner is idle, as what moves to it may stay as it is."""
    if any(idle_by(owner) is not None for owner in after.of(*OWNERS)):
        return after.resources
    return (change.after for change in changes(before, after) if change.after is not None)


def _share(owners: tuple[Owner, ...], others: tuple[Owner, ...]) -> bool:
    """Whether two states apply an object by one owner, or nobody knows by whom."""
    identities = {one.identity for one in others}
    return owners == others or any(one.identity in identities for one in owners)


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
