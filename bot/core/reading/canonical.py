"""A value as canonical JSON."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from bot.core.reading.tags import replaced

_encode: Final = msgspec.json.Encoder(order="sorted").encode


def canonical(value: Any) -> bytes:
    """The value as JSON with sorted keys; what is no character is U+FFFD, as Go writes it."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return _encode(_cleaned(value))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return replaced(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {replaced(key): _cleaned(item) for key, item in value.items()}
    return value
