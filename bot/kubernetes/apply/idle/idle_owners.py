"""Idle owners: GitOps objects that apply nothing of their source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.apply.idle.owner_dependencies import dependencies
from bot.kubernetes.apply.idle.presumed import applied_by_nobody
from bot.kubernetes.apply.idle.rolling_syncs import unselected_by
from bot.kubernetes.apply.idle.unmet_dependencies import unmet
from bot.kubernetes.gitops.owners import all_owners, application_spec, owners_of
from bot.kubernetes.gitops.prune_marks import flux_mark

_SKIP_RECONCILE: Final = "argocd.argoproj.io/skip-reconcile"
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})  # Go's strconv.ParseBool


def idle_by(owner: Resource) -> Node | None:
    """Return the field by which an owner applies nothing at all, None where it applies its source.

    Argo CD refuses a destination with an address and a name:
    https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#applications
    """
    if owner.group_kind in kinds.FLUX_OWNERS:
        suspended = owner.at("spec", "suspend")
        return suspended if suspended.value is True else flux_mark(owner, "reconcile", "ssa")
    if owner.group_kind in kinds.APPLICATIONS:
        skip = _skip(owner)
        if skip.text in _TRUE:
            return skip
        unselected = unselected_by(owner)
        if unselected is not None:
            return unselected
        destination = application_spec(owner)["destination"]
        return destination["name"] if _is_named_twice(destination) else None
    return None


def is_pause(field: Node) -> bool:
    """Return whether a field that makes an owner idle pauses it, until somebody resumes it."""
    return field.route[-1] in ("suspend", _SKIP_RECONCILE) if field.route else False


def _is_named_twice(destination: Node) -> bool:
    """Whether a destination has both fields; fields that a generator fills in do not count."""
    texts = [destination[name].text or "" for name in ("server", "name")]
    return all(text and "{{" not in text for text in texts)


def _skip(owner: Resource) -> Node:
    is_set = owner.group_kind == kinds.APPLICATION_SET
    metadata = owner.at("spec", "template", "metadata") if is_set else owner.at("metadata")
    return metadata["annotations"][_SKIP_RECONCILE]


def idle_owners(before: State, after: State) -> Mapping[ResourceKey, Node]:
    """Return the owners of head that apply nothing, each with the field that says so.

    New owners that an idle one would have to create first, or that wait for a new idle one, apply
    nothing either.
    """
    owners = {owner.key: owner for owner in after.derived(all_owners)}
    idle: dict[ResourceKey, Node] = {}
    for key, owner in owners.items():
        field = idle_by(owner) or unmet(owner, before, after)
        field = field or applied_by_nobody(owner, before, after)
        if field is not None:
            idle[key] = field
    if idle:
        _add_waiting([owners[key] for key in owners if before.get(key) is None], after, idle)
    return MappingProxyType(idle)


def _add_waiting(new: list[Resource], after: State, idle: dict[ResourceKey, Node]) -> None:
    """Add the new owners that idle ones would have to create, or that wait for a new idle one."""
    created_by = {one.key: [parent.resource.key for parent in owners_of(one, after)] for one in new}
    waiting: dict[ResourceKey, list[tuple[Resource, Node | None]]] = {}
    for owner in new:
        for parent in created_by[owner.key]:
            waiting.setdefault(parent, []).append((owner, None))
        for dependency in dependencies(owner):
            needed = replace(owner.key, namespace=dependency.namespace, name=dependency.name)
            if needed in created_by:
                waiting.setdefault(needed, []).append((owner, dependency.node))
    pending = list(idle)
    while pending:
        cause = pending.pop()
        for owner, node in waiting.get(cause, ()):
            is_left = node is not None or all(one in idle for one in created_by[owner.key])
            if owner.key not in idle and is_left:
                idle[owner.key] = node or idle[cause]
                pending.append(owner.key)
