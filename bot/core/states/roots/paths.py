"""The paths of a tree as a program finds them in a checkout: through symlinks, and no further."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Final

from bot.core.states.roots.fetched_files import NOTHING, FetchedFiles, zone
from bot.core.states.roots.files import KUSTOMIZATION_NAMES, REGULAR, SUBMODULE, SYMLINK
from bot.core.tree import File, Tree
from bot.errors import UnbuildableError
from bot.records import cached_property, dataclass

_MOST_LINKS: Final = 8
_LONGEST_PATH: Final = 4096
# More files below one directory than any renderer is given.
_MOST_BELOW: Final = 20_000


@dataclass(frozen=True)
class Paths:
    """A tree with its symlinks followed inside it.

    `target` gives where a symlink points, and raises KeyError where that cannot be said. `fetched`
    are its fetched files: nothing leads into them, nor out of them.
    """

    tree: Tree
    target: Callable[[File], str]
    fetched: FetchedFiles = field(default=NOTHING, repr=False)
    _real: dict[str, str | UnbuildableError] = field(default_factory=dict, init=False, repr=False)

    def local(self, directory: str, text: str) -> str:
        """The path that a text names, seen from a directory.

        Raises UnbuildableError for one that is absolute, leaves the tree, or leads into or out of
        fetched files.
        """
        if not text or len(text) > _LONGEST_PATH or "\n" in text or "\0" in text:
            raise UnbuildableError("which is not a valid path")
        if text.startswith("/"):
            raise UnbuildableError("which is an absolute path")
        path = posixpath.normpath(posixpath.join(directory, text))
        if path == ".." or path.startswith("../"):
            raise UnbuildableError("which is outside this repository")
        home = zone(directory)
        if zone(path) != home:
            inside = "the repository that names it" if home else "what the repository contains"
            raise UnbuildableError(f"which is outside {inside}")
        return "" if path == "." else path

    def real(self, path: str) -> str:
        """The path without symlinks in it, whether or not something is there.

        Raises UnbuildableError where a symlink leaves the tree or leads to too many others, and
        below a submodule.
        """
        if path not in self._real:
            try:
                self._real[path] = self._followed(path)
            except UnbuildableError as error:
                self._real[path] = error
        path_or_error = self._real[path]
        if isinstance(path_or_error, UnbuildableError):
            raise path_or_error
        return path_or_error

    def file(self, path: str) -> File | None:
        """The regular file at a path without symlinks, None where there is none."""
        file = self.tree.get(path)
        return file if file is not None and file.mode in REGULAR else None

    def is_directory(self, path: str) -> bool:
        """Whether a path without symlinks is a directory."""
        return not path or path in self._directories

    def kustomization(self, directory: str) -> str | None:
        """The path of a directory's kustomization file; of several, the one that is named."""
        inside = f"{directory}/" if directory else ""
        names = (f"{inside}{name}" for name in KUSTOMIZATION_NAMES)
        return next((name for name in names if self.file(name) is not None), None)

    def below(self, directory: str) -> Iterator[tuple[str, str]]:
        """Every file below a directory, through symlinks: its path as it is seen, and its own.

        Raises UnbuildableError as `real` does.
        """
        pending = [(directory, self.real(directory), 0)]
        home = zone(directory)
        count = 0
        while pending:
            shown, place, depth = pending.pop()
            inside = f"{place}/" if place else ""
            for path in self._paths[bisect_left(self._paths, inside) :]:
                if not path.startswith(inside):
                    break
                if zone(path) != home:
                    continue
                count += 1
                if count > _MOST_BELOW:
                    raise UnbuildableError(f"which holds more than {_MOST_BELOW} files")
                seen = f"{shown}/{path[len(inside) :]}" if shown else path[len(inside) :]
                file = self.tree[path]
                if file.mode in REGULAR:
                    yield seen, path
                    continue
                own_path = self.real(path)
                if self.file(own_path) is not None:
                    yield seen, own_path
                elif depth >= _MOST_LINKS:
                    raise UnbuildableError(f"which holds {path!r}, a symlink to itself")
                elif self.is_directory(own_path):
                    pending.append((seen, own_path, depth + 1))

    def _followed(self, path: str) -> str:
        pending = path.split("/")[::-1] if path else []
        place: list[str] = []
        links = 0
        while pending:
            place.append(pending.pop())
            here = "/".join(place)
            file = self.tree.get(here)
            if file is None or file.mode in REGULAR:
                continue
            if file.mode == SUBMODULE:
                raise UnbuildableError("which is in a submodule")
            links += 1
            if file.mode != SYMLINK or links > _MOST_LINKS:
                raise UnbuildableError("which is behind too many symlinks")
            place.pop()
            try:
                target = self.target(file)
                goal = self.local("/".join(place), target)
            except (KeyError, UnbuildableError) as error:
                raise UnbuildableError("which is a symlink out of this repository") from error
            pending += goal.split("/")[::-1] if goal else []
            place = []
        return "/".join(place)

    @cached_property
    def _directories(self) -> frozenset[str]:
        directories: set[str] = set()
        for path in self.tree:
            place = path.rpartition("/")[0]
            while place and place not in directories:
                directories.add(place)
                place = place.rpartition("/")[0]
        return frozenset(directories)

    @cached_property
    def _paths(self) -> list[str]:
        return sorted(self.tree)
