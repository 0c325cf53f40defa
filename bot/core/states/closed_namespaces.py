"""What is known of an environment: the namespaces in which everything was looked at."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.resource import Resource
from bot.core.states.placements.applied import Applied

_NAMESPACE = "Namespace"


def closed_namespaces(
    roots: Iterable[Applied], resources: Iterable[Resource], *, links: bool
) -> frozenset[str]:
    """The closed namespaces: what is not among these resources does not exist in them.

    A root that was not read, or of which some file was not, may put anything anywhere: it leaves
    every namespace open, unless its kustomization puts all that it holds into one, which then is
    the only one open. `links` says that there is a symlink or submodule among the roots, behind
    which may be anything. Namespaces that nothing here mentions are never closed: they belong to
    somebody else.
    """
    opened: set[str] = set()
    if links:
        return frozenset()
    for applied in roots:
        if applied.reasons or applied.unread:
            if not applied.root.namespace:
                return frozenset()
            opened.add(applied.root.namespace)
    mentioned: set[str] = set()
    for resource in resources:
        key = resource.key
        if key.namespace is not None:
            mentioned.add(key.namespace)
        elif key.kind == _NAMESPACE and not key.group:
            mentioned.add(key.name)
    return frozenset(mentioned - opened)
