"""Hunks: which lines of two texts differ, and the texts with some of them put back."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from bot.core.finding import Side

# Beyond this the lines between two that stand once on both sides are one hunk: what compares them
# may take the cube of their number.
_MOST_LINES: Final = 400
_MOST_HUNKS: Final = 200


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines of a file that differ: `removed` begin at line `old` of base, `added` at `new` of head.

    Lines are counted from 1 and keep their ends. Where one of them is empty, its number is that of
    the line before which the others stand.
    """

    path: str
    old: int
    removed: tuple[str, ...]
    new: int
    added: tuple[str, ...]


def hunks(path: str, before: str, after: str) -> tuple[Hunk, ...]:
    """What differs between two texts of a file, in the order of its lines."""
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
    """A text of head with one hunk as base has it."""
    lines = lines_of(text)
    at = hunk.new - 1
    lines[at : at + len(hunk.added)] = hunk.removed
    return "".join(lines)


def put_on(text: str, hunk: Hunk) -> str:
    """A text of base with one hunk as head has it."""
    lines = lines_of(text)
    at = hunk.old - 1
    lines[at : at + len(hunk.removed)] = hunk.added
    return "".join(lines)


def holds(hunk: Hunk, line: int, side: Side) -> bool:
    """Whether a line of base (`LEFT`) or of head is one of a hunk."""
    first, lines = (hunk.old, hunk.removed) if side == "LEFT" else (hunk.new, hunk.added)
    return first <= line < first + len(lines)


def line_at(text: str, number: int) -> str | None:
    """A line of a text, counted from 1, with its end."""
    lines = lines_of(text)
    return lines[number - 1] if 0 < number <= len(lines) else None


def with_line(text: str, number: int, line: str) -> str:
    """A text with another line at this number."""
    lines = lines_of(text)
    lines[number - 1] = line
    return "".join(lines)


def lines_of(text: str) -> list[str]:
    """The lines as git counts them, with their ends; `splitlines` knows many other ends."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [
        line for line in text.rpartition("\n")[2:] if line
    ]


def _differences(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """The ranges of lines that differ, between those that are found to be the same."""
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
    """Lines that stand once on both sides, as many as keep their order."""
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
