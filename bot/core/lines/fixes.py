"""Fixes of a working tree: suggestions put into files, and the difference that they make."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.core.engine.review import ReviewFinding, Suggestion


@dataclass(frozen=True, slots=True)
class Edit:
    """One file before and after. `left` are suggestions for lines that another one has changed."""

    path: str
    old: str
    new: str
    left: tuple[Suggestion, ...] = ()

    @property
    def diff(self) -> str:
        """The difference as `git diff` shows it, of the changed lines alone.

        Lines around them may be a Secret's.
        """
        rows = difflib.unified_diff(
            _lines(self.old),
            _lines(self.new),
            f"a/{self.path}",
            f"b/{self.path}",
            n=0,
        )
        return "".join(row if row.endswith("\n") else f"{row}\n" for row in rows)


def suggestions(findings: Iterable[ReviewFinding]) -> Mapping[str, tuple[Suggestion, ...]]:
    """The suggestions of a review for files of head, by path, each once, from top to bottom."""
    found: dict[str, dict[Suggestion, None]] = {}
    for finding in findings:
        place = finding.location
        if finding.suggestion is not None and place is not None and place.side == "RIGHT":
            found.setdefault(place.path, {})[finding.suggestion] = None
    return {
        path: tuple(sorted(held, key=lambda one: (one.start, one.end, one.text)))
        for path, held in sorted(found.items())
    }


def edit(path: str, text: str, wanted: Iterable[Suggestion]) -> Edit:
    """A file with suggestions applied; line ends stay as they are.

    Of two suggestions for one line the first counts: after it the other is no longer certain.
    """
    lines, free = _lines(text), 0
    left = []
    for one in sorted(set(wanted), key=lambda one: (one.start, one.end, one.text)):
        if one.start <= free or one.end > len(lines) or one.start > one.end:
            left.append(one)
            continue
        free = one.end
        end = "\r\n" if lines[one.end - 1].endswith("\r\n") else "\n"
        last = "" if not lines[one.end - 1].endswith("\n") else end
        lines[one.start - 1] = one.text.replace("\n", end) + last
        for gone in range(one.start, one.end):
            lines[gone] = ""
    return Edit(path, text, "".join(lines), tuple(left))


def _lines(text: str) -> list[str]:
    """The lines as editors and GitHub count them, with their ends: only LF ends one."""
    rows = text.split("\n")
    return [f"{row}\n" for row in rows[:-1]] + rows[-1:] * bool(rows[-1])
