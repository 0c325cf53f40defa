"""What pods of head refer to that base had and head has no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes.references import PROVIDERS, Reference, entries, needs, providers


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that is gone: what provided it at base, and the references at head that miss it.

    `entry` is the key that is gone where the object itself is still there.
    """

    target: ResourceKey
    place: Node
    users: tuple[Reference, ...]
    entry: str | None = None


def broken_references(before: State, after: State) -> Iterator[Broken]:
    """Every object, or key of one, that is gone and that a pod of head still needs."""
    old, new, used = providers(before), providers(after), needs(after)
    for target in sorted(used, key=lambda key: key.sort_key):
        provider, users = old.get(target), used[target]
        if provider is None:
            continue
        if target not in new:
            whole = tuple(user for user in users if user.entry is None)
            if whole and not _may_be_made(target, after):
                yield Broken(target, provider.at("metadata", "name"), whole)
        else:
            yield from _entries(target, provider, new[target], users)


def _entries(
    target: ResourceKey, old: Resource, new: Resource, users: tuple[Reference, ...]
) -> Iterator[Broken]:
    """The keys that a reference names and only base had."""
    had, has = entries(old), entries(new)
    if had is None or has is None:
        return
    for entry in sorted({user.entry for user in users if user.entry} & (had - has)):
        place = next(
            (old.at(field, entry) for field in _FIELDS if old.at(field, entry).exists), old.root
        )
        yield Broken(target, place, tuple(u for u in users if u.entry == entry), entry)


_FIELDS = ("data", "stringData", "binaryData")


def _may_be_made(target: ResourceKey, after: State) -> bool:
    """Whether something at head that is no pod names the object, and so may bring it about."""
    name = json.dumps(target.name).encode()
    held = after.in_namespace(target.namespace) if target.namespace is not None else ()
    return any(
        name in resource.encoded
        for resource in held
        if _is_foreign(resource) and resource.group_kind not in PROVIDERS
    )


def _is_foreign(resource: Resource) -> bool:
    """Whether the kind is not one of Kubernetes' own: those make none of what pods refer to."""
    group = resource.key.group
    return "." in group and not group.endswith(".k8s.io")
