"""A graph of connections as positions, from which a template draws an SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_WIDTH: Final = 860
_BOX: Final = 300
_ROW: Final = 56
_HEIGHT: Final = 36
_LONGEST: Final = 38


@dataclass(frozen=True, slots=True)
class GraphBox:
    """A node: its top left corner, its text cut to fit, and its whole text."""

    x: int
    y: int
    text: str
    whole: str


@dataclass(frozen=True, slots=True)
class Line:
    """A connection from a source on the left to a target on the right, with its label."""

    x1: int
    y1: int
    x2: int
    y2: int
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing in pixels. `summary` says in words what it shows."""

    width: int
    height: int
    box_width: int
    box_height: int
    boxes: tuple[GraphBox, ...]
    lines: tuple[Line, ...]
    summary: str


def draw(edges: Sequence[tuple[str, str, str]]) -> Drawing:
    """Sources in a column on the left, targets in one on the right, a line for each edge."""
    sources = list(dict.fromkeys(source for source, _, _ in edges))
    targets = list(dict.fromkeys(target for _, target, _ in edges))
    left = {name: _top(number) for number, name in enumerate(sources)}
    right = {name: _top(number) for number, name in enumerate(targets)}
    boxes = [_box(0, top, name) for name, top in left.items()]
    boxes += [_box(_WIDTH - _BOX, top, name) for name, top in right.items()]
    lines = tuple(
        Line(
            _BOX,
            left[source] + _HEIGHT // 2,
            _WIDTH - _BOX,
            right[target] + _HEIGHT // 2,
            _short(label),
        )
        for source, target, label in edges
    )
    rows = max(len(sources), len(targets), 1)
    summary = "; ".join(f"{source} to {target}: {label}" for source, target, label in edges)
    return Drawing(_WIDTH, rows * _ROW, _BOX, _HEIGHT, tuple(boxes), lines, summary)


def _top(number: int) -> int:
    return number * _ROW + (_ROW - _HEIGHT) // 2


def _box(x: int, y: int, name: str) -> GraphBox:
    return GraphBox(x, y, _short(name), name)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
