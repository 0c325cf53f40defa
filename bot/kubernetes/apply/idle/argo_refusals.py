"""Applications that Argo CD does not sync: refused, in a closed window, or not updated by a set."""

from __future__ import annotations

from typing import Final

from bot.core.globs import name_matches
from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.apply.idle.sync_windows import closed_window
from bot.kubernetes.apply.ignored_differences import FieldPath, listed_fields
from bot.kubernetes.gitops.owners import application_spec

_DEFAULT_PROJECT: Final = "default"
_CREATING: Final = frozenset({"create-only", "create-delete"})
_SOURCES: Final = ("source", "sources")


def refused(owner: Resource, before: State, after: State) -> Node | None:
    """Return the field because of which Argo CD syncs nothing new for an Application or a set."""
    if owner.group_kind == kinds.APPLICATION:
        refusing = _refused(owner, before, after)
    else:
        refusing = _not_updated(owner, before, after)
    return refusing or closed_window(owner, after)


def _refused(owner: Resource, before: State, after: State) -> Node | None:
    """The field because of which Argo CD refuses a new Application: its project or namespace.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/app-any-namespace/
    """
    node = owner.at("spec", "project")
    name = node.text or _DEFAULT_PROJECT
    projects = after.of(kinds.APP_PROJECT)
    namesakes = [project for project in projects if project.name == name]
    applications = before.of(kinds.APPLICATION)
    if not namesakes:
        used = any(other.at("spec", "project").text == name for other in applications)
        return node if name != _DEFAULT_PROJECT and not used else None
    space = owner.namespace or ""
    if any(other.namespace == space for other in (*namesakes, *applications)):
        return None
    allowed = (
        pattern for project in namesakes for pattern in project.at("spec", "sourceNamespaces").texts
    )
    return None if name_matches(space, allowed) else owner.at("metadata", "namespace")


def _not_updated(owner: Resource, before: State, after: State) -> Node | None:
    """The field that keeps a set from changing the sources of its Applications.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Controlling-Resource-Modification/
    """
    old = before.get(owner.key)
    if old is None:
        return None
    was, now = application_spec(old), application_spec(owner)
    is_edited = any(was[name].value != now[name].value for name in _SOURCES)
    if not is_edited and not _is_moved(owner.key, before, after):
        return None
    return _keeping(owner, old)


def unmoved(owner: Resource, before: State, after: State) -> Node | None:
    """Return the field by which Applications of a set stay in the directories of base."""
    old = before.get(owner.key)
    if old is None or owner.group_kind != kinds.APPLICATION_SET:
        return None
    return _keeping(owner, old) if _is_moved(owner.key, before, after) else None


def _keeping(owner: Resource, old: Resource) -> Node | None:
    """The field by which a set never updates the sources of its Applications."""
    policy = owner.at("spec", "syncPolicy", "applicationsSync")
    if policy.text in _CREATING:
        return policy
    for item in owner.at("spec", "ignoreApplicationDifferences").items():
        if any(_keeps_source(path, old, owner) for path in listed_fields(item) or ()):
            return item
    return None


def _is_moved(key: ResourceKey, before: State, after: State) -> bool:
    """Whether an Application of a set gets another directory, for example from a generator."""
    paths = [
        {root.name: root.path for root in state.declarations if root.node.resource.key == key}
        for state in (before, after)
    ]
    return any(paths[1].get(name, path) != path for name, path in paths[0].items())


def _keeps_source(path: FieldPath, old: Resource, new: Resource) -> bool:
    """Whether an ignored field holds all sources, or the part of a source that differs."""
    if path in (("spec",), *(("spec", name) for name in _SOURCES)):
        return True
    if path[:2] not in (("spec", "source"), ("spec", "sources")) or "*" in path:
        return False
    sides = (side.at("spec", "template", *path).value for side in (old, new))
    return len(set(map(repr, sides))) > 1
