"""Broken references: what pods of head need, base had, and head no longer has."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes.workloads.references import (
    PROVIDERS,
    PodReference,
    entries,
    providers,
    users_of,
)
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Broken:
    """An object or key that is gone: its provider at base, and the references at head that miss it.

    `entry` is the missing key where the object itself still exists.
    """

    target: ResourceKey
    place: Node
    users: tuple[PodReference, ...]
    entry: str | None = None


def broken_references(before: State, after: State) -> Iterator[Broken]:
    """Every object, or key of one, that is gone and that a pod of head still needs."""
    gone = dict(_gone(before, after))
    used = users_of(after, gone)
    for target in sorted(gone, key=lambda key: key.sort_key):
        provider, lost = gone[target]
        users = used.get(target, ())
        if lost is not None:
            for entry in sorted({user.entry for user in users if user.entry} & lost):
                named = tuple(user for user in users if user.entry == entry)
                yield Broken(target, _place(provider, entry), named, entry)
        else:
            whole = tuple(user for user in users if user.entry is None)
            if whole and not _may_be_made(target, after):
                yield Broken(target, provider.at("metadata", "name"), whole)


def _gone(
    before: State, after: State
) -> Iterator[tuple[ResourceKey, tuple[Resource, frozenset[str] | None]]]:
    """What base provided and head does not: objects (with None) and keys of objects."""
    old, new = providers(before), providers(after)
    for target, provider in old.items():
        after_resource = new.get(target)
        if after_resource is None:
            yield target, (provider, None)
        elif after_resource is not provider and after_resource.encoded != provider.encoded:
            had, has = entries(provider), entries(after_resource)
            if had is not None and has is not None and had - has:
                yield target, (provider, had - has)


def _place(provider: Resource, entry: str) -> Node:
    places = (provider.at(field, entry) for field in _FIELDS)
    return next((place for place in places if place.exists), provider.root)


_FIELDS = ("data", "stringData", "binaryData")


def _may_be_made(target: ResourceKey, after: State) -> bool:
    """Whether a resource at head that has no pods names the object, and so may create it."""
    name = msgspec.json.encode(target.name)
    resources = after.in_namespace(target.namespace) if target.namespace is not None else ()
    return any(
        name in resource.encoded
        for resource in resources
        if _is_foreign(resource) and resource.group_kind not in PROVIDERS
    )


def _is_foreign(resource: Resource) -> bool:
    """Whether the kind is not a built-in one; built-in kinds do not create what pods refer to."""
    group = resource.key.group
    return "." in group and not group.endswith(".k8s.io")
