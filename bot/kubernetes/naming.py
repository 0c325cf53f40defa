"""Text from manifests in messages: one line, escaped, of bounded length."""

from __future__ import annotations

from typing import Final

from bot.core.resource import Node
from bot.patterns import pattern

_PLAIN: Final = pattern(r"[!-~]{1,300}")
_LONGEST: Final = 120


def escaped(text: str) -> str:
    """Text for a message: unchanged where it is printable ASCII, else escaped and shortened."""
    if _PLAIN.fullmatch(text):
        return text
    return ascii(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def container_name(container: Node) -> str:
    """The name of a container in a message."""
    name = container["name"].text
    return f"container {escaped(name)}" if name else "a container"
