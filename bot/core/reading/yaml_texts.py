"""Conversions between YAML texts and values, as Flux and Argo CD read and write them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
import yaml
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from bot.core.reading.build import build
from bot.core.reading.canonical import canonical
from bot.core.reading.limits import DEFAULT_LIMITS
from bot.core.reading.scalars import ScalarTable
from bot.core.values import Body, Value, freeze, mapping, thaw
from bot.errors import UnbuildableError

_WIDTH: Final = 80
_SHORT: Final = 16 * 1024
"""Bytes of a text whose mapping is remembered: of longer ones, many would take much memory."""


def value_of(data: bytes) -> Value:
    """Return the one document of a YAML or JSON text, as sigs.k8s.io/yaml reads it.

    Raises UnbuildableError, whose message shows nothing of the text.
    """
    if len(data) > DEFAULT_LIMITS.file_bytes:
        raise UnbuildableError("it is too large to be read")
    built = build(data, "kubectl", ScalarTable(DEFAULT_LIMITS.digits), DEFAULT_LIMITS)
    if built.refused is not None:
        raise UnbuildableError("it is not YAML that can be read")
    return freeze(msgspec.json.decode(canonical(built.value)))


def body_of(data: bytes) -> Body:
    """Return the mapping in a text, empty if the text is empty. Raises UnbuildableError."""
    return _short_body_of(data) if len(data) <= _SHORT else _body_of(data)


def _body_of(data: bytes) -> Body:
    value = value_of(data)
    if value is not None and not isinstance(value, Mapping):
        raise UnbuildableError("it is not a mapping")
    return mapping(value)


# Every declaration of a directory asks for its kustomization, at base and at head.
_short_body_of: Final = lru_cache(maxsize=1024)(_body_of)


def json_text(value: Value) -> str:
    """Return the value as JSON, which is also YAML; equal values give equal texts."""
    return json.dumps(thaw(value), sort_keys=True, ensure_ascii=False)


def block_text(value: Value) -> str:
    """Return the value as YAML in the style of sigs.k8s.io/yaml, with plain scalars where possible.

    The style matters where text is replaced within it: an unquoted `${replicas}` becomes a number.
    """
    events = (
        StreamStartEvent(),
        DocumentStartEvent(explicit=False),
        *_events(value),
        DocumentEndEvent(explicit=False),
        StreamEndEvent(),
    )
    text: str = yaml.emit(events, Dumper=yaml.CDumper, allow_unicode=True, width=_WIDTH)
    return text


def _events(value: Value) -> Iterator[Event]:
    """Yield the YAML events of a value; the reader bounded its depth."""
    if isinstance(value, Mapping):
        yield MappingStartEvent(None, None, implicit=True, flow_style=False)
        for key, item in sorted(value.items()):
            yield _scalar(key)
            yield from _events(item)
        yield MappingEndEvent()
    elif isinstance(value, tuple):
        yield SequenceStartEvent(None, None, implicit=True, flow_style=not value)
        for item in value:
            yield from _events(item)
        yield SequenceEndEvent()
    elif isinstance(value, str):
        yield _scalar(value)
    else:
        yield ScalarEvent(None, None, (True, True), json.dumps(value))


def _scalar(text: str) -> ScalarEvent:
    """Return a string scalar: a block for several lines, plain where YAML reads it as a string.

    A text without a dollar sign is never replaced, so its quotes do not matter.
    """
    quotes = None if "$" in text else '"'
    style = "|" if "\n" in text else quotes
    return ScalarEvent(None, None, (True, True), text, style=style)


def merged(below: Body, above: Body) -> Body:
    """Merge values as Helm does: mappings are merged, everything else is replaced."""
    result = dict(below)
    for key, value in above.items():
        current = result.get(key)
        if isinstance(current, Mapping) and isinstance(value, Mapping):
            result[key] = merged(current, value)
        else:
            result[key] = value
    return result


def patched(value: Value, patch: Value) -> Value:
    """Return a value with a JSON merge patch applied, in which null removes (RFC 7386)."""
    if not isinstance(patch, Mapping):
        return patch
    result: dict[str, Any] = dict(mapping(value))
    for key, item in patch.items():
        if item is None:
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key), item)
    return result
