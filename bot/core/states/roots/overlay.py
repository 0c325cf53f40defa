"""A tree with texts laid over it, and how they read."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha1

from bot.core.manifest import Manifest
from bot.core.reading import read_manifest
from bot.core.reading.kustomization import with_kind
from bot.core.states.roots.closures import Manifests
from bot.core.tree import File, Tree
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Overlay:
    """What the files of a tree hold where some have other texts, by blob: see `Manifests`."""

    tree: Tree
    texts: Mapping[str, bytes]
    manifests: Manifests

    @classmethod
    def of(cls, base: Tree, edits: Mapping[str, str], manifests: Manifests) -> Overlay:
        """The tree with these texts, by path, in place of its own or beside them."""
        texts: dict[str, bytes] = {}
        laid: dict[str, File] = {}
        for path, text in edits.items():
            data = text.encode()
            blob = sha1(b"edit\0" + data, usedforsecurity=False).hexdigest()
            texts[blob] = data
            laid[path] = File("100644", blob, len(data))
        return cls({**base, **laid} if laid else base, texts, manifests)

    def manifest(self, file: File) -> Manifest:
        """Both readings of a file."""
        data = self.texts.get(file.blob)
        return self.manifests.manifest(file) if data is None else read_manifest(data)

    def kustomization(self, file: File) -> Manifest:
        """Both readings of a kustomization's file."""
        data = self.texts.get(file.blob)
        if data is None:
            return self.manifests.kustomization(file)
        return read_manifest(with_kind(data))

    def link(self, file: File) -> str:
        """Where a symlink points."""
        return self.manifests.link(file)
