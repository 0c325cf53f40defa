"""Counters of the work of an analysis, for tests of cost."""

from __future__ import annotations

from bot.records import dataclass


@dataclass(slots=True)
class Counters:
    """Files parsed, blobs whose content was asked for, and manifests that a cache had already."""

    parsed: int = 0
    blobs: int = 0
    cached: int = 0
