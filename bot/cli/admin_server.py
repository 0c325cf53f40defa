"""The WSGI application of `fairlead serve`: the set-up page, then the service."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import structlog
from flask import Flask

from bot.errors import FairleadError
from bot.jobs import Queue
from bot.settings import Settings, read_settings
from bot.setup.credentials import store
from bot.setup.web import SetUp, create_setup_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = structlog.get_logger()


class Door:
    """A WSGI application that serves the set-up page, and the service once it can run."""

    def __init__(self, opened: Callable[[Settings], tuple[Flask, Queue]]) -> None:
        self._opened = opened
        self._app: Flask | None = None
        self.queue: Queue | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer by the current application."""
        if self._app is None:
            raise RuntimeError("call open or set_up before serving")
        return self._app(environ, start_response)

    def open(self, settings: Settings) -> None:
        """Serve the App. Raises UsageError where a setting is missing."""
        self._app, self.queue = self._opened(settings)

    def set_up(self, settings: Settings, port: int) -> None:
        """Serve the set-up page, and log its address with the one-time token."""
        page = SetUp(
            api_url=settings.github_api_url,
            store=lambda app: store(settings.data_dir, app),
            on_stored=lambda: threading.Thread(
                target=self._begin, name="begin", daemon=True
            ).start(),
        )
        self._app = create_setup_app(page)
        host = "localhost" if settings.host in {"127.0.0.1", "0.0.0.0", "::"} else settings.host  # noqa: S104 - compared
        address = f"http://{host}:{port}/setup?token={page.token}"
        log.warning("set-up page", address=address, reason="no GitHub App is configured")

    def _begin(self) -> None:
        """Start the service in place of the set-up page, once that page has answered."""
        try:
            self.open(read_settings())
        except FairleadError as error:
            log.error("the service cannot start", reason=str(error))  # noqa: TRY400 - the message is enough
            return
        log.info("service started")
