"""CODEOWNERS as GitHub reads it: who owns a path.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Final

from bot.patterns import pattern
from bot.records import dataclass

LOCATIONS: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in this order; the first file that is there is the only one it reads."""

LARGEST: Final = 3 * 1024 * 1024
"""GitHub does not load a larger file, and then nobody owns anything."""

MOST_LINES: Final = 20_000
"""Of a file with more nobody owns anything: the last lines decide, so none can be left out."""

_USER: Final = pattern(r"@[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98})")
_TEAM: Final = pattern(r"@[A-Za-z0-9][A-Za-z0-9_-]{0,98}/[A-Za-z0-9._-]{1,100}")
_EMAIL: Final = pattern(r"[^\s@]{1,100}@[^\s@]{1,150}")
_WORD: Final = pattern(r"(?:\\.|[^ \t\r\\])+")
_ESCAPED: Final = pattern(r"\\(.)")
# Syntax of .gitignore that CODEOWNERS lacks: character ranges.
_UNSUPPORTED: Final = frozenset("[]")


@dataclass(frozen=True, slots=True)
class _Line:
    """A pattern in segments, and the owners of what it matches; they may be empty.

    `inside`: the pattern names a directory, so it matches the content of the directory and no file
    of that name.
    """

    segments: tuple[str, ...]
    inside: bool
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Codeowners:
    """The owners of paths. Without lines, as without a file, nobody owns anything."""

    lines: tuple[_Line, ...] = ()

    def owners(self, path: str) -> tuple[str, ...]:
        """Return the owners on the last matching line: `@user`, `@org/team`, or an address."""
        steps = tuple(path.split("/"))
        for line in reversed(self.lines):
            if _matches(steps, line):
                return line.owners
        return ()


def parse_codeowners(text: str) -> Codeowners:
    """Parse a CODEOWNERS file; lines that GitHub rejects are skipped, as GitHub does."""
    if len(text) > LARGEST:
        return Codeowners()
    # Only LF ends a line for GitHub, not the other Unicode separators.
    rows = text.split("\n")
    if len(rows) > MOST_LINES:
        return Codeowners()
    return Codeowners(tuple(line for row in rows for line in _parsed(row)))


def normalised(owner: str) -> str:
    """Return an owner for comparison: GitHub's logins and team names ignore case."""
    return owner.lower() if owner.startswith("@") else owner


def _parsed(row: str) -> Iterator[_Line]:
    words = list(_words(row))
    if not words:
        return
    pattern, *owners = words
    # GitHub takes an escaped `#` neither for a pattern nor for a comment.
    if pattern.startswith(("!", "\\#")) or "***" in pattern or _UNSUPPORTED & set(pattern):
        return
    if not all(_is_owner(owner) for owner in owners):
        return
    pattern = _ESCAPED.sub(_literal, pattern)
    segments = _segments(pattern)
    if segments:
        yield _Line(segments, pattern.endswith("/"), tuple(map(normalised, owners)))


def _words(row: str) -> Iterator[str]:
    """Yield the words of a line up to a comment; a backslash keeps a space inside a word."""
    for word in _WORD.findall(row):
        if word.startswith("#"):
            return
        yield word


def _literal(escaped: re.Match[str]) -> str:
    """Return an escaped character as a literal, also where `fnmatch` gives it a meaning."""
    return f"[{escaped[1]}]" if escaped[1] in "*?" else escaped[1]


def _is_owner(word: str) -> bool:
    return any(form.fullmatch(word) for form in (_USER, _TEAM, _EMAIL))


def _segments(pattern: str) -> tuple[str, ...]:
    """Return the pattern from the root; without a slash inside, it matches at any depth."""
    anchored = "/" in pattern.rstrip("/")
    segments = tuple(part for part in pattern.strip("/").split("/") if part)
    return segments if anchored or not segments else ("**", *segments)


def _matches(steps: tuple[str, ...], line: _Line) -> bool:
    """Walk the pattern, keeping the set of positions in the path that it can have reached."""
    reached, end, last = {0}, len(steps), len(line.segments) - 1
    for place, glob in enumerate(line.segments):
        if glob == "**":
            # At the end of a pattern, `**` matches the directory's content, not the directory.
            reached = set(range(min(reached) + (place == last), end + 1))
        else:
            reached = set(_stepped(steps, glob, reached))
        if not reached:
            return False
    if line.inside:
        return min(reached) < end
    # `docs/*` matches the files in docs only; any other pattern that ends at a directory
    # matches everything in it.
    return line.segments[-1] != "*" or end in reached


def _stepped(steps: tuple[str, ...], glob: str, reached: Iterable[int]) -> Iterator[int]:
    for place in reached:
        if place < len(steps) and fnmatchcase(steps[place], glob):
            yield place + 1
