"""The child's two pipes to its parent: one message at a time, in each direction."""

from __future__ import annotations

import os
from typing import Final

import msgspec

from bot.analysis.process.messages import HEADER, LARGEST_FRAME, frame

_INPUT: Final = 0
_OUTPUT: Final = 1


def send(message: msgspec.Struct) -> None:
    """Send a message to the parent."""
    remaining = memoryview(frame(message))
    while remaining:
        remaining = remaining[os.write(_OUTPUT, remaining) :]


def receive() -> bytes:
    """The body of the parent's next message. Raises EOFError where the parent is gone."""
    (size,) = HEADER.unpack(_exactly(HEADER.size))
    if size > LARGEST_FRAME:
        raise ValueError("a message that cannot be")
    return _exactly(size)


def _exactly(size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = os.read(_INPUT, min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
