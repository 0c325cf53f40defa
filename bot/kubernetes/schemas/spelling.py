"""Names of fields and kinds: which one was probably meant?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from bot.kubernetes.schemas.shape import ListShape, MapShape, ObjectShape, Shape

_CUTOFF: Final = 0.72
_SHORT: Final = 6
_LONGEST: Final = 64


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that is spelled most like this one, or None where none is close."""
    candidates = list(names)
    folded = name.casefold()
    for candidate in candidates:
        if candidate.casefold() == folded:
            return candidate
    return next(iter(difflib.get_close_matches(name, candidates, 1, _CUTOFF)), None)


def is_misspelling(name: str, other: str) -> bool:
    """Whether two names differ in the case of letters or in one letter, long ones in two."""
    first, second = name.casefold()[:_LONGEST], other.casefold()[:_LONGEST]
    most = 1 if len(other) < _SHORT else 2
    if abs(len(first) - len(second)) > most:
        return False
    return _edits(first, second) <= most


def _edits(first: str, second: str) -> int:
    """How many letters are added, dropped, replaced or swapped with the next between two words."""
    rows = [list(range(len(second) + 1))]
    for row in range(1, len(first) + 1):
        current = [row]
        for column in range(1, len(second) + 1):
            replaced = rows[-1][column - 1] + (first[row - 1] != second[column - 1])
            cost = min(rows[-1][column] + 1, current[-1] + 1, replaced)
            pair = first[max(row - 2, 0) : row]
            if len(pair) == 2 and second[max(column - 2, 0) : column] == pair[::-1]:
                cost = min(cost, rows[-2][column - 2] + 1)
            current.append(cost)
        rows.append(current)
    return rows[-1][-1]


def field_names(shape: Shape) -> frozenset[str]:
    """The names of the fields at any depth of a shape, without what references lead to."""
    names: set[str] = set()
    seen: set[int] = set()
    waiting = [shape]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        match current:
            case ObjectShape():
                names.update(current.fields)
                waiting += current.fields.values()
            case ListShape():
                waiting.append(current.items)
            case MapShape():
                waiting.append(current.values)
            case _:
                continue
    return frozenset(names)
