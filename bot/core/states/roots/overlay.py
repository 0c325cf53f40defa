"""A tree with texts laid over it, and how they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from hashlib import sha1

from bot.core.manifest import Manifest
from bot.core.reading import read_manifest
from bot.core.reading.kustomization import with_kind
from bot.core.states.roots.closures import Manifests
from bot.core.tree import File, Tree
from bot.records import dataclass


@dataclass(slots=True)
class Overlay:
    """What the files of a tree hold where some have other texts: see `Manifests`."""

    base: Tree
    edits: Mapping[str, str]
    manifests: Manifests
    tree: Tree = field(init=False)
    _texts: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        laid: dict[str, File] = {}
        for path, text in self.edits.items():
            data = text.encode()
            blob = sha1(b"edit\0" + data, usedforsecurity=False).hexdigest()
            self._texts[blob] = data
            laid[path] = File("100644", blob, len(data))
        self.tree = {**self.base, **laid} if laid else self.base

    def manifest(self, file: File) -> Manifest:
        """Both readings of a file."""
        data = self._texts.get(file.blob)
        return self.manifests.manifest(file) if data is None else read_manifest(data)

    def kustomization(self, file: File) -> Manifest:
        """Both readings of a kustomization's file."""
        data = self._texts.get(file.blob)
        if data is None:
            return self.manifests.kustomization(file)
        return read_manifest(with_kind(data))

    def link(self, file: File) -> str:
        """Where a symlink points."""
        return self.manifests.link(file)
