"""The legal name that is spelled most like a wrong one, for messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_CUTOFF: Final = 0.6


def did_you_mean(name: str, legal: Iterable[str]) -> str:
    """`, did you mean 'main'?`, to follow a wrong name; empty where no legal name is close."""
    near = get_close_matches(name, list(legal), n=1, cutoff=_CUTOFF)
    return f", did you mean {near[0]!r}?" if near else ""
