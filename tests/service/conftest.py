"""The world of the service's tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot.github import connection
from bot.standin import StandIn
from tests.patience import PATIENCE
from tests.postgres import postgres
from tests.service.world import World
from tests.service.world import world as made

__all__ = ["postgres", "world"]


@pytest.fixture
def world(stand_in: StandIn, tmp_path: Path) -> World:
    """A stand-in GitHub, whose every exchange is checked, and the service."""
    return made(stand_in, tmp_path)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in runs beside the test: on a busy machine an answer may take its time."""
    monkeypatch.setattr(connection, "SECONDS", PATIENCE)


class _Sink(BaseHTTPRequestHandler):
    """Takes every delivery and does nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Nothing is written."""


@pytest.fixture
def webhook_sink() -> Iterator[str]:
    """An address that accepts every delivery."""
    server = HTTPServer(("127.0.0.1", 0), _Sink)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/webhook"
    server.shutdown()
    thread.join()
    server.server_close()
