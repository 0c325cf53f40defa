"""The lines of a pull request's diff; GitHub accepts comments on no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.core.finding import Side
from bot.patterns import pattern
from bot.records import cached_property, dataclass

# A hunk's header as git writes it; an omitted length is 1.
_HEADER: Final = pattern(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class CommentableLine:
    """A line (1-based) and side of a file's diff."""

    line: int
    side: Side


@dataclass(frozen=True)
class Hunks:
    """The lines that a file's patch shows, 1-based.

    `added` are lines of head, `removed` lines of base, `context` unchanged lines (base to head).
    """

    added: frozenset[int]
    removed: frozenset[int]
    context: Mapping[int, int]

    @cached_property
    def _right(self) -> frozenset[int]:
        return self.added | frozenset(self.context.values())

    def anchor(self, line: int, side: Side) -> CommentableLine | None:
        """Where GitHub accepts a comment on this line, None where the diff does not show it.

        GitHub takes a removed line as LEFT and every other as RIGHT:
        https://docs.github.com/en/rest/pulls/comments#create-a-review-comment-for-a-pull-request
        """
        if side == "RIGHT":
            return CommentableLine(line, "RIGHT") if line in self._right else None
        if line in self.removed:
            return CommentableLine(line, "LEFT")
        shown = self.context.get(line)
        return None if shown is None else CommentableLine(shown, "RIGHT")

    def holds(self, start: int, end: int) -> bool:
        """Whether one hunk shows head's lines `start` to `end`.

        Hunks are at least one line apart, so consecutive lines belong to one hunk.
        """
        return all(line in self._right for line in range(start, end + 1))


def parse_patch(patch: str) -> Hunks:
    """The hunks of a file's patch, as GitHub's pull request files API returns it."""
    added: set[int] = set()
    removed: set[int] = set()
    context: dict[int, int] = {}
    old = new = old_left = new_left = 0
    # Only "\n" ends a line of a patch: a carriage return or U+2028 is part of the line.
    for row in patch.split("\n"):
        if old_left <= 0 and new_left <= 0:
            if header := _HEADER.match(row):
                old, new = int(header[1]), int(header[3])
                old_left, new_left = _length(header[2]), _length(header[4])
            continue
        sign = row[:1]
        if sign == "\\":  # "\ No newline at end of file" is not a line
            continue
        if sign == "+":
            added.add(new)
        elif sign == "-":
            removed.add(old)
        else:
            context[old] = new
        if sign != "+":
            old, old_left = old + 1, old_left - 1
        if sign != "-":
            new, new_left = new + 1, new_left - 1
    return Hunks(frozenset(added), frozenset(removed), context)


def _length(written: str | None) -> int:
    return 1 if written is None else int(written)
