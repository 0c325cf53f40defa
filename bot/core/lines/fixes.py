"""Suggestions applied to files, and the resulting diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from bot.core.engine.review import ReviewFinding, Suggestion
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """One file before and after. `skipped` are suggestions for lines already changed."""

    path: str
    old: str
    new: str
    skipped: tuple[Suggestion, ...] = ()

    @property
    def diff(self) -> str:
        """The diff as `git diff` shows it, changed lines only.

        Context lines are left out, as they may belong to a Secret.
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
    """Return the suggestions of a review for files of head, by path, from top to bottom."""
    by_path: dict[str, dict[Suggestion, None]] = {}
    for finding in findings:
        place = finding.location
        if finding.suggestion is not None and place is not None and place.side == "RIGHT":
            by_path.setdefault(place.path, {})[finding.suggestion] = None
    return {
        path: tuple(
            sorted(
                fixes, key=lambda suggestion: (suggestion.start, suggestion.end, suggestion.text)
            )
        )
        for path, fixes in sorted(by_path.items())
    }


def edit(path: str, text: str, fixes: Iterable[Suggestion]) -> Edit:
    """Return a file with suggestions applied; line ends stay as they are.

    Of two suggestions for one line the first is applied: after it the second is no longer certain.
    """
    lines, free = _lines(text), 0
    skipped = []
    for fix in sorted(set(fixes), key=lambda fix: (fix.start, fix.end, fix.text)):
        if fix.start <= free or fix.end > len(lines) or fix.start > fix.end:
            skipped.append(fix)
            continue
        free = fix.end
        end = "\r\n" if lines[fix.end - 1].endswith("\r\n") else "\n"
        last = "" if not lines[fix.end - 1].endswith("\n") else end
        lines[fix.start - 1] = fix.text.replace("\n", end) + last
        for gone in range(fix.start, fix.end):
            lines[gone] = ""
    return Edit(path, text, "".join(lines), tuple(skipped))


def _lines(text: str) -> list[str]:
    """Return the lines with their ends, as editors and GitHub count them: only LF ends a line."""
    rows = text.split("\n")
    return [f"{row}\n" for row in rows[:-1]] + rows[-1:] * bool(rows[-1])
