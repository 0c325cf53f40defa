"""The work folder of one build: the closure of one root, and no other file of the tree."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bot.errors import UnbuildableError
from bot.records import dataclass

MOST_FILES: Final = 3_000
MOST_BYTES: Final = 32 * 1024 * 1024
LARGEST_FILE: Final = 8 * 1024 * 1024
_LONGEST_PATH: Final = 1_024
_LONGEST_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class Work:
    """The folders of one build: `tree` has the closure, `wrapper` generated files, `scratch` none.

    The renderer can write only `scratch`.
    """

    tree: Path
    wrapper: Path
    scratch: Path


@contextmanager
def work_folder(files: Mapping[str, bytes], parent: Path | None = None) -> Iterator[Work]:
    """A temporary folder with these files, removed afterwards.

    Raises UnbuildableError for unsafe paths and for files over a limit.
    """
    _check(files)
    with tempfile.TemporaryDirectory(prefix="fairlead-render-", dir=parent) as name:
        top = Path(name)
        work = Work(top / "tree", top / "wrapper", top / "scratch")
        for folder in (work.tree, work.wrapper, work.scratch):
            folder.mkdir()
        for path, data in files.items():
            target = work.tree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        yield work


def _check(files: Mapping[str, bytes]) -> None:
    if len(files) > MOST_FILES:
        raise UnbuildableError(f"it consists of {len(files):,} files; the limit is {MOST_FILES:,}")
    total = sum(map(len, files.values()))
    if total > MOST_BYTES:
        raise UnbuildableError(f"it consists of {total:,} bytes; the limit is {MOST_BYTES:,}")
    for path, data in files.items():
        if len(data) > LARGEST_FILE:
            raise UnbuildableError(
                f"{path!r} has {len(data):,} bytes; the limit is {LARGEST_FILE:,}"
            )
        if not _is_plain(path):
            raise UnbuildableError(f"{path!r} is not a path that can be passed to a renderer")
    folders = {parent for path in files for parent in _parents(path)}
    clash = next((path for path in files if path in folders), None)
    if clash is not None:
        raise UnbuildableError(f"{clash!r} is both a file and a directory")


def _is_plain(path: str) -> bool:
    """Whether the path is relative, has no `.` or `..` segment, and no `.git`."""
    parts = path.split("/")
    return (
        0 < len(path) <= _LONGEST_PATH
        and "\0" not in path
        and all(0 < len(part.encode()) <= _LONGEST_NAME for part in parts)
        and not any(part in {".", ".."} or part.lower() == ".git" for part in parts)
    )


def _parents(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))
