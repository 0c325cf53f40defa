"""Comparison of an object with the shape of its kind: what strict field validation refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

from bot.core.resource import Node
from bot.core.values import Value
from bot.kubernetes.schemas.scalar_types import fits, is_base64
from bot.kubernetes.schemas.shape import (
    Definitions,
    EnumShape,
    ListShape,
    MapShape,
    ObjectShape,
    Shape,
    ShapeReference,
)
from bot.kubernetes.schemas.spelling import nearest
from bot.patterns import pattern
from bot.records import dataclass

ViolationCode: TypeAlias = Literal["UNKNOWN-FIELD", "WRONG-TYPE", "REQUIRED", "INVALID"]

_DEEPEST: Final = 100
_QUANTITY: Final = pattern(r"[+-]?(\d+|\d+\.\d*|\.\d+)(([eE][+-]?\d+)|[KMGTPE]i|[numkMGTPE])?")
_NAMES: Final[Mapping[str, str]] = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "quantity": "a quantity",
    "intstr": "a whole number or a string",
    "bytes": "a base64 string",
}


@dataclass(frozen=True, slots=True)
class SchemaViolation:
    """A place where an object does not fit its schema.

    `text` is a clause whose subject is the object and that the field's path completes. `nearest` is
    the name that was probably meant, `hint` what else mends it. `keyed` is set for items of a keyed
    list that share a key, which only a server-side apply refuses.
    """

    code: ViolationCode
    node: Node
    text: str
    nearest: str | None = None
    hint: str = ""
    keyed: bool = False

    @property
    def name(self) -> str:
        """What is unknown: the field's name, or the value that is not among those of the field."""
        if self.code == "INVALID":
            return self.node.text or ""
        last = self.node.route[-1] if self.node.route else ""
        return last if isinstance(last, str) else ""


def check(node: Node, shape: Shape, definitions: Definitions) -> Iterator[SchemaViolation]:
    """The violations below a node, in the order of the manifest."""
    return _check(node, shape, definitions, _DEEPEST)


def _check(
    node: Node, shape: Shape, definitions: Definitions, depth: int
) -> Iterator[SchemaViolation]:
    if isinstance(shape, ShapeReference):
        shape = definitions.shape(shape.name)
    if depth == 0 or node.value is None or shape == "any":
        return
    match shape:
        case ObjectShape():
            yield from _object(node, shape, definitions, depth)
        case ListShape():
            yield from _list(node, shape, definitions, depth)
        case MapShape(values):
            if not isinstance(node.value, Mapping):
                yield _wrong_type(node, "a mapping")
            for _, child in node.fields():
                yield from _check(child, values, definitions, depth - 1)
        case EnumShape(values):
            yield from _enumerated(node, values)
        case str():
            yield from _scalar(node, shape)


def _object(
    node: Node, shape: ObjectShape, definitions: Definitions, depth: int
) -> Iterator[SchemaViolation]:
    if not isinstance(node.value, Mapping):
        yield _wrong_type(node, "a mapping")
        return
    for name, child in node.fields():
        if name in shape.fields:
            yield from _check(child, shape.fields[name], definitions, depth - 1)
        elif not shape.is_open:
            close = nearest(name, shape.fields)
            yield SchemaViolation("UNKNOWN-FIELD", child, "has an unknown field", close)
    for name in shape.required:
        if node[name].value is None and name not in shape.defaults:
            yield SchemaViolation("REQUIRED", node[name], "lacks the field")


def _list(
    node: Node, shape: ListShape, definitions: Definitions, depth: int
) -> Iterator[SchemaViolation]:
    if not isinstance(node.value, tuple):
        yield _wrong_type(node, "a list")
        return
    seen: set[tuple[Value, ...]] = set()
    for item in node.items():
        yield from _check(item, shape.items, definitions, depth - 1)
        key = _identity(item, shape)
        if key is None:
            continue
        if key in seen:
            names = " and ".join(shape.keys) or "value"
            text = f"has two items with the same {names}"
            yield SchemaViolation("INVALID", item, text, keyed=True)
        seen.add(key)


def _identity(item: Node, shape: ListShape) -> tuple[Value, ...] | None:
    """What tells an item from the others; None where nothing does."""
    if shape.unique and isinstance(item.value, str | int | float):
        return (item.value,)
    if not shape.keys or not isinstance(item.value, Mapping):
        return None
    values = tuple(item[name].value for name in shape.keys)
    defaulted = tuple(
        _DEFAULT_KEYS.get(name) if value is None else value
        for name, value in zip(shape.keys, values, strict=True)
    )
    if all(value is None for value in values):
        return None
    return defaulted if all(isinstance(v, str | int | float | None) for v in defaulted) else None


_DEFAULT_KEYS: Final[Mapping[str, str]] = {"protocol": "TCP"}


def _enumerated(node: Node, values: tuple[str, ...]) -> Iterator[SchemaViolation]:
    if not isinstance(node.value, str):
        yield _wrong_type(node, "a string")
    elif node.value and node.value not in values:
        close = nearest(node.value, values)
        text = f"has a value that is not one of {', '.join(values)} in"
        yield SchemaViolation("INVALID", node, text, close)


def _scalar(node: Node, shape: str) -> Iterator[SchemaViolation]:
    value = node.value
    if not fits(value, shape):
        yield _wrong_type(node, _NAMES[shape])
    elif shape == "quantity" and isinstance(value, str) and not _QUANTITY.fullmatch(value.strip()):
        yield SchemaViolation("INVALID", node, "has a value that is not a quantity in")
    elif shape == "bytes" and isinstance(value, str) and not is_base64(value):
        yield SchemaViolation("INVALID", node, "has a value that is not base64 in")


def _wrong_type(node: Node, wanted: str) -> SchemaViolation:
    value = node.value
    hint = ""
    if wanted in ("a string", "a base64 string") and isinstance(value, bool | int | float):
        hint = "quote it"
    elif isinstance(value, str) and _would_fit(value, wanted):
        hint = "remove the quotes"
    text = f"has {_name(value)} where {wanted} belongs in"
    return SchemaViolation("WRONG-TYPE", node, text, hint=hint)


def _would_fit(value: str, wanted: str) -> bool:
    if wanted == "true or false":
        return value in ("true", "false")
    return (
        wanted in ("a whole number", "a number") and re.fullmatch(r"-?\d{1,18}", value) is not None
    )


def _name(value: Value) -> str:
    match value:
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case tuple():
            return "a list"
        case _:
            return "a mapping"
