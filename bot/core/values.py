"""The read-only values that a manifest consists of."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

Value: TypeAlias = "bool | int | float | str | tuple[Value, ...] | Mapping[str, Value] | None"
"""A JSON value as the API server receives it: lists are tuples, mappings cannot be written to."""

Body: TypeAlias = Mapping[str, Value]

EMPTY: Body = MappingProxyType({})

MAPPINGS: Final = (MappingProxyType, dict)
"""The types of a mapping in a body: checked by type, as the abstract `Mapping` costs ten times."""

_SCALARS: Final = (str, bool, int, float)
_EXACTLY: Final = frozenset({*_SCALARS, type(None)})


def freeze(value: object) -> Value:
    """Return the JSON value, read-only all the way down.

    Raises TypeError for a value that JSON cannot represent.
    """
    # Most values are scalars: they are told by their exact type, and without a call of their own.
    if isinstance(value, MAPPINGS):
        return MappingProxyType(
            {
                str(key): item if type(item) in _EXACTLY else freeze(item)
                for key, item in value.items()
            }
        )
    if isinstance(value, (list, tuple)):
        return tuple([item if type(item) in _EXACTLY else freeze(item) for item in value])
    if value is None or isinstance(value, _SCALARS):
        return value
    raise TypeError(f"not a JSON value: {type(value).__name__}")


def thaw(value: Value) -> object:
    """Return a new JSON value of plain dicts and lists, for encoding or editing."""
    if isinstance(value, MAPPINGS):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [thaw(item) for item in value]
    return value


def mapping(value: Value) -> Body:
    """Return the value if it is a mapping, else an empty one: a malformed field holds nothing."""
    return value if isinstance(value, MAPPINGS) else EMPTY


def sequence(value: Value) -> tuple[Value, ...]:
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, tuple) else ()


def text(value: Value) -> str | None:
    """Return the value if it is a string, else None."""
    return value if isinstance(value, str) else None


def integer(value: Value) -> int | None:
    """Return the value if it is a whole number, else None. JSON's 80.0 is Kubernetes' 80."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def boolean(value: Value) -> bool | None:
    """Return the value if it is a boolean, else None."""
    return value if isinstance(value, bool) else None
