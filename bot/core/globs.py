"""Globs over names and paths, as the policy writes them."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def name_matches(name: str, globs: Iterable[str]) -> bool:
    """Return whether one of these globs matches the whole name; case counts."""
    return any(fnmatchcase(name, glob) for glob in globs)


def path_matches(path: str, globs: Iterable[str]) -> bool:
    """Return whether one of these globs matches the path from the repository's root; case counts.

    `*` and `?` stay within a directory and `**` stands for any number of directories, including
    none. A glob that names a directory, with or without a trailing slash, matches everything in it,
    as in a `.gitignore` file.
    """
    segments = tuple(path.split("/"))
    return any(_matches(segments, glob) for glob in globs)


def _matches(segments: tuple[str, ...], glob: str) -> bool:
    """Walk the glob, keeping the set of positions in the path that it can have reached."""
    reached = {0}
    for segment_glob in glob.removeprefix("./").strip("/").split("/"):
        if segment_glob == "**":
            reached = set(range(min(reached), len(segments) + 1))
        else:
            reached = {
                place + 1
                for place in reached
                if place < len(segments) and fnmatchcase(segments[place], segment_glob)
            }
        if not reached:
            return False
    return True
