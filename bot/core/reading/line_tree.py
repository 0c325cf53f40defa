"""The structure of a document with the line of each key and item, and the walk along a route."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Final, TypeAlias

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from bot.core.reading.events import EventSource
from bot.core.reading.keys import key_text
from bot.core.reading.limits import FileLimits
from bot.core.reading.scalars import Odd, resolve
from bot.core.reading.tags import Dialect, short
from bot.core.resource import ListStep, Route, Step
from bot.errors import ReadingError
from bot.records import dataclass

_MERGE: Final = "<<"
_MERGES: Final = 50  # merges of merges that are followed, so that nothing recurses far


@dataclass(frozen=True, slots=True)
class LineEntry:
    """A field of a mapping: the key's place, its text (None: a merge), and what stands there."""

    index: int
    key: str | None
    value: _Place


@dataclass(frozen=True, slots=True)
class LineMapping:
    """A mapping: its place, and its fields in their order."""

    index: int
    entries: list[LineEntry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LineSequence:
    """A sequence: its place, and its items in their order."""

    index: int
    items: list[_Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Scalar:
    index: int
    text: str = ""
    merge: bool = False
    key: str | None = None


@dataclass(frozen=True, slots=True)
class _Alias:
    index: int
    of: LineMapping | LineSequence | _Scalar


_Place: TypeAlias = "LineMapping | LineSequence | _Scalar | _Alias"


class LineTree:
    """The places of one document, built without recursion."""

    def __init__(self, source: EventSource, dialect: Dialect, limits: FileLimits) -> None:
        self._source = source
        self._dialect = dialect
        self._limits = limits
        self._anchors: dict[str, LineMapping | LineSequence | _Scalar] = {}

    def root(self) -> _Place | None:
        """The place of the whole document. Raises ReadingError where it cannot be read."""
        event = self._source()
        while isinstance(event, StreamStartEvent | DocumentStartEvent):
            event = self._source()
        if isinstance(event, StreamEndEvent):
            return None
        root = place = self._place(event)
        stack: list[LineMapping | LineSequence] = []
        keys: list[_Place | None] = []
        while True:
            if isinstance(place, LineMapping | LineSequence) and isinstance(
                event, MappingStartEvent | SequenceStartEvent
            ):
                if len(stack) > self._limits.depth:
                    raise ReadingError("nested too deep", place.index, limit=True)
                stack.append(place)
                keys.append(None)
            if not stack:
                return root
            event = self._source()
            while not isinstance(
                event, ScalarEvent | AliasEvent | MappingStartEvent | SequenceStartEvent
            ):
                stack.pop()
                keys.pop()
                if not stack:
                    return root
                event = self._source()
            place = self._place(event)
            self._hold(stack[-1], keys, place)

    @staticmethod
    def _hold(holder: LineMapping | LineSequence, keys: list[_Place | None], place: _Place) -> None:
        """Put a place where it stands; in a mapping, keys and values take turns."""
        if isinstance(holder, LineSequence):
            holder.items.append(place)
        elif keys[-1] is None:
            keys[-1] = place
        else:
            key, keys[-1] = keys[-1], None
            scalar = key.of if isinstance(key, _Alias) else key
            merge = isinstance(key, _Scalar) and key.merge
            text = scalar.key if isinstance(scalar, _Scalar) else ""
            holder.entries.append(LineEntry(key.index, None if merge else text or "", place))

    def _place(self, event: Any) -> _Place:
        index = event.start_mark.index
        kind: type = type(event)
        if kind is AliasEvent:
            anchored = self._anchors.get(event.anchor)
            if anchored is None:
                raise ReadingError("an alias refers to an anchor that does not exist", index)
            return _Alias(index, anchored)
        place: LineMapping | LineSequence | _Scalar
        if isinstance(event, MappingStartEvent):
            place = LineMapping(index)
        elif isinstance(event, SequenceStartEvent):
            place = LineSequence(index)
        else:
            place = self._scalar(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = place
        return place

    def _scalar(self, event: Any) -> _Scalar:
        text = event.value
        plain = event.implicit[0] and event.tag is None
        merge = text == _MERGE and (event.implicit[0] or short(event.tag) == "merge")
        key: str | None = text
        if plain and self._dialect == "kubectl":
            value = resolve(text, self._limits.digits)
            if not isinstance(value, str):
                key = value.key if isinstance(value, Odd) else key_text(text, value)
        return _Scalar(event.start_mark.index, text, merge, key)


class LineWalk:
    """Looks fields up as a reader does; remembers, so that merges of merges cost little."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[tuple[int, str], LineEntry | None] = {}
        self._depth = 0

    def find(self, root: _Place, route: Route) -> int:
        """Where the deepest field of the route that exists has its key."""
        place, index = root, root.index
        for step in route:
            next_place = self._step(place, step)
            if next_place is None:
                break
            index, place = next_place
        return index

    def _step(self, place: _Place, step: Step) -> tuple[int, _Place] | None:
        target = place.of if isinstance(place, _Alias) else place
        if isinstance(step, ListStep):
            if not isinstance(target, LineSequence) or not 0 <= step.index < len(target.items):
                return None
            item = target.items[step.index]
            return item.index, item
        entry = self._entry(target, step)
        return (entry.index, entry.value) if entry else None

    def _entry(self, place: _Place, key: str) -> LineEntry | None:
        """The entry that wins: the last for kubectl, merges included; for kustomize its own."""
        target = place.of if isinstance(place, _Alias) else place
        if not isinstance(target, LineMapping):
            return None
        memo_key = (id(target), key)
        if memo_key not in self._known:
            self._known[memo_key] = None  # what contains itself holds nothing
            if self._depth < _MERGES:
                self._depth += 1
                self._known[memo_key] = self._winner(target, key)
                self._depth -= 1
        return self._known[memo_key]

    def _winner(self, mapping: LineMapping, key: str) -> LineEntry | None:
        written: LineEntry | None = None
        merged: LineEntry | None = None
        last: LineEntry | None = None
        for entry in mapping.entries:
            if entry.key == key:
                written = last = entry
            elif entry.key is None and (inherited := self._merged(entry.value, key)):
                merged = last = inherited
        return last if self._dialect == "kubectl" else written or merged

    def _merged(self, value: _Place, key: str) -> LineEntry | None:
        sources = value.items if isinstance(value, LineSequence) else [value]
        entries = (self._entry(source, key) for source in sources)
        return next((entry for entry in entries if entry is not None), None)
