"""The roles and bindings that every API server creates itself, by minor version."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pkgutil import get_data
from types import MappingProxyType
from typing import Any, Final

import msgspec

from bot.core.resource import Resource, ResourceKey, ResourceSource
from bot.kubernetes.rbac.effect import RBAC_GROUP
from bot.kubernetes.versions import minor_version

SOURCE: Final = ResourceSource("(Kubernetes)", "", 0)
"""The source of the objects that no file defines."""


class _Builtin(msgspec.Struct, frozen=True):
    """An object of the data file, and the minor versions that have it in this form."""

    minors: tuple[int, ...]
    object: dict[str, Any]


_encode: Final = msgspec.json.Encoder(order="sorted").encode

# Package data, read on import: the sandboxed child process cannot open files later. The file is
# generated (`make oracle`) by running the bootstrap policy of each minor version.
_FILE: Final = get_data("bot.kubernetes", "data/builtin-roles.json") or b""


@cache
def _data() -> tuple[_Builtin, ...]:
    """The data file, decoded once."""
    return msgspec.json.decode(_FILE, type=tuple[_Builtin, ...])


@cache
def minors() -> tuple[str, ...]:
    """The minor versions of Kubernetes whose built-in roles are known, oldest first."""
    numbers = {minor for entry in _data() for minor in entry.minors}
    return tuple(f"1.{number}" for number in sorted(numbers))


@cache
def builtin_objects(minor: str | None) -> Mapping[ResourceKey, Resource]:
    """The built-in roles and bindings of a minor version; of the newest known one for None.

    A minor version newer than the newest known one gets the newest, an older one the oldest.
    """
    numbers = sorted({number for entry in _data() for number in entry.minors})
    requested = numbers[-1] if minor is None else minor_version(minor) or 0
    number = max((candidate for candidate in numbers if candidate <= requested), default=numbers[0])
    objects = [_resource(entry.object) for entry in _data() if number in entry.minors]
    return MappingProxyType({resource.key: resource for resource in objects})


def is_builtin(resource: Resource) -> bool:
    """Whether this object is one of Kubernetes' built-in ones, which no file defines."""
    return resource.source == SOURCE


def _resource(body: Mapping[str, Any]) -> Resource:
    metadata = body["metadata"]
    key = ResourceKey(RBAC_GROUP, body["kind"], metadata.get("namespace"), metadata["name"])
    # The file is ours, so that the body need not be frozen and copied, as `Resource.of` does.
    return Resource(key, body["apiVersion"], _encode(body), SOURCE)
