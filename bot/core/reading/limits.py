"""How much a manifest may hold before reading stops."""

from __future__ import annotations

from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What one file may hold. What is beyond is reported, never skipped.

    `depth`, `aliases` and `expansion` (how much text aliases and merges may add, in characters)
    count for a document, the others for the file. `digits` bounds a number, whose reading costs
    the square of its length.
    """

    file_bytes: int = 8 << 20
    documents: int = 500
    nodes: int = 1_000_000
    depth: int = 100
    aliases: int = 100
    expansion: int = 4 << 20
    digits: int = 400


DEFAULT_LIMITS = FileLimits()
