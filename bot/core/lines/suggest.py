"""Suggestions: a certain fix as new text for the lines it changes, comments and quotes kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamStartEvent,
)

from bot.core import values
from bot.core.engine.review import Suggestion
from bot.core.finding import Fix
from bot.core.manifest import Object, Reading
from bot.core.reading.events import document_text, event_source
from bot.core.reading.limits import DEFAULT_LIMITS
from bot.core.reading.lines import through_lists
from bot.core.reading.read import read_manifest
from bot.core.reading.split import cut_for_kubectl, normalised
from bot.core.resource import ListStep, ResourceSource, Route, Step
from bot.core.values import Value
from bot.errors import ReadingError

_LARGEST: Final = 1 << 20
"""A file beyond this gets no suggestion: to be certain it has to be read again."""


def suggest_fix(data: bytes, fix: Fix) -> Suggestion | None:
    """Return a fix as a suggestion for the resource's file; None if it is not certain.

    `data` is that file at head. A rendered resource that does not stand in the file as it is gets
    no suggestion.
    """
    resource = fix.node.resource
    if len(data) > _LARGEST or resource.source.nesting is not None:
        return None
    document = _object(_reading(data, resource.source), resource.source)
    if document is None or document.encoded != resource.encoded:
        return None
    return suggest(data, resource.source, fix.node.route, fix.value)


def suggest(data: bytes, source: ResourceSource, route: Route, value: Value) -> Suggestion | None:
    """Return new text for the one line that holds a scalar, with another value.

    None where that is not certain: the scalar spans several lines, or the edit would change how the
    cluster reads anything else in the file, as with anchors, merges and duplicate keys.
    """
    if not route or not isinstance(value, str | int) or len(data) > _LARGEST:
        return None
    text = normalised(data)
    place = _place(text, source, (*through_lists(source.item), *route))
    if place is None:
        return None
    start, end, style = place
    whole = text.decode()
    first, last = whole.rfind("\n", 0, start) + 1, whole.find("\n", end)
    last = len(whole) if last < 0 else last
    for scalar in _written(value, style):
        line = whole[first:start] + scalar + whole[end:last]
        changed = whole[:first] + line + whole[last:]
        if _is_all(text, changed.encode(), source, route, value):
            number = whole.count("\n", 0, first) + 1
            return Suggestion(number, number, line)
    return None


def _written(value: str | int, style: str | None) -> Iterator[str]:
    """Yield the spellings of a scalar: in the existing quote style, then in double quotes."""
    quoted = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else None
    if isinstance(value, str) and style == "'":
        yield "'" + value.replace("'", "''") + "'"
    elif style != '"' or quoted is None:
        yield json.dumps(value) if not isinstance(value, str) else value
    if quoted is not None:
        yield quoted


def _place(text: bytes, source: ResourceSource, route: Route) -> tuple[int, int, str | None] | None:
    """Return the start and end of a one-line scalar in the text, and its quote style."""
    chunks = cut_for_kubectl(text, DEFAULT_LIMITS).chunks
    if not 0 <= source.document < len(chunks):
        return None
    chunk = chunks[source.document]
    try:
        inner, before = chunk.data.decode(), text[: chunk.start].decode()
        node = _Walk(chunk.data).to(route) if document_text(chunk.data) == inner else None
    except (ReadingError, UnicodeDecodeError):
        return None
    if not isinstance(node, ScalarEvent) or node.style not in {None, "", "'", '"'}:
        return None
    start, end = (
        position.index if position else 0 for position in (node.start_mark, node.end_mark)
    )
    written = inner[start:end]
    if "\n" in written or (not node.style and written != node.value):
        return None
    return len(before) + start, len(before) + end, node.style


class _Walk:
    """Walks the events of a document to the value at the end of a route."""

    def __init__(self, data: bytes) -> None:
        self._next = event_source(data)

    def to(self, route: Route) -> Any:
        """Return the event there; None if the route does not exist. Raises ReadingError."""
        event = self._next()
        while isinstance(event, StreamStartEvent | DocumentStartEvent):
            event = self._next()
        for step in route:
            event = self._step(event, step)
            if event is None:
                return None
        return event

    def _step(self, event: Any, step: Step) -> Any:
        if isinstance(step, ListStep):
            return self._item(step.index) if isinstance(event, SequenceStartEvent) else None
        return self._field(step) if isinstance(event, MappingStartEvent) else None

    def _item(self, index: int) -> Any:
        if all(self._skipped(self._next()) for _ in range(index)):
            event = self._next()
            return event if self._begins(event) else None
        return None

    def _field(self, name: str) -> Any:
        """Return the event of a field's value, that of the first such field."""
        while self._begins(key := self._next()):
            if isinstance(key, ScalarEvent) and key.value == name:
                return self._next()
            self._skipped(key)
            self._skipped(self._next())
        return None

    def _skipped(self, event: Any) -> bool:
        """Read to the end of the value that begins with this event; False if none begins."""
        if not self._begins(event):
            return False
        depth = int(isinstance(event, MappingStartEvent | SequenceStartEvent))
        while depth:
            event = self._next()
            if isinstance(event, MappingStartEvent | SequenceStartEvent):
                depth += 1
            elif not self._begins(event):
                depth -= 1
        return True

    @staticmethod
    def _begins(event: Any) -> bool:
        return isinstance(event, ScalarEvent | AliasEvent | MappingStartEvent | SequenceStartEvent)


def _is_all(old: bytes, new: bytes, source: ResourceSource, route: Route, value: Value) -> bool:
    """Return whether the cluster reads the new file as the old one with only this value changed."""
    old_reading, new_reading = _reading(old, source), _reading(new, source)
    if old_reading.error != new_reading.error or len(old_reading.objects) != len(
        new_reading.objects
    ):
        return False
    target = _object(old_reading, source)
    for old_object, new_object in zip(old_reading.objects, new_reading.objects, strict=True):
        if old_object == target:
            body = msgspec.json.decode(old_object.encoded)
            if not _put(body, route, value) or msgspec.json.decode(new_object.encoded) != body:
                return False
        elif old_object != new_object:
            return False
    return target is not None


def _reading(data: bytes, source: ResourceSource) -> Reading:
    manifest = read_manifest(data)
    return manifest.kustomize if source.kustomize else manifest.kubectl


def _object(reading: Reading, source: ResourceSource) -> Object | None:
    place = (source.document, source.item)
    objects = [
        document for document in reading.objects if (document.document, document.item) == place
    ]
    return objects[0] if len(objects) == 1 else None


def _put(body: Any, route: Route, value: Value) -> bool:
    """Put a value at the end of a route, in place; False if the route does not exist."""
    *way, last = (step.index if isinstance(step, ListStep) else step for step in route)
    try:
        for step in way:
            body = body[step]
        body[last] = values.thaw(value)
    except (KeyError, IndexError, TypeError):  # the text differs from what the cluster reads
        return False
    return True
