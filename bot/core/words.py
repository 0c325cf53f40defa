"""Lists, counts and plurals in sentences."""

from __future__ import annotations

from collections.abc import Sequence


def first_of(names: Sequence[str], most: int, separator: str = ", ") -> str:
    """The first names, and how many are left out: `a, b and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return separator.join(names[:most]) + more


def series(names: Sequence[str], last: str = "and") -> str:
    """All names, the last one joined by a word: `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def counted(number: int, noun: str) -> str:
    """The number with its noun, in the plural where needed: `1 grant`, `2,000 grants`."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of a noun or a kind: Ingresses, NetworkPolicies."""
    if noun.endswith(("s", "x", "ch")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"
