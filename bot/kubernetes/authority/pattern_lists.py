"""Lists of patterns: what one allows beyond the other, and what it no longer refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import TypeAlias

from bot.core.finding import Side
from bot.core.resource import Node

PatternText: TypeAlias = Callable[[Node], str]
Covers: TypeAlias = Callable[[str, str], bool]


def text_of(node: Node) -> str:
    """The item itself, where it is a string."""
    return node.text or ""


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern allows all that another text, itself perhaps a pattern, allows.

    Only `*` is understood as a wildcard: with other ones, only the same pattern is as wide.
    """
    if pattern == text or any(mark in pattern for mark in "?[{"):
        return pattern == text
    return fnmatchcase(text, pattern)


def matches_path(pattern: str, text: str) -> bool:
    """The same where `*` stands for one part between slashes, and `**` for any number of them."""
    if pattern == "*" or "**" in pattern:
        return matches(pattern, text)
    parts, others = pattern.split("/"), text.split("/")
    return len(parts) == len(others) and all(map(matches, parts, others))


def added(base: Node, head: Node, text: PatternText, covers: Covers = matches) -> Iterator[Node]:
    """The items of head that no item of base covers; refusals (`!`) are none."""
    held = [found for item in base.items() if not (found := text(item)).startswith("!")]
    for item in head.items():
        found = text(item)
        if found and not found.startswith("!") and not any(covers(old, found) for old in held):
            yield item


def removed(base: Node, head: Node, text: PatternText) -> Iterator[Node]:
    """The items of base that head no longer has."""
    kept = {text(item) for item in head.items()}
    for item in base.items():
        if text(item) not in kept:
            yield item


def refusals_removed(base: Node, head: Node, text: PatternText) -> Iterator[Node]:
    """The refusals (`!`) of base that head no longer has, though it still allows something."""
    if any(not text(item).startswith("!") for item in head.items()):
        for item in removed(base, head, text):
            if text(item).startswith("!"):
                yield item


def place(head: Node, base: Node) -> tuple[Node, Side]:
    """The field at head; where head no longer has it, at base."""
    return (head, "RIGHT") if head.exists or not base.exists else (base, "LEFT")
