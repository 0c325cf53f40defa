"""Whether a scalar has the type that a schema wants."""

from __future__ import annotations

import base64
import binascii

from bot.core.values import Value


def fits(value: Value, shape: str) -> bool:
    """Whether a value has the type of a shape, such as `string`, `integer` or `quantity`."""
    match shape:
        case "string" | "bytes":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "quantity":
            return isinstance(value, str | int | float) and not isinstance(value, bool)
        case _:
            return isinstance(value, str | int) and not isinstance(value, bool)


def is_base64(value: str) -> bool:
    """Whether Go's decoder takes it: it skips line breaks and wants padding."""
    try:
        base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
