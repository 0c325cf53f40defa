"""The resources of several roots in one environment, each key once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from bot.core.resource import Resource, ResourceKey
from bot.core.states.placements.applied import Applied

_NONE: Final[frozenset[ResourceKey]] = frozenset()


def combined(roots: Iterable[Applied], *, upgrade: bool = False) -> tuple[Resource, ...]:
    """All resources, the last of each key, as with kubectl; those without a name of their own all.

    What has only the prefix of a name is told apart by a number in the order of what is written.
    Carriers may put the same object into several clusters: it replaces no other one of its key.
    """
    resources: dict[ResourceKey, Resource] = {}
    nameless: list[Resource] = []
    nested: list[Resource] = []
    ordered = sorted(roots, key=_source_order)
    hiding = [applied for applied in ordered if applied.unapplied]
    for applied in ordered:
        hidden = _hidden(applied, hiding) if hiding else _NONE
        for resource in applied.as_upgrade.resources if upgrade else applied.resources:
            if applied.generated and id(resource) in applied.generated:
                nameless.append(resource)
            elif resource.source.nesting is not None:
                nested.append(resource)
            elif resource.key not in hidden:
                resources[resource.key] = resource
    for resource in sorted(nameless, key=lambda held: (held.key.sort_key, held.encoded)):
        key, number = resource.key, 1
        while key in resources:
            number += 1
            key = replace(resource.key, name=f"{resource.key.name}{number}")
        resources[key] = resource if number == 1 else replace(resource, key=key)
    return joined(resources.values(), nested)


def with_unlisted(resources: Iterable[Resource], added: Iterable[Resource]) -> tuple[Resource, ...]:
    """Return resources with others in the place of those of the same key.

    What has only the prefix of a name, or is carried, replaces nothing.
    """
    by_key = {resource.key: resource for resource in resources}
    nested: list[Resource] = []
    for resource in added:
        if resource.source.nesting is not None:
            nested.append(resource)
        elif resource.key in by_key and resource.key.name.endswith("*"):
            key = replace(resource.key, name=f"{resource.key.name} in {resource.source.path}")
            by_key[key] = replace(resource, key=key)
        else:
            by_key[resource.key] = resource
    return joined(by_key.values(), nested)


def _hidden(applied: Applied, hiding: Iterable[Applied]) -> frozenset[ResourceKey]:
    """Return the keys that a later source keeps the owner of a root from applying."""
    later = (
        other.unapplied
        for other in hiding
        if _owner(other) == _owner(applied) and _source_order(other) > _source_order(applied)
    )
    return frozenset().union(*later)


def _owner(applied: Applied) -> tuple[ResourceKey, str] | None:
    """Return the object that declares a root, and the Application that a set generates of it."""
    declared = applied.root.declared
    return None if declared is None else (declared.node.resource.key, declared.name)


def _source_order(applied: Applied) -> int:
    """Return which of an object's sources a root is: Argo CD applies the last of duplicates.

    https://argo-cd.readthedocs.io/en/stable/user-guide/multiple_sources/
    """
    return applied.root.declared.order if applied.root.declared is not None else 0


def joined(resources: Iterable[Resource], nested: Iterable[Resource]) -> tuple[Resource, ...]:
    """Return resources with distinct keys, with carried ones beside them.

    None of those replaces another one of its key.
    """
    added = tuple(nested)
    if not added:
        return tuple(resources)
    by_key = {resource.key: resource for resource in resources}
    for resource in added:
        key = _named_by_carrier(resource) if resource.key in by_key else resource.key
        by_key[key] = resource if key is resource.key else replace(resource, key=key)
    return tuple(by_key.values())


def _named_by_carrier(resource: Resource) -> ResourceKey:
    """Return a key that tells a carried resource from another one of the same key."""
    nesting = resource.source.nesting
    carrier = nesting.carrier if nesting is not None else ""
    return replace(resource.key, name=f"{resource.key.name} (in {carrier})")
