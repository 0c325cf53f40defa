"""Merge keys (`<<`), which go-yaml v2 and v3 apply in different order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from bot.core.reading.anchors import Anchors
from bot.core.reading.notes import Notes
from bot.errors import ReadingError

_encode: Final = msgspec.json.Encoder(order="sorted").encode
WANT_MAPPING: Final = "map merge requires map or sequence of maps as the value"
_ENTRY: Final = 16  # what copying one entry of a mapping counts as, in characters


@dataclass(slots=True)
class Merge:
    """The merges of one mapping: the keys that they brought, and those still to be applied."""

    index: int
    brought: set[str] = field(default_factory=set)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    lost: bool = False


class Merges:
    """The merges of the mappings that are open, by how deep they stand."""

    __slots__ = ("_anchors", "_notes", "_open")

    def __init__(self, anchors: Anchors, notes: Notes) -> None:
        self._anchors = anchors
        self._notes = notes
        self._open: dict[int, Merge] = {}

    def __bool__(self) -> bool:
        return bool(self._open)

    def begin(self, depth: int, index: int) -> bool:
        """A merge key stands at `index`; whether it is the first of its mapping."""
        first = depth not in self._open
        held = self._open.setdefault(depth, Merge(index))
        held.index = index
        return first

    def lose(self, depth: int, index: int) -> None:
        """A quoted `<<` stands at `index`: kustomize keeps neither the key nor what it holds."""
        self._open.setdefault(depth, Merge(index)).lost = True

    def brought(self, depth: int, key: str) -> bool:
        """Whether a merge brought this key, which a field of the mapping now overrides."""
        held = self._open.get(depth)
        if held is None or key not in held.brought:
            return False
        held.brought.discard(key)
        return True

    def now(self, depth: int, target: dict[str, Any], value: Any) -> None:
        """Merge as v2 does: at once, over what is there."""
        held = self._open[depth]
        for source in reversed(self._sources(value, held.index)):
            for key, merged in source.items():
                if key not in target:
                    held.brought.add(key)
                elif key not in held.brought and not _same(target[key], merged):
                    self._notes.add("merge-order", held.index, key)
            target.update(source)

    def later(self, depth: int, value: Any) -> None:
        """Merge as v3 does: when the mapping ends."""
        held = self._open[depth]
        held.waiting = list(self._sources(value, held.index))

    def end(self, depth: int, target: dict[str, Any]) -> None:
        """The mapping ends: what waited goes where nothing stands."""
        held = self._open.pop(depth, None)
        if held is None:
            return
        if held.lost:
            target.pop("<<", None)
        for source in held.waiting:
            for key, merged in source.items():
                target.setdefault(key, merged)

    def _sources(self, value: Any, index: int) -> tuple[dict[str, Any], ...]:
        sources = tuple(value) if isinstance(value, list) else (value,)
        for source in sources:
            if not isinstance(source, dict):
                raise ReadingError(WANT_MAPPING, index)
            self._anchors.spend(_ENTRY * len(source), index)
        return sources


def _same(one: Any, other: Any) -> bool:
    return one is other or bool(_encode(one) == _encode(other))
