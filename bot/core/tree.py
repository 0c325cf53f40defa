"""A commit's or directory's tree: a list of files without their content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class File:
    """A file of a tree: git's mode (`100644`, `120000` a symlink, ...), content id and size."""

    mode: str
    blob: str
    size: int


Tree: TypeAlias = Mapping[str, File]
"""The files of a commit by path, directories left out."""


class Blobs(Protocol):
    """Returns the content of files by content id."""

    def data(self, blob: str) -> bytes:
        """Return the content of a file. Raises KeyError if there is no such content."""
