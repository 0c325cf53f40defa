"""Objects that the cluster deletes by itself: with their owners, or after some time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource
from bot.core.state import Change, State, changes
from bot.kubernetes import kinds
from bot.kubernetes.limiting import limits_others

_TIME_TO_LIVE: Final = "cleanup.kyverno.io/ttl"


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


def newly_expiring(before: State, after: State) -> Iterator[Node]:
    """The new labels by which Kyverno deletes objects that limit others or hold data.

    https://kyverno.io/docs/policy-types/cleanup-policy/#cleanup-label
    """
    for change in changes(before, after):
        if change.after is not None and _is_worth_keeping(change.after):
            node = change.after.at("metadata", "labels", _TIME_TO_LIVE)
            old = change.before and change.before.labels.get(_TIME_TO_LIVE)
            if node.exists and old != node.value:
                yield node


def _owners(change: Change) -> object:
    return change.before and change.before.at("metadata", "ownerReferences").value


def _is_worth_keeping(resource: Resource) -> bool:
    kept = {kinds.NAMESPACE, kinds.PERSISTENT_VOLUME_CLAIM, kinds.CUSTOM_RESOURCE_DEFINITION}
    return resource.group_kind in kept or limits_others(resource.group_kind)
