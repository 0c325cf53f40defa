"""Trees and manifests as bytes: over the pipe, and in the cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import msgspec

from bot.core.manifest import Manifest, Reading
from bot.core.tree import File, Tree

FactKind: TypeAlias = Literal["manifest", "kustomization", "data"]
"""What is asked of a content: how it reads, how it reads as a kustomization, or itself."""

Fact: TypeAlias = tuple[FactKind, str, bytes]
"""What was made of a content: what was asked, its id, and the answer in packed form."""


def pack_tree(tree: Tree) -> dict[str, tuple[str, str, int]]:
    """A tree as it goes over the pipe."""
    return {path: (file.mode, file.blob, file.size) for path, file in tree.items()}


def unpack_tree(packed: Mapping[str, tuple[str, str, int]], like: Tree | None = None) -> Tree:
    """The tree again. Equal files become one object: trees share most of theirs with another."""
    files = {(file.mode, file.blob, file.size): file for file in (like or {}).values()}
    return {path: files.setdefault(row, File(*row)) for path, row in packed.items()}


def pack_manifest(manifest: Manifest) -> bytes:
    """A manifest as it is kept. The two readings are mostly the same and then kept once."""
    same = manifest.kubectl == manifest.kustomize
    return encode(_Kept(replace(manifest, kustomize=Reading()) if same else manifest, same))


def unpack_manifest(data: bytes) -> Manifest:
    """The manifest again. Raises ValueError for what is none."""
    kept = _decode_kept(data)
    return replace(kept.manifest, kustomize=kept.manifest.kubectl) if kept.same else kept.manifest


def pack_facts(facts: list[Fact]) -> bytes:
    """Facts in one piece, as they are kept together."""
    return encode(facts)


def unpack_facts(data: bytes) -> list[Fact]:
    """The facts again; none where the disk, or somebody, has spoiled them."""
    try:
        facts: list[Fact] = _decode_facts(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return []
    return facts


_decode_facts: Final = msgspec.msgpack.Decoder(list[Fact]).decode


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    manifest: Manifest
    same: bool


_decode_kept: Final = msgspec.msgpack.Decoder(_Kept).decode


def _plain(value: object) -> object:
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise TypeError(f"nothing that may be sent: {type(value).__name__}")


encode: Final = msgspec.msgpack.Encoder(enc_hook=_plain).encode
