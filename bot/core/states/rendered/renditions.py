"""What a chart gave in one way of building it, and which of its leaves are another each time.

A chart may make a password, a key or a date: then no two builds of one input are the same. Such a
leaf is no difference between base and head, unless what stands around it in the leaf is one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.values import Value, freeze, mapping

FieldSteps: TypeAlias = tuple[str | int, ...]
Leaves: TypeAlias = Mapping[FieldSteps, Value]
"""Places in a resource, with what stood there in a second build of the same input."""

_NONE: Final[Leaves] = MappingProxyType({})
_NAME: Final = ("metadata", "name")
# Base64 of random bytes, and more so of text, begins alike by chance: few letters can follow.
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
_CHANCE: Final = 8
_decode: Final = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class Rendition:
    """The resources of one build, and those of their leaves that another build had otherwise."""

    resources: tuple[Resource, ...] = ()
    volatile: Mapping[ResourceKey, Leaves] = field(default_factory=lambda: MappingProxyType({}))


def rendition(first: tuple[Resource, ...], second: tuple[Resource, ...]) -> Rendition:
    """What was built, and which of its leaves were others in a second build of the same input."""
    found = {}
    for one, other in _matched(first, second):
        leaves = dict(_differing(one.body, other.body, ()))
        if leaves:
            found[one.key] = MappingProxyType(leaves)
    return Rendition(first, MappingProxyType(found))


def steadied(old: Rendition, new: Rendition) -> Rendition:
    """The new one, with the old one's value in every leaf that is volatile in both alike.

    Its volatile leaves are those that are left.
    """
    if not old.volatile or not new.volatile:
        return new
    instead: dict[int, Resource] = {}
    left = dict(new.volatile)
    for was, now in _matched(old.resources, new.resources):
        before, after = old.volatile.get(was.key, _NONE), new.volatile.get(now.key, _NONE)
        if was.name != now.name and not (_NAME in before and _NAME in after):
            continue
        body = _decode(now.encoded)
        same = dict(_alike(was, now, before, after))
        for steps, value in same.items():
            _put(body, steps, value)
        if same:
            name = same.get(_NAME, now.name)
            key = replace(now.key, name=str(name))
            instead[id(now)] = Resource.of(key, mapping(freeze(body)), now.source)
            left.pop(now.key, None)
            rest = {steps: value for steps, value in after.items() if steps not in same}
            if rest:
                left[key] = MappingProxyType(rest)
    resources = tuple(instead.get(id(held), held) for held in new.resources)
    return Rendition(resources, MappingProxyType(left))


def volatile_nodes(held: Rendition) -> Iterator[Node]:
    """The places of the resources that another build had otherwise."""
    for one in held.resources:
        for steps in held.volatile.get(one.key, _NONE):
            node = one.root
            for step in steps:
                items = list(node.items()) if isinstance(step, int) else []
                node = node[step] if isinstance(step, str) else items[step]
            yield node


def _matched(
    first: Iterable[Resource], second: Iterable[Resource]
) -> Iterator[tuple[Resource, Resource]]:
    """The same resources of two builds; those whose names differ by kind, file and order."""
    others = {held.key: held for held in second}
    nameless: list[Resource] = []
    for held in first:
        other = others.pop(held.key, None)
        if other is None:
            nameless.append(held)
        else:
            yield held, other
    waiting: dict[object, list[Resource]] = {}
    for held in others.values():
        waiting.setdefault(_sort(held), []).append(held)
    for held in nameless:
        alike = waiting.get(_sort(held))
        if alike:
            yield held, alike.pop(0)


def _sort(held: Resource) -> object:
    return held.group_kind, held.namespace, held.source.path


def _differing(one: Value, other: Value, steps: FieldSteps) -> Iterator[tuple[FieldSteps, Value]]:
    """The deepest places at which two values differ, with the second's value."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in one:
            if key not in other:
                yield (*steps, key), None
            else:
                yield from _differing(one[key], other[key], (*steps, key))
    elif isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        for index, held in enumerate(one):
            yield from _differing(held, other[index], (*steps, index))
    elif one != other:
        yield steps, other


def _alike(
    was: Resource, now: Resource, before: Leaves, after: Leaves
) -> Iterator[tuple[FieldSteps, Value]]:
    """The leaves that are volatile in both and the same but for that, with the old value."""
    for steps, second in after.items():
        if steps in before:
            old, new = _at(was.body, steps), _at(now.body, steps)
            if _is_alike((old, before[steps]), (new, second)):
                yield steps, old


def _is_alike(before: tuple[Value, Value], after: tuple[Value, Value]) -> bool:
    """Whether two values that change each time differ in nothing else, as far as can be told."""
    if not all(isinstance(held, str) for held in (*before, *after)):
        return len({type(held) for held in (*before, *after)}) == 1
    lines = [str(held).splitlines() for held in (*before, *after)]
    if len({len(held) for held in lines}) != 1:
        return False
    return all(_is_alike_line((a, b), (c, d)) for a, b, c, d in zip(*lines, strict=True))


def _is_alike_line(before: tuple[str, str], after: tuple[str, str]) -> bool:
    """What both builds of one side begin and end with, the other side begins and ends with."""
    slack = _CHANCE if all(map(_ENCODED.fullmatch, (*before, *after))) else 0
    for turn in (1, -1):
        old, new = ([held[::turn] for held in side] for side in (before, after))
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
