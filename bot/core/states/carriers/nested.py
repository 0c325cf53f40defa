"""The resources of a root together with those that they carry."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from bot.core.identity import identity_of
from bot.core.resource import Nesting, Node, Resource, ResourceKey, ResourceSource
from bot.core.scopes import Scopes
from bot.core.states.carriers.kinds import (
    CLUSTER_RESOURCE_SET,
    READERS,
    Siblings,
    carried_by,
    may_nest,
)
from bot.core.states.carriers.texts import CarriedManifest, Unread
from bot.core.values import Body, mapping, sequence, text, thaw
from bot.records import dataclass

_DEEPEST: Final = 8
"""Carriers within carriers that are followed: a Policy in a ManifestWork in a ResourceSet."""
_MOST: Final = 20_000
_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class _Place:
    """A resource, and how many carriers it lies in."""

    resource: Resource
    depth: int


def with_carried(
    resources: Sequence[Resource], namespace: str, scopes: Scopes
) -> tuple[Resource, ...]:
    """Return the resources of a root with those that they carry.

    `namespace` is that of a resource without one. ClusterResourceSets are left out: the ConfigMaps
    that they name may belong to another root.
    """
    carriers = [resource for resource in resources if _may_carry(resource)]
    if not carriers:
        return tuple(resources)
    return (*resources, *_carried(carriers, Siblings({}), namespace, scopes))


def set_resources(resources: Sequence[Resource], namespace: str) -> tuple[Resource, ...]:
    """Return what the ClusterResourceSets among the resources of an environment apply."""
    sets = [found for found in resources if found.group_kind == CLUSTER_RESOURCE_SET]
    if not sets:
        return ()
    return tuple(_carried(sets, _siblings(resources), namespace, Scopes()))


def _carried(
    carriers: Iterable[Resource], siblings: Siblings, namespace: str, scopes: Scopes
) -> Iterator[Resource]:
    """Yield what carriers carry, and what carriers among that carry in turn."""
    pending = [_Place(resource, _depth(resource)) for resource in carriers]
    count = 0
    while pending and count < _MOST:
        place = pending.pop(0)
        if place.depth >= _DEEPEST:
            continue
        for manifest in carried_by(place.resource, siblings):
            if isinstance(manifest, Unread):
                continue
            for resource in _resources(place.resource, manifest, namespace, scopes):
                count += 1
                yield resource
                if _may_carry(resource):
                    pending.append(_Place(resource, place.depth + 1))


def unread_parts(
    resources: Sequence[Resource], changed: Container[ResourceKey]
) -> Iterator[Unread]:
    """Yield the parts that cannot be read of changed carriers and of changed texts that they name.

    The resources are those of an environment, with the carried ones.
    """
    siblings = _siblings(resources)
    for resource in resources:
        if resource.key not in changed and resource.group_kind != CLUSTER_RESOURCE_SET:
            continue
        if not (_may_carry(resource) or resource.group_kind == CLUSTER_RESOURCE_SET):
            continue
        for part in carried_by(resource, siblings):
            if isinstance(part, Unread):
                yield part
            elif _depth(resource) >= _DEEPEST:
                yield Unread(_node(part), f"lies in more than {_DEEPEST} carriers, one in another")
                break


def _depth(resource: Resource) -> int:
    nesting = resource.source.nesting
    return 0 if nesting is None else nesting.depth


def _node(manifest: CarriedManifest) -> Node:
    return manifest.holder.root


def _may_carry(resource: Resource) -> bool:
    kind = resource.group_kind
    if kind in READERS:
        return True
    return may_nest(kind) and resource.encoded.count(b'"kind":') > 1


def _siblings(resources: Sequence[Resource]) -> Siblings:
    needed = any(resource.group_kind == CLUSTER_RESOURCE_SET for resource in resources)
    return Siblings(
        {
            (resource.key.kind, resource.namespace, resource.name): resource
            for resource in (resources if needed else ())
            if resource.key.group == "" and resource.key.kind == "ConfigMap"
        }
    )


def _resources(
    carrier: Resource, manifest: CarriedManifest, namespace: str, scopes: Scopes
) -> Iterator[Resource]:
    """Yield the resources of a manifest, with the items of lists."""
    for steps, body in _unwrapped(manifest.body):
        encoded = _encode(thaw(body))
        identity = identity_of(encoded)
        if identity is None:
            continue
        source = _source(carrier, manifest, steps)
        key = identity.key(manifest.namespace or namespace, scopes)
        yield Resource(key, identity.api_version, encoded, source)


def _unwrapped(body: Body) -> Iterator[tuple[tuple[str | int, ...], Body]]:
    kind = text(body.get("kind")) or ""
    if not (kind.endswith("List") and isinstance(body.get("items"), tuple)):
        yield (), body
        return
    for index, item in enumerate(sequence(body["items"])):
        for steps, inner in _unwrapped(mapping(item)):
            yield ("items", index, *steps), inner


def _source(
    carrier: Resource, manifest: CarriedManifest, steps: tuple[str | int, ...]
) -> ResourceSource:
    """Return where the manifest is written, relative to the outermost object or text."""
    source = manifest.holder.source
    outer = source.nesting
    depth = 1 + _depth(carrier)
    known = manifest.known and (outer is None or outer.known)
    title = str(carrier.key) if carrier.source.nesting is None else carrier.source.nesting.carrier
    if manifest.document >= 0:
        before = () if outer is None else outer.steps
        nesting = Nesting(
            title,
            (*before, *manifest.steps),
            manifest.document,
            (*manifest.beyond, *steps),
            known,
            depth,
        )
    elif outer is None:
        nesting = Nesting(title, (*manifest.steps, *steps), known=known, depth=depth)
    elif outer.document < 0:
        nesting = Nesting(title, (*outer.steps, *manifest.steps, *steps), known=known, depth=depth)
    else:
        beyond = (*outer.beyond, *manifest.steps, *steps)
        nesting = Nesting(title, outer.steps, outer.document, beyond, known, depth)
    return ResourceSource(
        source.path,
        source.blob,
        source.document,
        source.item,
        kustomize=source.kustomize,
        root=source.root,
        nesting=nesting,
    )
