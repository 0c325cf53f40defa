"""Hunks: the lines in which two texts differ, and texts with single hunks reverted or applied."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final

from bot.core.finding import Side
from bot.records import dataclass

# Longer runs of lines between two anchors are one hunk: SequenceMatcher may take cubic time.
_MOST_LINES: Final = 400
_MOST_HUNKS: Final = 200


@dataclass(frozen=True, slots=True)
class Hunk:
    """Differing lines of a file: `removed` start at line `old` of base, `added` at `new` of head.

    Lines are counted from 1 and keep their ends. Where one side is empty, its number is that of the
    line before which the other side's lines stand.
    """

    path: str
    old: int
    removed: tuple[str, ...]
    new: int
    added: tuple[str, ...]


def hunks(path: str, before: str, after: str) -> tuple[Hunk, ...]:
    """Return the hunks between two texts of a file, in line order."""
    old, new = lines_of(before), lines_of(after)
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    inner, other = old[start : len(old) - end], new[start : len(new) - end]
    if not inner and not other:
        return ()
    ranges = [
        Hunk(path, start + i + 1, tuple(inner[i:j]), start + k + 1, tuple(other[k:m]))
        for i, j, k, m in _differences(inner, other)
    ]
    if len(ranges) > _MOST_HUNKS:
        return (Hunk(path, start + 1, tuple(inner), start + 1, tuple(other)),)
    return tuple(ranges)


def put_back(text: str, hunk: Hunk) -> str:
    """Return head's text with one hunk as it is at base."""
    lines = lines_of(text)
    at = hunk.new - 1
    lines[at : at + len(hunk.added)] = hunk.removed
    return "".join(lines)


def put_on(text: str, hunk: Hunk) -> str:
    """Return base's text with one hunk as it is at head."""
    lines = lines_of(text)
    at = hunk.old - 1
    lines[at : at + len(hunk.removed)] = hunk.added
    return "".join(lines)


def holds(hunk: Hunk, line: int, side: Side) -> bool:
    """Return whether a hunk contains a line of base (`LEFT`) or of head (`RIGHT`)."""
    first, lines = (hunk.old, hunk.removed) if side == "LEFT" else (hunk.new, hunk.added)
    return first <= line < first + len(lines)


def line_at(text: str, number: int) -> str | None:
    """Return a line of a text, counted from 1, with its end; None beyond the text."""
    lines = lines_of(text)
    return lines[number - 1] if 0 < number <= len(lines) else None


def with_line(text: str, number: int, line: str) -> str:
    """Return a text with the line at this number replaced."""
    lines = lines_of(text)
    lines[number - 1] = line
    return "".join(lines)


def lines_of(text: str) -> list[str]:
    """Return the lines as git counts them, with their ends; `splitlines` knows other line ends."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [
        line for line in text.rpartition("\n")[2:] if line
    ]


def _differences(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield the ranges of lines that differ, between lines known to be the same."""
    small = len(old) <= _MOST_LINES and len(new) <= _MOST_LINES
    anchors = [] if small else _anchors(old, new)
    i = k = 0
    for j, m in (*anchors, (len(old), len(new))):
        old_lines, new_lines = old[i:j], new[k:m]
        if len(old_lines) > _MOST_LINES or len(new_lines) > _MOST_LINES:
            yield i, j, k, m
        elif old_lines != new_lines:
            for tag, *at in SequenceMatcher(None, old_lines, new_lines).get_opcodes():
                if tag != "equal":
                    yield i + at[0], i + at[1], k + at[2], k + at[3]
        i, k = j + 1, m + 1


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the longest ordered sequence of lines that occur once on both sides."""
    places = {line: at for at, line in enumerate(new)}
    counts, others = Counter(old), Counter(new)
    ends: list[int] = []
    chains: list[tuple[int, int, int]] = []  # of old, of new, the chain's last before this
    last: list[int] = []
    for at, line in enumerate(old):
        if counts[line] != 1 or others[line] != 1:
            continue
        length = bisect_left(ends, places[line])
        chains.append((at, places[line], last[length - 1] if length else -1))
        ends[length : length + 1] = [places[line]]
        last[length : length + 1] = [len(chains) - 1]
    anchors: list[tuple[int, int]] = []
    link = last[-1] if last else -1
    while link >= 0:
        old_line, new_line, link = chains[link]
        anchors.append((old_line, new_line))
    return anchors[::-1]
