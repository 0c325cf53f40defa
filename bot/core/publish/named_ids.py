"""Which findings and problems a rendered text names by their ids.

A template leaves a mark behind each id that it shows. No text of a pull request can hold one:
`markdown.visible` replaces control characters.
"""

from __future__ import annotations

from typing import Final

from bot.core.engine.approvals import short_id
from bot.core.publish.markdown import capped, code_cell
from bot.patterns import pattern
from bot.records import dataclass

_MARK: Final = pattern("\x02([^\x02\x03]*)\x03")


@dataclass(frozen=True, slots=True)
class RenderedText:
    """A text as it is posted, and the fingerprints of what it names by id."""

    text: str
    names: frozenset[str]


def marked(fingerprint: str) -> str:
    """The mark of a finding or problem whose id the template shows."""
    return f"\x02{fingerprint}\x03"


def shown_id(fingerprint: str) -> str:
    """The id by which people name a finding or problem, as a code span, with its mark."""
    return f"{code_cell(short_id(fingerprint))}{marked(fingerprint)}"


def without_marks(rendered: str) -> RenderedText:
    """The text without its marks, cut to what GitHub accepts, and what the rest of it names."""
    whole = _MARK.sub("", rendered)
    text = capped(whole)
    kept, removed, names = _in_common(whole, text), 0, set()
    for mark in _MARK.finditer(rendered):
        if mark.start() - removed <= kept:
            names.add(mark[1])
        removed += len(mark[0])
    return RenderedText(text, frozenset(names))


def _in_common(first: str, second: str) -> int:
    """How many characters two texts have in common at their beginning."""
    if first == second:
        return len(first)
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(first), len(second)))
