"""A decision that a template leaves to the cluster or to chance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TemplateDecision:
    """Where a template asks what only a cluster or chance can answer, and what that decides.

    `asks` is the function or object that is asked, `keys` are those whose values hang on it, `text`
    is the action that asks, in one line.
    """

    path: str
    line: int
    asks: str
    keys: tuple[str, ...]
    text: str
