"""A decision that a template leaves to the cluster or to chance."""

from __future__ import annotations

from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class TemplateDecision:
    """Where a template depends on the cluster or on chance, and what that decides.

    `asks` is the function or object that is consulted, `keys` are the fields whose values depend on
    it, `text` is the template action in one line. `kinds` are the kinds of the objects that
    exist or differ by the answer, other than in labels; `*` where the text does not say which.
    """

    path: str
    line: int
    asks: str
    keys: tuple[str, ...]
    text: str
    kinds: tuple[str, ...] = ()
