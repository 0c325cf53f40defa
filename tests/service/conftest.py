"""The world of the service's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.world import World
from tests.service.world import world as made


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A stand-in GitHub and the service."""
    with made(tmp_path) as here:
        yield here
