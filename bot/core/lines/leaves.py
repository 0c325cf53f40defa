"""The scalars of a field or a resource that differ between base and head."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

from bot.core.lines.routes import value_at
from bot.core.lines.written_lines import MOST_LINES, scalar_text
from bot.core.resource import Node, Resource, Route
from bot.core.values import Value
from bot.records import dataclass

# Bound for one finding: the scalars that its lines are compared with.
_MOST_LEAVES: Final = 30


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar, the names of the fields that lead to it, and the text on the other side, if any."""

    keys: tuple[str, ...]
    text: str
    counterpart: str = ""


@dataclass(frozen=True, slots=True)
class Sought:
    """The scalars that a field gained and lost, and the resource that holds it."""

    gained: tuple[Leaf, ...]
    lost: tuple[Leaf, ...]
    kind: str
    name: str
    origin: str


def sought(node: Node, before: Value, after: Value) -> Sought:
    """Return what to look for at a node that had one value and has another."""
    old, new = (tuple(_leaves(node.route, value)) for value in (before, after))
    old_values, kept = set(old), set(new)
    gained = _by_lines(_paired((leaf for leaf in new if leaf not in old_values), old), old)
    lost = _by_lines(_paired((leaf for leaf in old if leaf not in kept), new), new)
    resource = node.resource
    return Sought(gained, lost, resource.key.kind, resource.name, resource.source.path)


def changed_leaves(resource: Resource, other: Resource | None) -> Iterator[Node]:
    """Yield a bounded number of the scalars that differ from another resource."""
    body = other.body if other is not None else None
    return (leaf for leaf in islice(_scalars(resource.root), MOST_LINES)
            if value_at(body, leaf.route) != leaf.value)  # fmt: skip


def _scalars(node: Node) -> Iterator[Node]:
    inner = [*node.items(), *(child for _, child in node.fields())]
    if not inner and node.value is not None:
        yield node
    for child in inner:
        yield from _scalars(child)


def _leaves(route: Route, value: Value) -> Iterator[Leaf]:
    """Yield a bounded number of scalars of a value."""
    names = tuple(step for step in route if isinstance(step, str))
    queue: deque[tuple[tuple[str, ...], Value]] = deque([(names, value)])
    seen = 0
    while queue and seen < _MOST_LEAVES:
        keys, current = queue.popleft()
        if isinstance(current, Mapping):
            queue.extend(((*keys, key), item) for key, item in current.items())
        elif isinstance(current, tuple):
            queue.extend((keys, item) for item in current)
        elif current is not None:
            seen += 1
            yield Leaf(keys, scalar_text(current))


def _paired(leaves: Iterable[Leaf], others: Iterable[Leaf]) -> Iterator[Leaf]:
    """Yield the leaves with what the other side has in the same field, where that is one scalar."""
    texts: dict[tuple[str, ...], list[str]] = {}
    for leaf in others:
        texts.setdefault(leaf.keys, []).append(leaf.text)
    for leaf in leaves:
        there = texts.get(leaf.keys, [])
        yield replace(leaf, counterpart=there[0]) if len(there) == 1 else leaf


def _by_lines(leaves: Iterable[Leaf], others: Iterable[Leaf]) -> tuple[Leaf, ...]:
    """Return the leaves; those of several lines as the lines that no other leaf has."""
    lines = {line.strip() for leaf in others for line in leaf.text.split("\n")}
    matching = (
        replace(leaf, text=line.strip())
        for leaf in leaves
        for line in leaf.text.split("\n")
        if "\n" not in leaf.text or (line.strip() and line.strip() not in lines)
    )
    return tuple(islice(matching, _MOST_LEAVES))
