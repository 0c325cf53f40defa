"""What an object says it is: its kind, its name and its namespace."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec

from bot.core.resource import GroupKind, ResourceKey, group_kind_of
from bot.core.scopes import Scopes

LONGEST_NAME: Final = 1024
_IDENTITIES: Final = 65_536  # base and head of a large repository, read for several purposes


class _Metadata(msgspec.Struct, frozen=True):
    """What of an object's metadata says which resource it is; any of it may be anything."""

    name: object = None
    namespace: object = None
    generateName: object = None  # noqa: N815 - Kubernetes' name


class _Outline(msgspec.Struct, frozen=True):
    """The few fields that say what an object is."""

    kind: object = None
    apiVersion: object = None  # noqa: N815 - Kubernetes' name
    metadata: _Metadata | None = None


_NO_METADATA: Final = _Metadata()
_outline = msgspec.json.Decoder(_Outline).decode


class ObjectIdentity(msgspec.Struct, frozen=True, array_like=True):
    """What an object says it is. `namespace` is the one that is written, empty where none is.

    An array where it is packed: every object of a repository is stored with one.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    generated: bool

    @property
    def group_kind(self) -> GroupKind:
        """The API group and kind."""
        return group_kind_of(self.api_version.rpartition("/")[0], self.kind)

    def key(self, namespace: str, scopes: Scopes) -> ResourceKey:
        """The key in a cluster, where `namespace` is what an object without one gets."""
        kind = self.group_kind
        space = None if scopes.is_cluster_scoped(kind) else self.namespace or namespace
        return ResourceKey(kind.group, kind.kind, space, self.name)


@lru_cache(maxsize=_IDENTITIES)
def identity_of(encoded: bytes) -> ObjectIdentity | None:
    """What an object is; None where it is no resource.

    A resource has a kind that is a non-empty string and names that are strings: a name that is
    none is an unrendered template, whatever YAML makes of it.
    """
    try:
        outline = _outline(encoded)
    except msgspec.MsgspecError:
        return None
    metadata = outline.metadata or _NO_METADATA
    kind = outline.kind
    version = "" if outline.apiVersion is None else outline.apiVersion
    space = "" if metadata.namespace is None else metadata.namespace
    name = "" if metadata.name is None else metadata.name
    prefix = "" if metadata.generateName is None else metadata.generateName
    if not (
        isinstance(kind, str)
        and isinstance(version, str)
        and isinstance(space, str)
        and isinstance(name, str)
        and isinstance(prefix, str)
    ):
        return None
    shown = name or (f"{prefix}*" if prefix else "")
    if not kind or not shown or len(shown) > LONGEST_NAME:
        return None
    return ObjectIdentity(version, kind, space, shown, generated=not name)
