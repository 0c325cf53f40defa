"""Published schemas of Kubernetes' own kinds, by minor version.

The data file is generated (`make oracle`) from `api/openapi-spec/swagger.json` of the releases of
k8s.io/kubernetes (Apache-2.0) that data/README.md names.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import field
from functools import cache
from pkgutil import get_data
from types import MappingProxyType
from typing import Any, Final

import msgspec

from bot.kubernetes.schemas.shape import (
    ANY,
    SCALARS,
    EnumShape,
    ListShape,
    MapShape,
    ObjectShape,
    Shape,
    ShapeReference,
)
from bot.records import dataclass


class _Minor(msgspec.Struct, frozen=True):
    kinds: dict[str, tuple[str, int]]
    definitions: dict[str, int]


class _File(msgspec.Struct, frozen=True):
    minors: dict[str, _Minor]
    shapes: list[tuple[Any, list[str]]]


# Package data, read on import: the sandboxed child process cannot open files later.
_DATA: Final = get_data("bot.kubernetes", "data/schemas.json.zz") or b""


@dataclass(frozen=True, slots=True)
class PublishedKind:
    """A version of a kind: its shape, and whether its objects are in namespaces."""

    shape: Shape
    namespaced: bool


@dataclass(frozen=True, slots=True)
class Published:
    """The kinds of one minor version of Kubernetes, by `group/version/Kind`."""

    minor: int
    kinds: Mapping[str, PublishedKind]
    _definitions: Mapping[str, int]
    _shapes: dict[str, Shape] = field(default_factory=dict, compare=False, repr=False)

    def kind(self, api_version: str, kind: str) -> PublishedKind | None:
        """The kind in this version, or None where Kubernetes does not have it."""
        return self.kinds.get(f"{api_version}/{kind}")

    def shape(self, name: str) -> Shape:
        """The shape of this definition; `any` where there is none."""
        if name not in self._shapes:
            place = self._definitions.get(name)
            self._shapes[name] = ANY if place is None else _definition(*_file().shapes[place])
        return self._shapes[name]


@cache
def _file() -> _File:
    return msgspec.json.decode(zlib.decompress(_DATA), type=_File)


@cache
def minors() -> tuple[int, ...]:
    """The minor versions whose schemas are here, oldest first."""
    return tuple(sorted(map(int, _file().minors)))


@cache
def published(minor: int | None) -> Published:
    """The schemas of a minor version; of the nearest one here where that one is not."""
    known = minors()
    nearest = known[-1] if minor is None else min(known, key=lambda number: abs(number - minor))
    entry = _file().minors[str(nearest)]
    kinds = {
        name: PublishedKind(ShapeReference(definition), bool(namespaced))
        for name, (definition, namespaced) in entry.kinds.items()
    }
    return Published(nearest, MappingProxyType(kinds), MappingProxyType(entry.definitions))


@cache
def built_in_groups() -> frozenset[str]:
    """The API groups of Kubernetes itself, in any of the versions here."""
    return frozenset(
        name.rsplit("/", 2)[0] if name.count("/") > 1 else ""
        for entry in _file().minors.values()
        for name in entry.kinds
    )


def _definition(fields: Any, required: list[str]) -> Shape:
    if not isinstance(fields, dict):
        return _shape(fields)
    shapes = {name: _shape(value) for name, value in fields.items()}
    return ObjectShape(MappingProxyType(shapes), tuple(required))


def _shape(value: Any) -> Shape:
    if isinstance(value, str):
        return SCALARS.get(value, ANY)
    if "ref" in value:
        return ShapeReference(value["ref"])
    if "list" in value:
        return ListShape(_shape(value["list"]), tuple(value.get("keys", ())))
    if "map" in value:
        return MapShape(_shape(value["map"]))
    return EnumShape(tuple(value["enum"]))
