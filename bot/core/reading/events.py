"""libyaml's events of one document, with what go-yaml does otherwise than libyaml 0.2.5."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from yaml import YAMLError
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs hide what it imports
from yaml.events import ScalarEvent
from yaml.reader import ReaderError

from bot.errors import ReadingError
from bot.patterns import pattern

_BOM: Final = b"\xef\xbb\xbf"
_ESCAPE: Final = pattern(r"\\(.)", re.DOTALL)
_PRIVATE: Final = range(0xE000, 0xF900)

EventSource: TypeAlias = Callable[[], Any]
"""Gives the next event; PyYAML's events are not typed as what they hold."""


def event_source(data: bytes) -> EventSource:
    """A function that gives the next event of a document, or raises ReadingError at its end."""
    get = raw_event_source(data)

    def source() -> Any:
        try:
            return get()
        except YAMLError as error:
            raise refusal(data, error) from None

    return source


def raw_event_source(data: bytes) -> EventSource:
    """A function that gives the next event of a document.

    It raises ReadingError, or YAMLError, of which `refusal` makes one: a try of its own for each
    event would cost more than the event.
    """
    inner = data.find(_BOM, 1)
    slash = b"\\/" in data
    if inner < 0 and not slash:
        get: EventSource = CParser(data).get_event
        return get
    stand_in = next(character for code in _PRIVATE if (character := chr(code)).encode() not in data)
    replaced = data[:1] + data[1:].replace(_BOM, stand_in.encode())
    return _careful(replaced, CParser(replaced).get_event, stand_in)


def _careful(data: bytes, get: EventSource, stand_in: str) -> EventSource:
    r"""The events with byte order marks put back, and without JSON's `\\/`, which go-yaml lacks."""
    text = document_text(data)

    def source() -> Any:
        event = get()
        kind: type = type(event)
        if kind is ScalarEvent:
            if event.style == '"':
                raw = text[event.start_mark.index : event.end_mark.index]
                if any(escape[1] == "/" for escape in _ESCAPE.finditer(raw)):
                    raise ReadingError("found unknown escape character", event.start_mark.index)
            event.value = event.value.replace(stand_in, "\ufeff")
        return event

    return source


def document_text(data: bytes) -> str:
    """The text that libyaml counts its marks in."""
    return data.removeprefix(_BOM).decode("utf-8", "replace")


def refusal(data: bytes, error: ReadingError | YAMLError) -> ReadingError:
    """What libyaml says; its sentences are constants and hold nothing of the text."""
    if isinstance(error, ReadingError):
        return error
    if isinstance(error, ReaderError):
        before = data[: error.position if isinstance(error.position, int) else 0]
        return ReadingError(str(error.reason), len(before.decode("utf-8", "replace")))
    position = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "context", None)
    return ReadingError(str(problem or "not YAML"), position.index if position else None)
