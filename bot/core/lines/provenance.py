"""Provenance: ranks changed lines by how likely they caused a field of a rendered resource.

Text similarity only decides what is tried first. The caller proves a cause by building with the
hunk reverted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Final

from bot.core.lines.leaves import Leaf, Sought
from bot.core.lines.line_diff import Hunk, lines_of
from bot.core.lines.written_lines import (
    LINE,
    LONGEST_LINE,
    MOST_LINES,
    key_paths,
    plain,
    scalar_text,
)
from bot.core.resource import Node
from bot.records import dataclass

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
    _keys: dict[str, list[tuple[str, ...]]] = field(default_factory=dict, init=False)

    def keys(self, path: str, first: int, count: int) -> list[tuple[str, ...]]:
        """Return the field names of `count` lines of a file, from line `first` (1-based)."""
        if path not in self._keys:
            self._keys[path] = list(key_paths(lines_of(self.contents.get(path, ""))))
        return self._keys[path][first - 1 : first - 1 + count]


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
