"""Durations as Go writes them: `1h30m`, `-1.5s`, `0`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.patterns import pattern

_PART: Final = pattern(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_WHOLE: Final = pattern(rf"[-+]?(?:0|(?:{_PART.pattern})+)")
_UNITS: Final[Mapping[str, float]] = MappingProxyType(
    {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
)
_LONGEST: Final = 2**63 / 1e9


def duration_in_seconds(text: str) -> float | None:
    """Return a duration in seconds; None where Go refuses the text.

    https://pkg.go.dev/time#ParseDuration
    """
    if not _WHOLE.fullmatch(text):
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if seconds >= _LONGEST:
        return None
    return -seconds if text.startswith("-") else seconds
