"""Custom kinds of well-known projects: their shapes where the repository does not define them.

The data file is generated (`make oracle`) from the definitions that the projects publish;
data/README.md names projects, releases and licences. A shape admits what any of the releases
admits.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cache
from pkgutil import get_data
from types import MappingProxyType
from typing import Any, Final

import msgspec

from bot.core.resource import GroupKind
from bot.kubernetes.schemas.shape import (
    SCALARS,
    EnumShape,
    ListShape,
    MapShape,
    ObjectShape,
    Shape,
    ShapeReference,
)
from bot.patterns import pattern
from bot.records import dataclass

_ALPHA: Final = pattern(r"v\d+alpha\d+")


class _Project(msgspec.Struct, frozen=True):
    name: str
    oldest: str
    newest: str


class _File(msgspec.Struct, frozen=True):
    projects: list[_Project]
    kinds: dict[str, tuple[int, int, Any]]
    shapes: list[tuple[dict[str, Any], tuple[str, ...], int]]


# Package data, read on import: the sandboxed child process cannot open files later.
_DATA: Final = get_data("bot.kubernetes", "data/custom-kinds.json.zz") or b""


@dataclass(frozen=True, slots=True)
class KnownKind:
    """A version of a custom kind: its shape, and the project and releases that define it so."""

    shape: Shape
    project: str
    oldest: str
    newest: str
    version: str

    @property
    def is_settled(self) -> bool:
        """Whether types of fields no longer change in this version, as they do in an alpha."""
        return _ALPHA.fullmatch(self.version) is None

    @property
    def releases(self) -> str:
        """The project and its releases, for people."""
        span = self.oldest if self.oldest == self.newest else f"{self.oldest} to {self.newest}"
        return f"{self.project} {span}"


@cache
def _file() -> _File:
    return msgspec.json.decode(zlib.decompress(_DATA), type=_File)


@cache
def known_kind(api_version: str, kind: str) -> KnownKind | None:
    """The kind in this version, or None where no project here has it."""
    entry = _file().kinds.get(f"{api_version}/{kind}")
    if entry is None:
        return None
    place, _, shape = entry
    project = _file().projects[place]
    version = api_version.rpartition("/")[2]
    return KnownKind(_shape(shape), project.name, project.oldest, project.newest, version)


@cache
def known_versions() -> Mapping[GroupKind, tuple[str, ...]]:
    """The versions of each kind that a project here defines."""
    versions: dict[GroupKind, tuple[str, ...]] = {}
    for name in _file().kinds:
        group, version, kind = name.split("/")
        key = GroupKind(group, kind)
        versions[key] = (*versions.get(key, ()), version)
    return MappingProxyType(versions)


@cache
def _object(place: int) -> ObjectShape:
    fields, required, is_open = _file().shapes[place]
    shapes = {name: _shape(value) for name, value in fields.items()}
    return ObjectShape(MappingProxyType(shapes), required, bool(is_open))


def _shape(value: Any) -> Shape:
    if isinstance(value, int):
        return _object(value)
    if isinstance(value, str):
        return SCALARS[value]
    if "ref" in value:
        return ShapeReference(value["ref"])
    if "list" in value:
        return ListShape(_shape(value["list"]), tuple(value.get("keys", ())), "set" in value)
    if "map" in value:
        return MapShape(_shape(value["map"]))
    return EnumShape(tuple(value["enum"]))
