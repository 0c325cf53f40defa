"""The legal name that is spelled most like a wrong one, for messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_CUTOFF: Final = 0.6
_SHORTEST_START: Final = 4
"""Characters of a legal name's beginning that are enough to mean it, if no other begins so."""


def did_you_mean(name: str, legal: Iterable[str]) -> str:
    """`, did you mean 'main'?`, to follow a wrong name; empty where no legal name is close."""
    names = list(legal)
    started = [each for each in names if len(name) >= _SHORTEST_START and each.startswith(name)]
    near = started if len(started) == 1 else get_close_matches(name, names, n=1, cutoff=_CUTOFF)
    return f", did you mean {near[0]!r}?" if near else ""
