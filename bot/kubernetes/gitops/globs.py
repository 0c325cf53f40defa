"""The globs of Go's libraries over paths and texts, matched without backtracking.

`path.Match`: `*` stays within a directory. doublestar: `**/` stands for directories. gobwas without
separators, which Argo CD uses for `directory.include` and `exclude`: `*` matches everything,
`{a,b}` either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from bot.patterns import pattern
from bot.records import dataclass

Flavour: TypeAlias = Literal["path", "doublestar", "text", "shell", "pathspec"]
"""Go's `path.Match`; doublestar; gobwas/glob without separators; fluxcd's for `${name#glob}`; and
git's pathspec, in which `*` crosses slashes."""

_MOST_CHOICES: Final = 128
_NO_LITERAL: Final = pattern(r"[*?]|[\[{].*[\]}]", re.DOTALL)
_SPECIAL: Final = frozenset("*?[{\\")


class BadGlobError(ValueError):
    """A glob that none of the libraries accepts."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One part of a glob: how many characters it matches, and which."""

    kind: Literal["one", "any", "star", "everything", "directories"]
    ranges: tuple[tuple[str, str], ...] = ()
    negated: bool = False
    crosses: bool = True

    def takes(self, char: str) -> bool:
        """Return whether the step matches this character."""
        if self.kind in ("any", "star"):
            return self.crosses or char != "/"
        if self.kind in ("everything", "directories"):
            return True
        return any(low <= char <= high for low, high in self.ranges) != self.negated


def matches(glob: str, text: str, flavour: Flavour) -> bool:
    """Return whether a glob matches the whole text; an invalid glob matches nothing."""
    start, end = _literals(glob)
    if not (text.startswith(start) and text.endswith(end)):
        return False
    try:
        return any(end == len(text) for end in ends(glob, text, flavour))
    except BadGlobError:
        return False


@lru_cache(maxsize=256)
def _literals(glob: str) -> tuple[str, str]:
    """Return what every match begins and ends with; most paths need no closer look."""
    parts = _NO_LITERAL.split(glob)
    # `**/` also matches no directory, without a slash.
    last = parts[-1].removeprefix("/") if len(parts) > 1 else parts[-1]
    plain = "\\" not in glob
    return (parts[0] if plain else ""), (last if plain else "")


def is_glob(text: str) -> bool:
    """Return whether a path contains glob characters."""
    return bool(_SPECIAL & set(text))


def ends(glob: str, text: str, flavour: Flavour) -> Iterator[int]:
    """Yield the lengths of the prefixes of a text that a glob matches, ascending.

    Raises BadGlobError.
    """
    choices = [_steps(choice, flavour) for choice in _choices(glob, flavour)]
    reached = [_free({0}, steps) for steps in choices]
    for index in range(len(text) + 1):
        if any(len(steps) in positions for steps, positions in zip(choices, reached, strict=True)):
            yield index
        if index == len(text) or not any(reached):
            return
        reached = [
            _free(_taken(positions, steps, text[index]), steps)
            for steps, positions in zip(choices, reached, strict=True)
        ]


# A position between two steps is a whole number. Inside a `**/` that consumed characters but no
# slash yet, it is `-index - 1`.
def _taken(places: set[int], steps: tuple[_Step, ...], char: str) -> set[int]:
    reached = set()
    for place in places:
        index = -place - 1 if place < 0 else place
        if index >= len(steps) or not steps[index].takes(char):
            continue
        kind = steps[index].kind
        if kind == "directories":
            reached.add(-index - 1)
            if char == "/":
                reached.add(index + 1)
        else:
            reached.add(index if kind in ("star", "everything") else index + 1)
    return reached


def _free(places: set[int], steps: tuple[_Step, ...]) -> set[int]:
    """Return the positions, with those that are reached without consuming a character."""
    reached = set(places)
    pending = list(places)
    while pending:
        place = pending.pop()
        optional = 0 <= place < len(steps) and steps[place].kind not in ("one", "any")
        if optional and place + 1 not in reached:
            reached.add(place + 1)
            pending.append(place + 1)
    return reached


def _choices(glob: str, flavour: Flavour) -> list[str]:
    """Return a glob without its braces, once for each alternative."""
    if flavour not in ("text", "doublestar") or "{" not in glob:
        return [glob]
    start = glob.index("{")
    depth, parts, last = 0, [], start + 1
    for index in range(start, len(glob)):
        if glob[index] == "{":
            depth += 1
        elif glob[index] == "}":
            depth -= 1
            if depth == 0:
                parts.append(glob[last:index])
                break
        elif glob[index] == "," and depth == 1:
            parts.append(glob[last:index])
            last = index + 1
    if depth or len(parts) > _MOST_CHOICES:
        raise BadGlobError(glob)
    rest = _choices(glob[index + 1 :], flavour)
    inner = [choice for part in parts for choice in _choices(part, flavour)]
    if len(rest) * len(inner) > _MOST_CHOICES:
        raise BadGlobError(glob)
    return [glob[:start] + part + end for part in inner for end in rest]


@lru_cache(maxsize=256)
def _steps(glob: str, flavour: Flavour) -> tuple[_Step, ...]:
    crosses = flavour in ("text", "shell", "pathspec")
    steps: list[_Step] = []
    at = 0
    while at < len(glob):
        char = glob[at]
        if flavour == "doublestar" and glob.startswith("**/", at) and _begins(glob, at):
            steps.append(_Step("directories"))
            at += 3
        elif flavour == "doublestar" and glob[at:] == "**" and _begins(glob, at):
            steps.append(_Step("everything"))
            at += 2
        elif char == "*":
            steps.append(_Step("star", crosses=crosses))
            at += 1
        elif char == "?":
            steps.append(_Step("any", crosses=crosses))
            at += 1
        elif char == "[":
            step, at = _class(glob, at + 1, flavour)
            steps.append(step)
        else:
            if char == "\\":
                at += 1
            if at >= len(glob):
                raise BadGlobError(glob)
            steps.append(_Step("one", ((glob[at], glob[at]),)))
            at += 1
    return tuple(steps)


def _begins(glob: str, at: int) -> bool:
    return at == 0 or glob[at - 1] == "/"


def _class(glob: str, at: int, flavour: Flavour) -> tuple[_Step, int]:
    signs = {"text": "!", "doublestar": "!^", "pathspec": "!^"}.get(flavour, "^")
    negated = at < len(glob) and glob[at] in signs
    at += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and at < len(glob) and glob[at] == "]"):
        low, at = _member(glob, at)
        high = low
        if at < len(glob) and glob[at] == "-":
            high, at = _member(glob, at + 1)
        ranges.append((low, high))
    return _Step("one", tuple(ranges), negated=bool(negated)), at + 1


def _member(glob: str, at: int) -> tuple[str, int]:
    if at < len(glob) and glob[at] in "-]":
        raise BadGlobError(glob)
    if at < len(glob) and glob[at] == "\\":
        at += 1
    if at >= len(glob):
        raise BadGlobError(glob)
    return glob[at], at + 1
