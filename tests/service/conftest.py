"""The world of the service's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.standin import StandIn
from tests.postgres import postgres
from tests.service.world import World
from tests.service.world import world as made

__all__ = ["postgres", "world"]


@pytest.fixture
def world(stand_in: StandIn, tmp_path: Path) -> World:
    """A stand-in GitHub, whose every exchange is checked, and the service."""
    return made(stand_in, tmp_path)
