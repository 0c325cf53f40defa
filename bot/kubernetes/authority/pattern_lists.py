"""Lists of patterns: what one list allows beyond another, and what it no longer denies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import TypeAlias

from bot.core.finding import Side
from bot.core.resource import Node

PatternText: TypeAlias = Callable[[Node], str]
Covers: TypeAlias = Callable[[str, str], bool]


def text_of(node: Node) -> str:
    """The text of an item; empty where the item is not a string."""
    return node.text or ""


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern allows everything that another pattern or text allows.

    Only `*` is understood as a wildcard. A pattern with another wildcard covers only itself.
    """
    if pattern == text or any(wildcard in pattern for wildcard in "?[{"):
        return pattern == text
    return fnmatchcase(text, pattern)


def matches_path(pattern: str, text: str) -> bool:
    """Whether a path pattern covers another: `*` is one segment, `**` any number of segments."""
    if pattern == "*" or "**" in pattern:
        return matches(pattern, text)
    if "**" in text or text == "*":
        return False  # that reaches across slashes, which this pattern does not
    parts, others = pattern.split("/"), text.split("/")
    return len(parts) == len(others) and all(map(matches, parts, others))


def added(base: Node, head: Node, text: PatternText, covers: Covers = matches) -> Iterator[Node]:
    """The items of head that no item of base covers; denials (`!`) are skipped."""
    allowed = [pattern for item in base.items() if not (pattern := text(item)).startswith("!")]
    for item in head.items():
        pattern = text(item)
        if (
            pattern
            and not pattern.startswith("!")
            and not any(covers(old, pattern) for old in allowed)
        ):
            yield item


def removed(base: Node, head: Node, text: PatternText) -> Iterator[Node]:
    """The items of base that head does not have."""
    kept = {text(item) for item in head.items()}
    for item in base.items():
        if text(item) not in kept:
            yield item


def refusals_removed(base: Node, head: Node, text: PatternText) -> Iterator[Node]:
    """The denials (`!`) of base that head lacks, where head still allows something."""
    if any(not text(item).startswith("!") for item in head.items()):
        for item in removed(base, head, text):
            if text(item).startswith("!"):
                yield item


def place(head: Node, base: Node) -> tuple[Node, Side]:
    """The field at head and its side; the field at base where head does not have it."""
    return (head, "RIGHT") if head.exists or not base.exists else (base, "LEFT")
