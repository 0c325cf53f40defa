"""Versions of Kubernetes."""

from __future__ import annotations

from typing import Final

from bot.patterns import pattern

_MINOR: Final = pattern(r"v?1\.(\d{1,4})(?:\.\d+)?")


def minor_version(text: str | None) -> int | None:
    """The minor version in `1.34`, `v1.34` or `1.34.2`; None for any other text."""
    match = _MINOR.fullmatch(text or "")
    return int(match[1]) if match else None
