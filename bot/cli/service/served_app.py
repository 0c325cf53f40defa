"""The application behind the public port: the set-up page first, where there is no App yet."""

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
from bot.setup.registration import SetUp
from bot.setup.web import create_setup_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = structlog.get_logger()


class ServedApp:
    """A WSGI application that is the set-up page until an App exists, then the service.

    `open_service` starts the queue and returns the application of the service with it. Raises
    UsageError where something is missing.
    """

    def __init__(self, open_service: Callable[[Settings], tuple[Flask, Queue]]) -> None:
        self._open_service = open_service
        self._app: Flask | None = None
        self.queue: Queue | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The answer of the set-up page or of the service."""
        if self._app is None:
            raise RuntimeError("call open or show_set_up before serving")
        return self._app(environ, start_response)

    def unready(self) -> str | None:
        """Why no delivery can be recorded now, None if one can."""
        return "not set up yet" if self.queue is None else self.queue.unready()

    def open(self, settings: Settings) -> None:
        """Start the service. Raises UsageError where something is missing."""
        self._app, self.queue = self._open_service(settings)

    def show_set_up(self, settings: Settings, port: int) -> str:
        """Show the set-up page; returns its address, which contains the token."""
        page = SetUp(
            api_url=settings.github_api_url,
            store=lambda credentials: store(settings.data_dir, credentials),
            on_stored=lambda: threading.Thread(
                target=self._begin, name="begin", daemon=True
            ).start(),
        )
        self._app = create_setup_app(page)
        host = "localhost" if settings.host in {"127.0.0.1", "0.0.0.0", "::"} else settings.host  # noqa: S104 - compared
        address = f"http://{host}:{port}/setup?token={page.token}"
        log.warning("set-up page", address=address, reason="no GitHub App is configured")
        return address

    def _begin(self) -> None:
        """Runs after the last page was answered: the service takes the page's place."""
        try:
            self.open(read_settings())
        except FairleadError as error:
            log.error("the service cannot start", reason=str(error))  # noqa: TRY400 - no traceback
            return
        log.info("service started")
