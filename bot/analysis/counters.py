"""What an analysis has done, in numbers that tests can hold: counters beat clocks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Files parsed, blobs whose content was asked for, and manifests that a cache had already."""

    parsed: int = 0
    blobs: int = 0
    cached: int = 0
