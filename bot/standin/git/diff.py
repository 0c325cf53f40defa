"""The difference of two commits as GitHub shows it: files, patches, and lines to comment on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.standin.git.repository import BareRepository

# Larger differences are shown without a patch.
# https://docs.github.com/repositories/creating-and-managing-repositories/repository-limits
MAXIMUM_PATCH_BYTES = 500 * 1024
MAXIMUM_DIFF_BYTES = 1024 * 1024
MAXIMUM_DIFF_LINES = 20_000

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_STATUS = {
    "A": "added",
    "D": "removed",
    "M": "modified",
    "R": "renamed",
    "C": "copied",
    "T": "changed",
}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a patch; `position` counts from the first hunk's header, as GitHub does."""

    hunk: int
    position: int
    sign: str
    text: str
    old: int | None
    new: int | None


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file of a difference; `patch` is None for binary and for large files."""

    path: str
    previous_path: str | None
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str | None

    def lines(self) -> list[DiffLine]:
        """The lines of the patch with their numbers on both sides."""
        return list(_lines(self.patch)) if self.patch else []

    def find(self, side: str, line: int) -> DiffLine | None:
        """The line that a comment on this side and number stands on, or None outside the hunks.

        LEFT means removed lines, RIGHT added ones and their context.
        """
        for entry in self.lines():
            if side == "LEFT" and entry.sign == "-" and entry.old == line:
                return entry
            if side == "RIGHT" and entry.sign in ("+", " ") and entry.new == line:
                return entry
        return None

    def hunk_until(self, end: DiffLine) -> str:
        """The hunk from its header to this line: a comment's `diff_hunk`."""
        lines = (self.patch or "").split("\n")
        start = max(
            number for number, text in enumerate(lines[: end.position + 1]) if text.startswith("@@")
        )
        return "\n".join(lines[start : end.position + 1])


def compare(repository: BareRepository, base: str, head: str) -> list[FileDiff]:
    """The files that differ between two commits, in git's order, renames found."""
    options = ("--no-color", "--no-ext-diff", "--no-textconv", "--find-renames=50%", base, head)
    raw = repository.run("diff", "--raw", "-z", "--no-abbrev", *options)
    patches = iter(_sections(repository.run("diff", "--patch", *options)))
    files = []
    budget = MAXIMUM_DIFF_BYTES, MAXIMUM_DIFF_LINES
    for status, sha, path, previous in _raw_entries(raw):
        # A file that becomes a link is two sections: the old removed, the new added.
        sections = [next(patches)] + ([next(patches)] if status == "T" else [])
        patch = "\n".join(filter(None, (_hunks(section) for section in sections))) or None
        budget, patch = _within(budget, patch)
        additions, deletions = _counts(sections)
        files.append(FileDiff(path, previous, _STATUS[status], sha, additions, deletions, patch))
    return files


def map_line(patch: str | None, line: int) -> int | None:
    """Where a line of the old text is in the new one, or None where it was touched."""
    shift = 0
    for entry in _lines(patch) if patch else ():
        if entry.old == line:
            return entry.new
        if entry.old is not None and entry.old > line:
            break
        shift += {"+": 1, "-": -1}.get(entry.sign, 0)
    return line + shift


def _raw_entries(raw: bytes) -> list[tuple[str, str, str, str | None]]:
    fields = iter(raw.decode(errors="replace").split("\0"))
    entries = []
    for head in fields:
        if not head.startswith(":"):
            break
        _, _, before, after, status = head.split(" ")
        first = next(fields)
        renamed = status[0] in "RC"
        path = next(fields) if renamed else first
        sha = before if status[0] == "D" else after
        entries.append((status[0], sha, path, first if renamed else None))
    return entries


def _sections(patch: bytes) -> list[list[str]]:
    """The patch cut at its `diff --git` lines; no line of content can begin like that."""
    sections: list[list[str]] = []
    for line in patch.decode(errors="replace").split("\n"):
        if line.startswith("diff --git "):
            sections.append([])
        if sections:
            sections[-1].append(line)
    if sections and sections[-1][-1] == "":
        sections[-1].pop()
    return sections


def _hunks(section: list[str]) -> str | None:
    start = next((n for n, line in enumerate(section) if line.startswith("@@ ")), None)
    return None if start is None else "\n".join(section[start:])


def _counts(sections: list[list[str]]) -> tuple[int, int]:
    marks = [line.sign for section in sections for line in _lines(_hunks(section) or "")]
    return marks.count("+"), marks.count("-")


def _within(budget: tuple[int, int], patch: str | None) -> tuple[tuple[int, int], str | None]:
    if patch is None:
        return budget, None
    size, lines = len(patch.encode()), patch.count("\n") + 1
    remaining = budget[0] - size, budget[1] - lines
    if size > MAXIMUM_PATCH_BYTES or min(remaining) < 0:
        return budget, None
    return remaining, patch


def _lines(patch: str) -> list[DiffLine]:
    entries: list[DiffLine] = []
    hunk, old, new = -1, 0, 0
    for position, line in enumerate(patch.split("\n") if patch else ()):
        header = _HUNK.match(line)
        if header:
            hunk += 1
            old, new = int(header[1]), int(header[2])
            continue
        sign, text = line[:1], line[1:]
        if sign == "\\":  # "No newline at end of file" is no line
            continue
        entries.append(
            DiffLine(
                hunk,
                position,
                sign,
                text,
                old if sign in " -" else None,
                new if sign in " +" else None,
            )
        )
        old += sign in " -"
        new += sign in " +"
    return entries
