"""A small GraphQL: documents are read and answered from nested mappings of fields.

A field is a value, or a function of its arguments that gives one. What the stand-in does not know
is an error that names the field; whether a query is right by GitHub's schema is for the tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAXIMUM_DEPTH = 30
_TOKEN = re.compile(
    r"""[\s,\ufeff]+|\#[^\n]*|(?P<token>\.\.\.|[!$()\[\]{}:=@|&]|"(?:[^"\\\n]|\\.)*"|"""
    r"""-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[_A-Za-z]\w*)"""
)
_WORDS = {"true": True, "false": False, "null": None}
Arguments = dict[str, Any]
Field = Any  # a value, or a function of the arguments


class GraphQLError(Exception):
    """What is wrong with the document or the request; GitHub's `type` where it has one."""

    def __init__(self, message: str, kind: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Selection:
    """A selected field, or a fragment's selections where `on` or `spread` is given."""

    key: str
    name: str
    arguments: Mapping[str, Any]
    selections: tuple[Selection, ...]
    on: str | None = None
    spread: str | None = None


@dataclass(frozen=True, slots=True)
class VariableName:
    """A variable's name where a value may stand."""

    name: str


@dataclass(frozen=True, slots=True)
class Document:
    """The one operation of a document, and its fragments."""

    operation: str
    defaults: Mapping[str, Any]
    selections: tuple[Selection, ...]
    fragments: Mapping[str, Selection]


class _Reader:
    """Reads a document token by token."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._place = 0

    def peek(self) -> str | None:
        """The next token, or None at the end."""
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def take(self, expected: str | None = None) -> str:
        """The next token, which must be the expected one."""
        token = self.peek()
        if token is None or expected not in (None, token):
            raise GraphQLError(f"Expected {expected!r}, got {token!r}")
        self._place += 1
        return token

    def skip(self, token: str) -> bool:
        """Whether the next token is this one; it is taken then."""
        found = self.peek() == token
        self._place += found
        return found


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise GraphQLError(f"Unexpected character {text[place]!r}")
        if match["token"]:
            yield match["token"]
        place = match.end()


def parse(text: str) -> Document:
    """The document of a query; exactly one operation is served."""
    reader = _Reader(text)
    operation, defaults, selections = "query", {}, None
    fragments: dict[str, Selection] = {}
    while (word := reader.peek()) is not None:
        if word == "fragment":
            reader.take()
            name = reader.take()
            reader.take("on")
            on = reader.take()
            fragments[name] = Selection("", "", {}, _selections(reader, 0), on=on)
            continue
        if selections is not None:
            raise GraphQLError("One operation a request is served")
        if word != "{":
            operation = reader.take()
            if reader.peek() not in ("(", "{"):
                reader.take()
            defaults = _variables(reader)
        selections = _selections(reader, 0)
    return Document(operation, defaults, selections or (), fragments)


def _variables(reader: _Reader) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    if not reader.skip("("):
        return defaults
    while not reader.skip(")"):
        reader.take("$")
        name = reader.take()
        reader.take(":")
        while reader.peek() not in ("$", ")", "="):
            reader.take()
        if reader.skip("="):
            defaults[name] = _value(reader, 0)
    return defaults


def _selections(reader: _Reader, depth: int) -> tuple[Selection, ...]:
    if depth > MAXIMUM_DEPTH:
        raise GraphQLError("The query is too deep")
    if not reader.skip("{"):
        return ()
    found = []
    while not reader.skip("}"):
        found.append(_selection(reader, depth))
    return tuple(found)


def _selection(reader: _Reader, depth: int) -> Selection:
    if reader.skip("..."):
        if reader.skip("on"):
            on = reader.take()
            return Selection("", "", {}, _selections(reader, depth + 1), on=on)
        return Selection("", "", {}, (), spread=reader.take())
    key = name = reader.take()
    if reader.skip(":"):
        name = reader.take()
    arguments: dict[str, Any] = {}
    if reader.skip("("):
        while not reader.skip(")"):
            argument = reader.take()
            reader.take(":")
            arguments[argument] = _value(reader, depth)
    return Selection(key, name, arguments, _selections(reader, depth + 1))


def _value(reader: _Reader, depth: int) -> Any:
    if depth > MAXIMUM_DEPTH:
        raise GraphQLError("The query is too deep")
    word = reader.take()
    if word == "$":
        return VariableName(reader.take())
    if word == "[":
        items = []
        while not reader.skip("]"):
            items.append(_value(reader, depth + 1))
        return items
    if word == "{":
        fields = {}
        while not reader.skip("}"):
            name = reader.take()
            reader.take(":")
            fields[name] = _value(reader, depth + 1)
        return fields
    if word[0] in '"-0123456789':
        return json.loads(word)
    return _WORDS.get(word, word)


def execute(
    document: Document, roots: Mapping[str, Field], variables: Mapping[str, Any]
) -> dict[str, Any]:
    """The data of the operation, in the order in which it was asked for."""
    given = {**document.defaults, **variables}
    return _object(document, roots, document.selections, given)


def _object(
    document: Document,
    source: Mapping[str, Field],
    selections: tuple[Selection, ...],
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for selection in selections:
        fragment = document.fragments.get(selection.spread or "", selection)
        if fragment.on is not None:
            if fragment.on in (source.get("__typename"), *source.get("__interfaces", ())):
                data |= _object(document, source, fragment.selections, variables)
            continue
        if selection.name not in source:
            kind = source.get("__typename", "Query")
            raise GraphQLError(f"The stand-in does not serve {kind}.{selection.name}")
        found = source[selection.name]
        if callable(found):
            found = found(_filled(selection.arguments, variables))
        data[selection.key] = _completed(document, found, selection, variables)
    return data


def _completed(
    document: Document, found: Any, selection: Selection, variables: Mapping[str, Any]
) -> Any:
    if isinstance(found, list):
        return [_completed(document, one, selection, variables) for one in found]
    if isinstance(found, Mapping):
        return _object(document, found, selection.selections, variables)
    return found


def _filled(value: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(value, VariableName):
        return variables.get(value.name)
    if isinstance(value, list):
        return [_filled(one, variables) for one in value]
    if isinstance(value, Mapping):
        return {key: _filled(one, variables) for key, one in value.items()}
    return value


def connection(items: list[Any], shape: Callable[[Any], Field]) -> Callable[[Arguments], Field]:
    """A field that gives `first` items `after` a cursor; a cursor is a place in the list."""

    def page(arguments: Arguments) -> Field:
        start = int(arguments.get("after") or 0)
        end = start + int(arguments.get("first") or arguments.get("last") or 100)
        if arguments.get("last"):
            start, end = max(len(items) - int(arguments["last"]), 0), len(items)
        nodes = [shape(one) for one in items[start:end]]
        info = {
            "__typename": "PageInfo",
            "hasNextPage": end < len(items),
            "hasPreviousPage": start > 0,
            "endCursor": str(min(end, len(items))) if nodes else None,
            "startCursor": str(start) if nodes else None,
        }
        edges = [{"node": node, "cursor": str(start + n + 1)} for n, node in enumerate(nodes)]
        return {"nodes": nodes, "edges": edges, "totalCount": len(items), "pageInfo": info}

    return page
