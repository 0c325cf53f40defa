"""Trees and manifests as bytes: over the pipe, and in the cache."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def unpack_tree(packed: Mapping[str, tuple[str, str, int]]) -> Tree:
    """The tree again."""
    return {path: File(*row) for path, row in packed.items()}


def tree_change(base: Tree, head: Tree) -> tuple[Tree, list[str], list[str]]:
    """How head differs: its files that base has otherwise or not, what of base is gone, the order.

    The order of head's paths is empty where `changed_tree` gives it without.
    """
    changed = {path: file for path, file in head.items() if base.get(path) != file}
    gone = [path for path in base if path not in head]
    order = list(head)
    return changed, gone, [] if list(changed_tree(base, changed, gone, [])) == order else order


def changed_tree(
    base: Tree, changed: Tree, gone: Iterable[str], order: Sequence[str]
) -> dict[str, File]:
    """Head again, by `tree_change`. Files that did not change are base's own objects."""
    files = {**base, **changed}
    for path in gone:
        del files[path]
    if order:
        return {path: files[path] for path in order}
    if changed.keys() <= base.keys():
        return files
    return dict(sorted(files.items(), key=lambda item: item[0].encode()))


def pack_manifest(manifest: Manifest) -> bytes:
    """A manifest as it is kept. The two readings are mostly the same and then kept once."""
    same = manifest.kubectl == manifest.kustomize
    return encode(_Kept(_with_kustomize(manifest, Reading()) if same else manifest, same))


def unpack_manifest(data: bytes) -> Manifest:
    """The manifest again. Raises ValueError for what is none."""
    kept = _decode_kept(data)
    manifest = kept.manifest
    return _with_kustomize(manifest, manifest.kubectl) if kept.same else manifest


def _with_kustomize(manifest: Manifest, reading: Reading) -> Manifest:
    """`dataclasses.replace` takes ten times as long, for every file of a repository."""
    return Manifest(
        manifest.kubectl,
        reading,
        manifest.hazards,
        manifest.documents,
        manifest.resembles,
        manifest.pointer,
        manifest.template,
        manifest.skipped,
    )


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


class Bundle(msgspec.Struct, frozen=True, array_like=True):
    """Packed facts of one base, with a digest of the contents that this base has."""

    contents: str = ""
    facts: bytes = b""


def pack_bundle(bundle: Bundle) -> bytes:
    """A bundle as it is kept."""
    return encode(bundle)


def unpack_bundle(data: bytes) -> Bundle:
    """The bundle again; an empty one where the disk, or somebody, has spoiled it."""
    try:
        bundle: Bundle = _decode_bundle(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Bundle()
    return bundle


_decode_bundle: Final = msgspec.msgpack.Decoder(Bundle).decode
_decode_facts: Final = msgspec.msgpack.Decoder(list[Fact]).decode


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    manifest: Manifest
    same: bool


_decode_kept: Final = msgspec.msgpack.Decoder(_Kept).decode


def _plain(value: object) -> object:
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise TypeError(f"a value of this type cannot be sent: {type(value).__name__}")


encode: Final = msgspec.msgpack.Encoder(enc_hook=_plain).encode
