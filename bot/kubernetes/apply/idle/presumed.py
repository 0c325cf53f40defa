"""Owners that no manifest shows to be applied: enough for anything but a guard."""

from __future__ import annotations

from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.gitops.owners import all_owners


def applied_by_nobody(owner: Resource, before: State, after: State) -> Node | None:
    """Return the root of a new owner that nothing applies, where base applies others of its tool.

    Somebody may apply by hand what lies beside an owner that nothing here applies at base.
    """
    is_argo = owner.group_kind in kinds.APPLICATIONS
    base = before.derived(all_owners)
    others = [one for one in base if (one.group_kind in kinds.APPLICATIONS) == is_argo]
    if owner.key in after.applied_by or any(other.key == owner.key for other in others):
        return None
    applied = {other.key for other in others if other.key in before.applied_by}
    places = {_directory(other) for other in others if other.key in applied}
    if after.get(owner.key) is None and _directory(owner) not in places:
        return None  # it may lie in another environment, whose state says who applies it
    by_hand = {_directory(other) for other in others if other.key not in applied}
    is_beside = any(f"{_directory(owner)}/".startswith(f"{place}/") for place in by_hand)
    return owner.root if applied and not is_beside else None


def is_presumed(field: Node, state: State) -> bool:
    """Return whether an owner is idle only because an object is not here that may be elsewhere.

    That is something that applies it, or the project of an Application.
    """
    owner = field.resource
    if not field.route:
        return True
    if owner.group_kind != kinds.APPLICATION or field.route != ("spec", "project"):
        return False
    projects = state.of(kinds.APP_PROJECT)
    return not projects or any(project.namespace not in state.closed for project in projects)


def _directory(resource: Resource) -> str:
    return resource.source.path.rpartition("/")[0]
