"""How long tests wait."""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 240
"""Seconds that a busy machine may take over what an idle one does at once.

A test that passes never waits for it to end, so it is long."""
