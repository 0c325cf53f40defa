"""Servers that are asked, and a way of fetching that may ask them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.fetch import Fetching
from tests.fetch.servers import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as held:
        yield held


@pytest.fixture
def fetching(tmp_path: Path, server: Server) -> Fetching:
    """Fetching from that server alone, which the operator named."""
    return Fetching(tmp_path / "store", enabled=True, hosts=(server.url,))


@pytest.fixture
def other() -> Iterator[Server]:
    with serving() as held:
        yield held
