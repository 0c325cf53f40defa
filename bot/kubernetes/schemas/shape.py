"""Shapes: what a schema says about a value, as small frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Final, Literal, Protocol, TypeAlias, get_args

from bot.records import dataclass

ScalarShape: TypeAlias = Literal[
    "string", "integer", "number", "boolean", "quantity", "intstr", "bytes", "any"
]

SCALARS: Final[Mapping[str, ScalarShape]] = MappingProxyType(
    {name: name for name in get_args(ScalarShape)}
)
"""The scalar shapes by their names in data files."""


@dataclass(frozen=True, slots=True)
class ListShape:
    """A list. Items of a keyed list are told apart by `keys`; `unique` items are scalars."""

    items: Shape
    keys: tuple[str, ...] = ()
    unique: bool = False


@dataclass(frozen=True, slots=True)
class MapShape:
    """A mapping from any key to values of one shape."""

    values: Shape


@dataclass(frozen=True, slots=True)
class EnumShape:
    """One of these strings."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object: its fields, those that it must have, and whether it may have others.

    `defaults` are the fields that the API server fills in, so that none of them is missing.
    """

    fields: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    is_open: bool = False
    defaults: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ShapeReference:
    """A shape by the name of its definition."""

    name: str


Shape: TypeAlias = ScalarShape | ListShape | MapShape | EnumShape | ObjectShape | ShapeReference


class Definitions(Protocol):
    """Where references lead."""

    def shape(self, name: str) -> Shape:
        """The shape of this definition; `any` where there is none."""


ANY: Final = "any"
"""The shape of a value that may be anything."""
