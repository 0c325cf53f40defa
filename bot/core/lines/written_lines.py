"""What a line of YAML says by itself: its scalar, the fields above it, what it lists or deletes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bot.core.values import Value
from bot.patterns import pattern

# Bounds: the lines of one text that are looked at, and how much of a line.
MOST_LINES: Final = 20_000
LONGEST_LINE: Final = 2_000

LINE: Final = pattern(
    r"(?P<indent> *)(?P<dashes>(?:- +)*)"
    r"(?:(?P<key>\"[^\"]*\"|'[^']*'|[^\s#:\"'{\[-][^:#]*):(?:\s+(?P<value>.*))?|(?P<item>.*))"
)
# https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/
_DELETES: Final = ("$patch", "delete")


def listing(lines: Sequence[str], folder: str, path: str) -> int | None:
    """Return the first line whose scalar names a file or a directory above it."""
    for index, line in enumerate(lines[:MOST_LINES]):
        match = LINE.match(line[:LONGEST_LINE].rstrip())
        named = plain((match["value"] or match["item"] or "") if match else "")
        place = posixpath.normpath(posixpath.join(folder, named)) if named else ""
        if named and (path == place or path.startswith(f"{place}/")):
            return index
    return None


def first_written(lines: Sequence[str]) -> int | None:
    """Return the first line that is neither blank nor a comment, nor starts a document."""
    for index, line in enumerate(lines[:MOST_LINES]):
        text = line[:LONGEST_LINE].strip()
        if text and not text.startswith(("#", "---")):
            return index
    return None


def deleting(lines: Sequence[str]) -> int | None:
    """Return the first line of a patch that deletes what it matches."""
    for index, line in enumerate(lines[:MOST_LINES]):
        match = LINE.match(line[:LONGEST_LINE].rstrip())
        if match and (plain(match["key"] or ""), plain(match["value"] or "")) == _DELETES:
            return index
    return None


def probed(line: str, value: Value) -> str | None:
    """Return a line with a unique scalar in place of its own; None if its scalar is not `value`."""
    if isinstance(value, bool):
        return rewritten(line, scalar_text(value), scalar_text(not value))
    if isinstance(value, int):
        return rewritten(line, str(value), str(value + 1))
    return rewritten(line, value, f"{value}x") if isinstance(value, str) and value else None


def rewritten(line: str, value: str, replacement: str) -> str | None:
    """Return a line with its scalar replaced; None if its scalar is not `value`."""
    match = LINE.match(line.rstrip("\n")[:LONGEST_LINE])
    name = "item" if match is not None and match["key"] is None else "value"
    if match is None or match[name] is None or plain(match[name]) != value:
        return None
    start = line.index(value, match.start(name))
    return line[:start] + replacement + line[start + len(value) :]


def plain(written: str) -> str:
    """Return a scalar without its quotes and its trailing comment."""
    return written.partition(" #")[0].strip("\"' ")


def scalar_text(value: Value) -> str:
    """Return a scalar as YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def key_paths(lines: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Yield the field names that lead to each line, by its indentation."""
    above: list[tuple[int, str]] = []
    for line in lines:
        match = LINE.match(line[:LONGEST_LINE].rstrip())
        if match is None or not line.strip():
            yield tuple(key for _, key in above)
            continue
        depth = len(match["indent"]) + len(match["dashes"])
        # List items may have the same indentation as the field that holds them.
        outer = len(match["indent"]) if match["dashes"] else depth
        while above and (above[-1][0] > outer or (above[-1][0] == outer and not match["dashes"])):
            above.pop()
        if match["key"] is not None:
            above.append((depth, match["key"].strip("\"' ")))
        yield tuple(key for _, key in above)
