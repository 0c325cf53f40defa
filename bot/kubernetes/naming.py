"""Names and values from manifests as messages show them: in one line, whatever they hold."""

from __future__ import annotations

import re
from typing import Final

from bot.core.resource import Node

_PLAIN: Final = re.compile(r"[!-~]{1,300}")
_LONGEST: Final = 120


def escaped(text: str) -> str:
    """Text for a message: as it is where it is plain, else escaped and cut."""
    if _PLAIN.fullmatch(text):
        return text
    return ascii(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def container_name(container: Node) -> str:
    """How a message names a container."""
    name = container["name"].text
    return f"container {escaped(name)}" if name else "a container"
