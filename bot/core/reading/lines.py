"""The line of a field of a document, as the reader that built it takes it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
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

from bot.core.reading.events import EventSource, document_text, event_source
from bot.core.reading.limits import DEFAULT_LIMITS, FileLimits
from bot.core.reading.scalars import Odd, key_text, resolve
from bot.core.reading.split import (
    Chunk,
    cut_for_kubectl,
    cut_for_kustomize,
    document_number,
    normalised,
)
from bot.core.reading.tags import Dialect, short
from bot.core.resource import ListStep, Nesting, Route, Step
from bot.core.resource import ResourceSource as Origin
from bot.errors import ReadingError

_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_BLOCK: Final = re.compile(rb":\s+(?:[&!]\S+\s+)*[|>][-+0-9]*\s*(?:#.*)?$")
_MERGE: Final = "<<"
_MERGES: Final = 50  # merges of merges that are followed, so that nothing recurses far


@dataclass(slots=True)
class _Entry:
    """A field of a mapping: the key's place, its text (None: a merge), and what stands there."""

    index: int
    key: str | None
    value: _Place


@dataclass(slots=True)
class _Mapping:
    index: int
    entries: list[_Entry] = field(default_factory=list)


@dataclass(slots=True)
class _Sequence:
    index: int
    items: list[_Place] = field(default_factory=list)


@dataclass(slots=True)
class _Scalar:
    index: int
    text: str = ""
    merge: bool = False
    key: str | None = None


@dataclass(slots=True)
class _Alias:
    index: int
    of: _Mapping | _Sequence | _Scalar


_Place: TypeAlias = "_Mapping | _Sequence | _Scalar | _Alias"


def line_of(
    data: bytes, source: Origin, route: Route, limits: FileLimits = DEFAULT_LIMITS
) -> int | None:
    """The line (1-based) of the key of the deepest field of `route` that exists.

    For an item of a list it is the item's first line. Merges, aliases and fields that stand twice
    are followed to the line that wins. None where the file has no such document.
    """
    text = normalised(data)
    dialect: Dialect = "kustomize" if source.kustomize else "kubectl"
    chunk = _chunk(text, source, limits)
    if chunk is None:
        return None
    outer = through_lists(source.item)
    nesting = source.nesting
    if nesting is None:
        wanted = (*outer, *route)
    elif nesting.document < 0:
        wanted = (*outer, *as_route(nesting.steps), *route)
    else:
        wanted = (*outer, *as_route(nesting.steps))
    line = next(iter(lines_in(text, chunk, dialect, [wanted], limits)), None)
    if line is None or nesting is None or nesting.document < 0:
        return line
    return line + _line_in_block(text, line, nesting, route, limits)


def as_route(steps: Iterable[str | int]) -> Route:
    """Return steps by field and index as a route."""
    return tuple(ListStep("", step) if isinstance(step, int) else step for step in steps)


def _line_in_block(
    text: bytes, line: int, nesting: Nesting, route: Route, limits: FileLimits
) -> int:
    """Return how many lines below its key a field of an embedded text stands.

    0 for a text that is no block scalar, whose lines are not those of the file.
    """
    key, *below = text.split(b"\n")[line - 1 :]
    if not _BLOCK.search(key):
        return 0
    margin = len(key) - len(key.lstrip(b" -"))
    rows: list[bytes] = []
    for row in below:
        if row.strip() and len(row) - len(row.lstrip(b" ")) <= margin:
            break
        rows.append(row)
    indent = min((len(row) - len(row.lstrip(b" ")) for row in rows if row.strip()), default=0)
    inner = b"\n".join(row[indent:] for row in rows)
    chunks = cut_for_kubectl(inner, limits).chunks
    if nesting.document >= len(chunks):
        return 0
    wanted = (*as_route(nesting.beyond), *route)
    return next(iter(lines_in(inner, chunks[nesting.document], "kubectl", [wanted], limits)), 0)


def through_lists(item: Iterable[int]) -> Route:
    """The route to an object that stands in lists."""
    return tuple(step for index in item for step in ("items", ListStep("", index)))


def lines_in(
    data: bytes, chunk: Chunk, dialect: Dialect, routes: Iterable[Route], limits: FileLimits
) -> list[int]:
    """The line of each route in one document of a file; none where it cannot be read.

    JSON that YAML cannot take gets the line that it begins at.
    """
    first = data.count(b"\n", 0, chunk.start) + 1
    document = _SURROGATE.sub(rb"\\ufffd", chunk.data) if chunk.json else chunk.data
    try:
        root = _Tree(event_source(document), dialect, limits).root()
    except ReadingError:
        return [first for _ in routes] if chunk.json else []
    if root is None:
        return []
    text = document_text(document)
    walk = _Walk(dialect)
    return [first + text.count("\n", 0, walk.find(root, route)) for route in routes]


def _chunk(data: bytes, source: Origin, limits: FileLimits) -> Chunk | None:
    cut = cut_for_kubectl(data, limits)
    if not source.kustomize:
        chunks = cut.chunks
        return chunks[source.document] if 0 <= source.document < len(chunks) else None
    starts = [chunk.start for chunk in cut.chunks]
    for chunk in cut_for_kustomize(data, limits).chunks:
        if document_number(chunk.start, starts) == source.document:
            return chunk
    return None


class _Tree:
    """The places of one document, built without recursion."""

    def __init__(self, source: EventSource, dialect: Dialect, limits: FileLimits) -> None:
        self._source = source
        self._dialect = dialect
        self._limits = limits
        self._anchors: dict[str, _Mapping | _Sequence | _Scalar] = {}

    def root(self) -> _Place | None:
        """The place of the whole document. Raises ReadingError where it cannot be read."""
        event = self._source()
        while isinstance(event, StreamStartEvent | DocumentStartEvent):
            event = self._source()
        if isinstance(event, StreamEndEvent):
            return None
        root = place = self._place(event)
        stack: list[_Mapping | _Sequence] = []
        keys: list[_Place | None] = []
        while True:
            if isinstance(place, _Mapping | _Sequence) and isinstance(
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
    def _hold(holder: _Mapping | _Sequence, keys: list[_Place | None], place: _Place) -> None:
        """Put a place where it stands; in a mapping, keys and values take turns."""
        if isinstance(holder, _Sequence):
            holder.items.append(place)
        elif keys[-1] is None:
            keys[-1] = place
        else:
            key, keys[-1] = keys[-1], None
            scalar = key.of if isinstance(key, _Alias) else key
            merge = isinstance(key, _Scalar) and key.merge
            text = scalar.key if isinstance(scalar, _Scalar) else ""
            holder.entries.append(_Entry(key.index, None if merge else text or "", place))

    def _place(self, event: Any) -> _Place:
        index = event.start_mark.index
        kind: type = type(event)
        if kind is AliasEvent:
            anchored = self._anchors.get(event.anchor)
            if anchored is None:
                raise ReadingError("an alias names an anchor that is not there", index)
            return _Alias(index, anchored)
        place: _Mapping | _Sequence | _Scalar
        if isinstance(event, MappingStartEvent):
            place = _Mapping(index)
        elif isinstance(event, SequenceStartEvent):
            place = _Sequence(index)
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


class _Walk:
    """Looks fields up as a reader does; remembers, so that merges of merges cost little."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[tuple[int, str], _Entry | None] = {}
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
            if not isinstance(target, _Sequence) or not 0 <= step.index < len(target.items):
                return None
            item = target.items[step.index]
            return item.index, item
        entry = self._entry(target, step)
        return (entry.index, entry.value) if entry else None

    def _entry(self, place: _Place, key: str) -> _Entry | None:
        """The entry that wins: the last for kubectl, merges included; for kustomize its own."""
        target = place.of if isinstance(place, _Alias) else place
        if not isinstance(target, _Mapping):
            return None
        memo_key = (id(target), key)
        if memo_key not in self._known:
            self._known[memo_key] = None  # what contains itself holds nothing
            if self._depth < _MERGES:
                self._depth += 1
                self._known[memo_key] = self._winner(target, key)
                self._depth -= 1
        return self._known[memo_key]

    def _winner(self, mapping: _Mapping, key: str) -> _Entry | None:
        written: _Entry | None = None
        merged: _Entry | None = None
        last: _Entry | None = None
        for entry in mapping.entries:
            if entry.key == key:
                written = last = entry
            elif entry.key is None and (inherited := self._merged(entry.value, key)):
                merged = last = inherited
        return last if self._dialect == "kubectl" else written or merged

    def _merged(self, value: _Place, key: str) -> _Entry | None:
        sources = value.items if isinstance(value, _Sequence) else [value]
        entries = (self._entry(source, key) for source in sources)
        return next((entry for entry in entries if entry is not None), None)
