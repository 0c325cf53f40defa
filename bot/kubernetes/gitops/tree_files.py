"""The files of a tree by directory, and their content."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.reading.yaml_texts import body_of
from bot.core.states.roots.fetched_files import RESERVED
from bot.core.states.roots.files import (
    CHART_NAME,
    KUSTOMIZATION_NAMES,
    MANIFEST_SUFFIXES,
    REGULAR,
    SYMLINK,
    base_name,
    directory,
)
from bot.core.tree import Blobs, File, Tree
from bot.core.values import Body
from bot.errors import UnbuildableError
from bot.records import cached_property, dataclass

LARGEST_TEXT: Final = 4 * 1024 * 1024
SOURCE_IGNORE: Final = ".sourceignore"

REMOTE: Final = RESERVED
"""The directory of what lies elsewhere, which holds no file of the tree."""


@dataclass(frozen=True)
class TreeFiles:
    """The regular files of a tree, found by their paths."""

    tree: Tree
    blobs: Blobs

    @cached_property
    def files(self) -> Mapping[str, File]:
        """The regular files, in path order."""
        entries = sorted(self.tree.items())
        return {path: file for path, file in entries if file.mode in REGULAR}

    @cached_property
    def _within(self) -> Mapping[str, tuple[str, ...]]:
        """The paths of the files that lie directly in each directory."""
        below: dict[str, list[str]] = {"": []}
        for path in self.files:
            place = directory(path)
            below.setdefault(place, []).append(path)
            while place:
                place = directory(place)
                below.setdefault(place, [])
        return {place: tuple(paths) for place, paths in below.items()}

    @cached_property
    def source_ignores(self) -> tuple[str, ...]:
        """The paths of the `.sourceignore` files, parents before children."""
        paths = (path for path in self.files if base_name(path) == SOURCE_IGNORE)
        return tuple(sorted(paths, key=lambda path: path.split("/")[:-1]))

    @cached_property
    def directories(self) -> tuple[str, ...]:
        """Every directory but the top, sorted, without hidden ones and what lies in them."""
        shown = (
            place
            for place in self._within
            if place and not any(part.startswith(".") for part in place.split("/"))
        )
        return tuple(sorted(shown))

    def has(self, place: str) -> bool:
        """Return whether the directory exists."""
        return place in self._within

    def directly_in(self, place: str) -> tuple[str, ...]:
        """Return the files that lie directly in a directory."""
        return self._within.get(place, ())

    @cached_property
    def _links(self) -> Mapping[str, tuple[str, ...]]:
        """The paths of the symlinks that lie directly in each directory."""
        links: dict[str, tuple[str, ...]] = {}
        for path, file in self.tree.items():
            if file.mode == SYMLINK:
                links[directory(path)] = (*links.get(directory(path), ()), path)
        return links

    def links_in(self, place: str) -> tuple[str, ...]:
        """Return the symlinks that lie directly in a directory."""
        return self._links.get(place, ())

    def below(self, place: str) -> Iterator[str]:
        """Yield every file below a directory, including hidden ones."""
        inside = f"{place}/" if place else ""
        return (path for path in self.files if path.startswith(inside))

    def kustomization(self, place: str) -> str | None:
        """Return the path of a directory's kustomization."""
        paths = (f"{place}/{name}" if place else name for name in KUSTOMIZATION_NAMES)
        return next((path for path in paths if path in self.files), None)

    def chart(self, place: str) -> str | None:
        """Return the path of a directory's Chart.yaml."""
        path = f"{place}/{CHART_NAME}" if place else CHART_NAME
        return path if path in self.files else None

    def deploys(self, place: str) -> bool:
        """Return whether a directory holds a kustomization, a chart or manifests."""
        return any(
            base_name(path) in (*KUSTOMIZATION_NAMES, CHART_NAME)
            or path.endswith(MANIFEST_SUFFIXES)
            for path in self.directly_in(place)
        )

    def data(self, path: str) -> bytes:
        """Return the content of a file. Raises UnbuildableError if it is missing or too large."""
        file = self.files[path]
        if file.size > LARGEST_TEXT:
            raise UnbuildableError(f"{path!r} is too large to be read")
        try:
            return self.blobs.data(file.blob)
        except KeyError:
            raise UnbuildableError(f"the content of {path!r} is not in the repository") from None

    def body(self, path: str) -> Body:
        """Return the mapping in a file. Raises UnbuildableError, which names the file."""
        data = self.data(path)
        try:
            return body_of(data)
        except UnbuildableError as error:
            raise UnbuildableError(f"{path!r} cannot be read: {error}") from None


def within(path: str, start: str = "") -> str | None:
    """Return the path that one reaches from a directory; None if it leaves the tree.

    The top of the tree is the empty path. A path that begins with a slash starts at the top.
    """
    joined = path.lstrip("/") if path.startswith("/") else posixpath.join(start, path)
    normal_path = posixpath.normpath(joined or ".")
    if normal_path == "." or not normal_path:
        return ""
    return (
        None
        if normal_path == ".." or normal_path.startswith("../") or "\0" in normal_path
        else normal_path
    )


def lies_in(path: str, place: str) -> bool:
    """Return whether a path is a directory or lies below it."""
    return not place or path == place or path.startswith(f"{place}/")
