"""What a chart gave in one way of building it, and which of its leaves are another each time.

A chart may make a password, a key or a date: then no two builds of one input are the same. Such a
leaf is no difference between base and head, unless what stands around it in the leaf is one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.values import Value, freeze, mapping
from bot.patterns import pattern
from bot.records import dataclass

FieldSteps: TypeAlias = tuple[str | int, ...]
Leaves: TypeAlias = Mapping[FieldSteps, Value]
"""Places in a resource, with what stood there in a second build of the same input."""

_NONE: Final[Leaves] = MappingProxyType({})
_NAME: Final = ("metadata", "name")
# Base64 of random bytes, and more so of text, begins alike by chance: few letters can follow.
_ENCODED: Final = pattern(r"[A-Za-z0-9+/]{16,}={0,2}")
_CHANCE: Final = 8
_decode: Final = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class Rendition:
    """The resources of one build, and those of their leaves that another build had otherwise."""

    resources: tuple[Resource, ...] = ()
    volatile: Mapping[ResourceKey, Leaves] = field(default_factory=lambda: MappingProxyType({}))


def rendition(first: tuple[Resource, ...], second: tuple[Resource, ...]) -> Rendition:
    """What was built, and which of its leaves were others in a second build of the same input."""
    volatile = {}
    for resource, other in _matched(first, second):
        leaves = dict(_differing(resource.body, other.body, ()))
        if leaves:
            volatile[resource.key] = MappingProxyType(leaves)
    return Rendition(first, MappingProxyType(volatile))


def steadied(old: Rendition, new: Rendition) -> Rendition:
    """The new one, with the old one's value in every leaf that is volatile in both alike.

    Its volatile leaves are those that are left.
    """
    if not old.volatile or not new.volatile:
        return new
    instead: dict[int, Resource] = {}
    pending = dict(new.volatile)
    for was, resource in _matched(old.resources, new.resources):
        before, after = old.volatile.get(was.key, _NONE), new.volatile.get(resource.key, _NONE)
        if was.name != resource.name and not (_NAME in before and _NAME in after):
            continue
        body = _decode(resource.encoded)
        same = dict(_alike(was, resource, before, after))
        for steps, value in same.items():
            _put(body, steps, value)
        if same:
            name = same.get(_NAME, resource.name)
            key = replace(resource.key, name=str(name))
            instead[id(resource)] = Resource.of(key, mapping(freeze(body)), resource.source)
            pending.pop(resource.key, None)
            rest = {steps: value for steps, value in after.items() if steps not in same}
            if rest:
                pending[key] = MappingProxyType(rest)
    resources = tuple(instead.get(id(resource), resource) for resource in new.resources)
    return Rendition(resources, MappingProxyType(pending))


def volatile_nodes(built: Rendition) -> Iterator[Node]:
    """The places of the resources that another build had otherwise."""
    for resource in built.resources:
        for steps in built.volatile.get(resource.key, _NONE):
            node = resource.root
            for step in steps:
                items = list(node.items()) if isinstance(step, int) else []
                node = node[step] if isinstance(step, str) else items[step]
            yield node


def _matched(
    first: Iterable[Resource], second: Iterable[Resource]
) -> Iterator[tuple[Resource, Resource]]:
    """The same resources of two builds; those whose names differ by kind, file and order."""
    others = {resource.key: resource for resource in second}
    nameless: list[Resource] = []
    for resource in first:
        other = others.pop(resource.key, None)
        if other is None:
            nameless.append(resource)
        else:
            yield resource, other
    waiting: dict[object, list[Resource]] = {}
    for resource in others.values():
        waiting.setdefault(_sort(resource), []).append(resource)
    for resource in nameless:
        alike = waiting.get(_sort(resource))
        if alike:
            yield resource, alike.pop(0)


def _sort(resource: Resource) -> object:
    return resource.group_kind, resource.namespace, resource.source.path


def _differing(first: Value, other: Value, steps: FieldSteps) -> Iterator[tuple[FieldSteps, Value]]:
    """The deepest places at which two values differ, with the second's value."""
    if isinstance(first, Mapping) and isinstance(other, Mapping):
        for key in first:
            if key not in other:
                yield (*steps, key), None
            else:
                yield from _differing(first[key], other[key], (*steps, key))
    elif isinstance(first, tuple) and isinstance(other, tuple) and len(first) == len(other):
        for index, item in enumerate(first):
            yield from _differing(item, other[index], (*steps, index))
    elif first != other:
        yield steps, other


def _alike(
    was: Resource, resource: Resource, before: Leaves, after: Leaves
) -> Iterator[tuple[FieldSteps, Value]]:
    """The leaves that are volatile in both and the same but for that, with the old value."""
    for steps, second in after.items():
        if steps in before:
            old, new = _at(was.body, steps), _at(resource.body, steps)
            if _is_alike((old, before[steps]), (new, second)):
                yield steps, old


def _is_alike(before: tuple[Value, Value], after: tuple[Value, Value]) -> bool:
    """Whether two values that change each time differ in nothing else, as far as can be told."""
    if not all(isinstance(value, str) for value in (*before, *after)):
        return len({type(text) for text in (*before, *after)}) == 1
    lines = [str(text).splitlines() for text in (*before, *after)]
    if len({len(text) for text in lines}) != 1:
        return False
    return all(_is_alike_line((a, b), (c, d)) for a, b, c, d in zip(*lines, strict=True))


def _is_alike_line(before: tuple[str, str], after: tuple[str, str]) -> bool:
    """What both builds of one side begin and end with, the other side begins and ends with."""
    slack = _CHANCE if all(map(_ENCODED.fullmatch, (*before, *after))) else 0
    for turn in (1, -1):
        old, new = ([text[::turn] for text in side] for side in (before, after))
        if _common([*old, *new]) + slack < min(_common(old), _common(new)):
            return False
    return True


def _common(texts: Sequence[str]) -> int:
    """How many characters texts begin with in common: those of the first and last in order."""
    low, high = min(texts), max(texts)
    lengths = range(min(len(low), len(high)) + 1)
    return bisect_left(lengths, True, key=lambda length: low[:length] != high[:length]) - 1


def _at(value: Value, steps: FieldSteps) -> Value:
    for step in steps:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, tuple) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _put(body: Any, steps: FieldSteps, value: Value) -> None:
    """Set what stands at a place of this very body."""
    for step in steps[:-1]:
        body = body[step]
    body[steps[-1]] = value


def shared(own_rendition: Rendition, upgrade: Rendition) -> Rendition | None:
    """An upgrade, made of the installation's own resources where it has the same; None if all."""
    resources = {(resource.key, resource.encoded): resource for resource in own_rendition.resources}
    matching_resources = tuple(
        resources.get((resource.key, resource.encoded), resource) for resource in upgrade.resources
    )
    if set(map(id, matching_resources)) == set(map(id, own_rendition.resources)):
        return None
    return replace(upgrade, resources=matching_resources)
