"""Merge keys (`<<`), which go-yaml v2 and v3 apply in different order."""

from __future__ import annotations

from dataclasses import field, replace
from typing import Any, Final

import msgspec

from bot.core.reading.anchors import Anchors
from bot.core.reading.notes import Notes
from bot.errors import ReadingError
from bot.records import dataclass

_encode: Final = msgspec.json.Encoder(order="sorted").encode
WANT_MAPPING: Final = "map merge requires map or sequence of maps as the value"
_ENTRY: Final = 16  # the cost of copying one entry, in characters of input


@dataclass(frozen=True, slots=True)
class Merge:
    """The merges of one mapping: `inherited` keys, and the mappings still to be merged."""

    index: int
    inherited: set[str] = field(default_factory=set)
    pending: tuple[dict[str, Any], ...] = ()
    lost: bool = False


class Merges:
    """The merge keys of all open mappings, by nesting depth."""

    __slots__ = ("_anchors", "_notes", "_open")

    def __init__(self, anchors: Anchors, notes: Notes) -> None:
        self._anchors = anchors
        self._notes = notes
        self._open: dict[int, Merge] = {}

    def __bool__(self) -> bool:
        return bool(self._open)

    def begin(self, depth: int, index: int) -> bool:
        """Record a merge key at `index`. Returns whether it is the first of its mapping."""
        merge = self._open.get(depth)
        self._open[depth] = Merge(index) if merge is None else replace(merge, index=index)
        return merge is None

    def lose(self, depth: int, index: int) -> None:
        """Record a quoted `<<` at `index`: kustomize drops the key together with its value."""
        self._open[depth] = replace(self._open.get(depth, Merge(index)), lost=True)

    def inherited(self, depth: int, key: str) -> bool:
        """Whether a merge set this key, which a field of the mapping now overrides."""
        merge = self._open.get(depth)
        if merge is None or key not in merge.inherited:
            return False
        merge.inherited.discard(key)
        return True

    def apply(self, depth: int, target: dict[str, Any], value: Any) -> None:
        """Merge as go-yaml v2 does: at once, overriding earlier keys."""
        merge = self._open[depth]
        for source in reversed(self._sources(value, merge.index)):
            for key, merged in source.items():
                if key not in target:
                    merge.inherited.add(key)
                elif key not in merge.inherited and not _same(target[key], merged):
                    self._notes.add("merge-order", merge.index, key)
            target.update(source)

    def defer(self, depth: int, value: Any) -> None:
        """Merge as go-yaml v3 does: when the mapping ends."""
        merge = self._open[depth]
        self._open[depth] = replace(merge, pending=self._sources(value, merge.index))

    def end(self, depth: int, target: dict[str, Any]) -> None:
        """Close the mapping: deferred merges fill the keys that it does not set itself."""
        merge = self._open.pop(depth, None)
        if merge is None:
            return
        if merge.lost:
            target.pop("<<", None)
        for source in merge.pending:
            for key, merged in source.items():
                target.setdefault(key, merged)

    def _sources(self, value: Any, index: int) -> tuple[dict[str, Any], ...]:
        sources = tuple(value) if isinstance(value, list) else (value,)
        for source in sources:
            if not isinstance(source, dict):
                raise ReadingError(WANT_MAPPING, index)
            self._anchors.spend(_ENTRY * len(source), index)
        return sources


def _same(left_value: Any, right_value: Any) -> bool:
    return left_value is right_value or bool(_encode(left_value) == _encode(right_value))
