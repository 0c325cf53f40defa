"""Provenance: ranks changed lines by how likely they caused a field of a rendered resource.

Text similarity only decides what is tried first. The caller proves a cause by building with the
hunk reverted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import islice
from types import MappingProxyType
from typing import Final

from bot.core.lines.line_diff import Hunk, lines_of
from bot.core.lines.written_lines import (
    LINE,
    LONGEST_LINE,
    MOST_LINES,
    key_paths,
    plain,
    scalar_text,
)
from bot.core.resource import ListStep, Node, Resource, Route
from bot.core.values import Value
from bot.records import dataclass

# Bound for one finding: the scalars that its lines are compared with.
_MOST_LEAVES: Final = 30

_EQUAL, _EQUAL_KEY = 20, 4
_WITHIN, _WITHIN_KEY = 10, 2
_PART: Final = 8
_NEW_PART: Final = 1
_RESEMBLES: Final = 50
_OWN_FILE: Final = 6
_NAMED: Final = 5

# https://helm.sh/docs/chart_template_guide/values_files/#deleting-a-default-key
_EMPTY: Final = frozenset({"null", "~", "{}", "[]"})


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


@dataclass(frozen=True, slots=True)
class Spotted:
    """A hunk and its most similar lines; None where no line is similar."""

    hunk: Hunk
    score: int
    new: int | None
    old: int | None


@dataclass(frozen=True, slots=True)
class Texts:
    """The files of one side by path, with the field names that lead to each line."""

    contents: Mapping[str, str]
    _keys: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)

    def keys(self, path: str, first: int, count: int) -> list[tuple[str, ...]]:
        """Return the field names of `count` lines of a file, from line `first` (1-based)."""
        if path not in self._keys:
            self._keys[path] = list(key_paths(lines_of(self.contents.get(path, ""))))
        return self._keys[path][first - 1 : first - 1 + count]


def sought(node: Node, before: Value, after: Value) -> Sought:
    """Return what to look for at a node that had one value and has another."""
    old, new = (tuple(_leaves(node.route, value)) for value in (before, after))
    old_values, kept = set(old), set(new)
    gained = _by_lines(_paired((leaf for leaf in new if leaf not in old_values), old), old)
    lost = _by_lines(_paired((leaf for leaf in old if leaf not in kept), new), new)
    resource = node.resource
    return Sought(gained, lost, resource.key.kind, resource.name, resource.source.path)


def ranked(
    candidates: Iterable[Hunk], before: Texts, after: Texts, target: Sought
) -> tuple[Spotted, ...]:
    """Return the hunks, most similar to what is sought first."""
    spotted = []
    budget = MOST_LINES
    for hunk in sorted(candidates, key=lambda hunk: hunk.path != target.origin):
        text = after.contents.get(hunk.path) or before.contents.get(hunk.path, "")
        keys = after.keys(hunk.path, hunk.new, len(hunk.added))
        added, new = _best(hunk.added[:budget], keys, target.gained)
        if new is None:
            added, new = _emptied(hunk.added[:budget], keys, target.lost)
        keys = before.keys(hunk.path, hunk.old, len(hunk.removed))
        removed, old = _best(hunk.removed[:budget], keys, target.lost)
        budget = max(0, budget - len(hunk.added) - len(hunk.removed))
        score = max(added, removed)
        # A hunk with nothing of the value ranks below every hunk with a part of it.
        score += _RESEMBLES * (score >= _PART)
        score += _OWN_FILE * (hunk.path == target.origin)
        score += _NAMED * (f"kind: {target.kind}" in text)
        score += _NAMED * (bool(target.name) and target.name in text)
        spotted.append(
            Spotted(
                hunk,
                score,
                None if new is None else hunk.new + new,
                None if old is None else hunk.old + old,
            )
        )
    return tuple(sorted(spotted, key=lambda entry: (-entry.score, entry.hunk.path, entry.hunk.new)))


def changed_leaves(resource: Resource, other: Resource | None) -> Iterator[Node]:
    """Yield a bounded number of the scalars that differ from another resource."""
    body = other.body if other is not None else None
    return (leaf for leaf in islice(_scalars(resource.root), MOST_LINES)
            if value_at(body, leaf.route) != leaf.value)  # fmt: skip


def likest(nodes: Iterable[Node], leaves: Sequence[Leaf]) -> Node | None:
    """Return the scalar that is most similar to one of these leaves; None if none is similar."""
    best, likest_item = _PART - 1, None
    for node in nodes:
        keys, text = (
            tuple(step for step in node.route if isinstance(step, str)),
            scalar_text(node.value),
        )
        score = max((_score(text, text, keys, leaf) for leaf in leaves), default=0)
        if score > best:
            best, likest_item = score, node
    return likest_item


def value_at(value: Value, route: Route) -> Value:
    """Return the value at the end of a route in a body, with list items found by merge key.

    None where nothing stands there.
    """
    for step in route:
        if isinstance(step, ListStep):
            value = _item(value, step)
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def with_value(value: Value, route: Route, replacement: Value) -> Value:
    """Return a body with another value at the end of a route that exists in it."""
    if not route:
        return replacement
    step, rest = route[0], route[1:]
    if isinstance(step, ListStep) and isinstance(value, tuple) and step.index < len(value):
        items = list(value)
        items[step.index] = with_value(items[step.index], rest, replacement)
        return tuple(items)
    if isinstance(step, str) and isinstance(value, Mapping):
        return MappingProxyType({**value, step: with_value(value.get(step), rest, replacement)})
    return value


def _scalars(node: Node) -> Iterator[Node]:
    inner = [*node.items(), *(child for _, child in node.fields())]
    if not inner and node.value is not None:
        yield node
    for child in inner:
        yield from _scalars(child)


def _item(value: Value, step: ListStep) -> Value:
    if not isinstance(value, tuple):
        return None
    if not step.key:
        return value[step.index] if step.index < len(value) else None
    named = dict(part.partition("=")[::2] for part in step.key.split(","))
    for item in value:
        if isinstance(item, Mapping):
            if all(str(item.get(name)) == text for name, text in named.items()):
                return item
        elif str(item) == step.key:
            return item
    return None


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


def _best(
    lines: Sequence[str], paths: Sequence[tuple[str, ...]], leaves: Sequence[Leaf]
) -> tuple[int, int | None]:
    """Return the highest score of these lines, and the index of its line."""
    best, at = 0, None
    for index, (line, keys) in enumerate(zip(lines, paths, strict=False)):
        text = line[:LONGEST_LINE].strip()
        match = LINE.match(text)
        literal = (match["value"] or match["item"] or "") if match else ""
        score = max((_score(text, plain(literal), keys, leaf) for leaf in leaves), default=0)
        if score > best:
            best, at = score, index
    return best, at


def _emptied(
    lines: Sequence[str], paths: Sequence[tuple[str, ...]], leaves: Sequence[Leaf]
) -> tuple[int, int | None]:
    """Return the highest score of the lines that empty a field which held one of these leaves.

    As values of a chart, `resources: null` takes the chart's own default away.
    """
    best, at = 0, None
    for index, (line, keys) in enumerate(zip(lines, paths, strict=False)):
        match = LINE.match(line[:LONGEST_LINE].strip())
        if not keys or match is None or plain(match["value"] or "") not in _EMPTY:
            continue
        for leaf in leaves:
            if keys[-1] in leaf.keys:
                above = leaf.keys[: leaf.keys.index(keys[-1]) + 1]
                score = _PART + _common_suffix(keys, above)
                if score > best:
                    best, at = score, index
    return best, at


def _score(line: str, value: str, keys: tuple[str, ...], leaf: Leaf) -> int:
    common = _common_suffix(keys, leaf.keys)
    if leaf.text in (value, line) or value == f"{''.join(leaf.keys[-1:])}={leaf.text}":
        return _EQUAL + _EQUAL_KEY * common
    if len(leaf.text) > 1 and leaf.text in line:
        return _WITHIN + _WITHIN_KEY * common
    if len(value) > 1 and value in leaf.text:
        return _PART + common + _NEW_PART * (value not in leaf.counterpart)
    return common


def _common_suffix(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    count = 0
    while count < min(len(first), len(second)) and first[-1 - count] == second[-1 - count]:
        count += 1
    return count
