"""How long tests wait."""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 60.0
"""Seconds that a busy machine may take over what an idle one does at once."""
