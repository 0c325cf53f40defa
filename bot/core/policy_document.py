"""A policy's YAML as plain values, and the line on which each of them stands.

YAML 1.2: a date is a text, and so are `off` and `no`. A policy may come from anybody's repository,
so what is too much is refused before it is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from bot.core.reading.events import Source, event_source
from bot.errors import PolicyError, ReadingError

LONGEST: Final = 1_000_000
"""A policy of more characters is a mistake."""

MOST_VALUES: Final = 50_000
"""A policy of more values, aliases resolved, is a mistake or a bomb."""

DEEPEST: Final = 20

Path: TypeAlias = tuple[str | int, ...]

_WORDS: Final[Mapping[str, object]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER: Final = re.compile(
    r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][-+]?\d{1,2})?"
)
_PLAIN_TAGS: Final = frozenset(
    {None, "!", *(f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq"))}
)
_TEXT_TAGS: Final = frozenset({"!", "tag:yaml.org,2002:str"})


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document as plain values, and the line (1-based) of each place in it."""

    value: Any
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line of a place, or of what it would stand in."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse_document(text: str) -> Document:
    """The document. Raises PolicyError for what is no YAML, or more of it than a policy needs."""
    if len(text) > LONGEST:
        raise PolicyError(f"the policy has {len(text):,} characters, legal are {LONGEST:,}")
    data = text.encode("utf-8", "replace")
    try:
        node = _Reader(event_source(data)).document()
    except ReadingError as error:
        raise _refused(text.removeprefix("\ufeff"), error) from error
    lines: dict[Path, int] = {}
    return Document(None if node is None else _plain(node, (), lines), lines)


def _refused(text: str, error: ReadingError) -> PolicyError:
    if error.index is None:
        return PolicyError(f"the policy is not YAML: {error}")
    line = text.count("\n", 0, error.index) + 1
    if text[error.index : error.index + 1] == "\t":
        return _fault(line, "a tab stands where YAML wants spaces")
    return _fault(line, str(error))


def _fault(line: int, message: str) -> PolicyError:
    return PolicyError(f"line {line}: {message}", line)


@dataclass(frozen=True, slots=True)
class _Node:
    """What stands on a line: a scalar's value, the items of a list, or the entries of a mapping."""

    line: int
    value: object = None
    items: tuple[_Node, ...] | None = None
    entries: Mapping[str, tuple[int, _Node]] | None = None


@dataclass(slots=True)
class _Reader:
    """Events into nodes."""

    source: Source
    anchors: dict[str, _Node] = field(default_factory=dict)
    count: int = 0

    def document(self) -> _Node | None:
        """The only document's node, None where there is none."""
        self.source()  # the stream's start
        if isinstance(self.source(), StreamEndEvent):
            return None
        found = self._node(self.source(), 0)
        self.source()  # the document's end
        after = self.source()
        if isinstance(after, DocumentStartEvent):
            raise _fault(_line(after), "another document begins: a policy is one")
        return found

    def _node(self, event: Any, depth: int) -> _Node:
        line = _line(event)
        self.count += 1
        if self.count > MOST_VALUES or depth > DEEPEST:
            raise _too_much()
        if isinstance(event, AliasEvent):
            if event.anchor not in self.anchors:
                raise _fault(line, f"there is no anchor {event.anchor!r} above")
            return self.anchors[event.anchor]
        if isinstance(event, ScalarEvent):
            found = _Node(line, _scalar(event, line))
        elif event.tag not in _PLAIN_TAGS:
            raise _tagged(event.tag, line)
        elif isinstance(event, MappingStartEvent):
            found = _Node(line, entries=self._entries(depth))
        else:
            found = _Node(line, items=tuple(self._items(depth)))
        if event.anchor is not None:
            self.anchors[event.anchor] = found
        return found

    def _items(self, depth: int) -> Iterator[_Node]:
        while not isinstance(event := self.source(), SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> Mapping[str, tuple[int, _Node]]:
        own: dict[str, tuple[int, _Node]] = {}
        merged: dict[str, tuple[int, _Node]] = {}
        while not isinstance(event := self.source(), MappingEndEvent):
            line = _line(event)
            if not isinstance(event, ScalarEvent):
                raise _fault(line, "a key is to be a text")
            held = self._node(self.source(), depth + 1)
            if event.value == "<<" and event.implicit[0]:
                for one in (held,) if held.items is None else held.items:
                    if one.entries is None:
                        raise _fault(line, "only mappings can be merged by '<<'")
                    merged = {**one.entries, **merged}
            elif event.value in own:
                first = own[event.value][0]
                raise _fault(line, f"the key {event.value!r} is there twice, first in line {first}")
            else:
                own[event.value] = (line, held)
        return {**merged, **own}


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _scalar(event: Any, line: int) -> object:
    """The value by YAML 1.2's core schema, but for numbers that nobody writes."""
    text: str = event.value
    if event.tag in _TEXT_TAGS or (event.tag is None and not event.implicit[0]):
        return text
    if event.tag is not None:
        raise _tagged(event.tag, line)
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _plain(node: _Node, path: Path, lines: dict[Path, int]) -> Any:
    """The node's value; where each part of it stands goes into `lines`."""
    if len(lines) > MOST_VALUES or len(path) > DEEPEST:
        raise _too_much()
    if node.entries is not None:
        out: dict[str, Any] = {}
        for key, (line, held) in node.entries.items():
            lines[*path, key] = line
            out[key] = _plain(held, (*path, key), lines)
        return out
    if node.items is not None:
        listed = []
        for index, held in enumerate(node.items):
            lines[*path, index] = held.line
            listed.append(_plain(held, (*path, index), lines))
        return listed
    # YAML 1.1 reads `off` as false, and so some write false for it.
    own = path[2:] if path[:1] == ("branches",) else path
    rule = own[:1] == ("rules",) and (len(own) == 2 or own[2:] == ("severity",))
    return "off" if rule and node.value is False else node.value


def _tagged(tag: object, line: int) -> PolicyError:
    return _fault(line, f"the tag {tag!r} has no meaning in a policy")


def _too_much() -> PolicyError:
    return PolicyError(f"the policy has over {MOST_VALUES:,} values or {DEEPEST} levels of them")
