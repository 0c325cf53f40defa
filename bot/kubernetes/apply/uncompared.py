"""Changes that an owner does not see, because it ignores the fields that differ."""

from __future__ import annotations

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes.apply.handling import Handling
from bot.kubernetes.apply.ignored_differences import (
    FieldPath,
    ignored_fields,
    ignores_a_rule,
    uncompared_items,
    with_ignored,
)
from bot.kubernetes.apply.ignored_targets import ignores
from bot.kubernetes.gitops.owners import owners_of
from bot.kubernetes.limiting import limits_others


def by_ignored(resource: Resource, owner: Resource) -> Handling | None:
    """Return the fields that an owner ignores; the whole object where only the cluster knows them.

    That counts for what limits others alone: most ignored fields are those that controllers set.
    """
    frozen: list[FieldPath] = []
    first: Node | None = None
    for item in uncompared_items(owner):
        if not ignores(item, resource):
            continue
        fields = None if ignores_a_rule(item, resource) else ignored_fields(item)
        if fields is None and limits_others(resource.group_kind):
            return Handling("created", item)
        if fields:
            frozen.extend(fields)
            first = first or item
    return Handling("partly", first, tuple(frozen)) if first is not None else None


def is_uncompared(old: Resource | None, new: Resource | None, handling: Handling | None) -> bool:
    """Return whether two objects differ only in what their owner ignores."""
    if old is None or new is None or handling is None:
        return False
    is_whole = handling.manner == "created"
    return is_whole or with_ignored(old, new, handling.frozen).body == old.body


def syncing_owners(before: State, after: State) -> frozenset[ResourceKey]:
    """Return the Applications and sets that have a difference which they do not ignore.

    Argo CD begins no sync by itself while everything that differs is ignored; a sync applies all.
    https://github.com/argoproj/argo-cd/blob/master/controller/appcontroller.go (autoSync)
    """
    syncing: set[ResourceKey] = set()
    for change in after.since(before):
        state, resource = (before, change.before) if change.after is None else (after, change.after)
        if resource is None:
            continue
        for owner in owners_of(resource, state):
            handling = by_ignored(resource, owner.resource)
            if not is_uncompared(change.before, change.after, handling):
                syncing.add(owner.resource.key)
    return frozenset(syncing)
