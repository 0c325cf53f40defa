"""Parsing of contents into manifests, each content once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Final

from bot.analysis.counters import Counters
from bot.core.manifest import Manifest, ReadError, Reading
from bot.core.reading import read_manifest
from bot.core.reading.kustomization import with_kind
from bot.core.tree import Blobs, File
from bot.records import dataclass

LARGEST: Final = 8 * 1024 * 1024
"""The largest file that is read as a manifest, in bytes."""

_LFS: Final = b"version https://git-lfs.github.com/spec/"
_LARGEST_POINTER: Final = 1024  # https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
_LONGEST_LINK: Final = 4096


def read(data: bytes) -> Manifest:
    """Both readings of a file, or the note that it is a Git LFS pointer."""
    if len(data) <= _LARGEST_POINTER and data.startswith(_LFS):
        return Manifest(Reading(), Reading(), pointer=True)
    return read_manifest(data)


def read_kustomization(data: bytes) -> Manifest:
    """Both readings of a kustomization's file, with the kind that it need not say."""
    return read(with_kind(data))


def too_large(file: File) -> Manifest:
    """What stands for a file that is too large to be read at all."""
    error = ReadError(
        f"the file has {file.size} bytes, more than the limit of {LARGEST}", limit=True
    )
    return Manifest(Reading(error=error), Reading(error=error), resembles=True)


# A clone may lack a blob that its tree lists (a partial clone, a mirror with large blobs removed).
_ABSENT: Final = Reading(error=ReadError("the content of the file is not in the repository"))
MISSING: Final = Manifest(_ABSENT, _ABSENT, resembles=True)
"""What stands for a file whose content is not to be had."""


def link_text(file: File, data: Callable[[str], bytes]) -> str:
    """Where a symlink points. Raises KeyError where that cannot be said."""
    if file.size > _LONGEST_LINK:
        raise KeyError(file.blob)
    return data(file.blob).decode("utf-8", "replace")


@dataclass(slots=True)
class ReadManifests:
    """The manifests of files whose content is at hand. See `bot.core.states.Manifests`."""

    blobs: Blobs
    counters: Counters = field(default_factory=Counters)
    _read: dict[str, Manifest] = field(default_factory=dict)
    _built: dict[str, Manifest] = field(default_factory=dict)

    def manifest(self, file: File) -> Manifest:
        """Both readings of a file."""
        if file.size > LARGEST:
            return too_large(file)
        return self._once(self._read, file, read)

    def kustomization(self, file: File) -> Manifest:
        """Both readings of a kustomization's file."""
        if file.size > LARGEST:
            return too_large(file)
        return self._once(self._built, file, read_kustomization)

    def link(self, file: File) -> str:
        """Where a symlink points."""
        return link_text(file, self.data)

    def data(self, blob: str) -> bytes:
        """The content of a file, counted."""
        self.counters.blobs += 1
        return self.blobs.data(blob)

    def _once(
        self, manifests: dict[str, Manifest], file: File, reader: Callable[[bytes], Manifest]
    ) -> Manifest:
        if file.blob not in manifests:
            self.counters.parsed += 1
            try:
                manifests[file.blob] = reader(self.data(file.blob))
            except KeyError:
                manifests[file.blob] = MISSING
        return manifests[file.blob]
