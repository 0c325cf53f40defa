"""Bytes into manifests, exactly as the cluster reads them."""

from __future__ import annotations

from bot.core.reading.limits import DEFAULT_LIMITS, FileLimits
from bot.core.reading.lines import line_of
from bot.core.reading.read import read_manifest

__all__ = ["DEFAULT_LIMITS", "FileLimits", "line_of", "read_manifest"]
