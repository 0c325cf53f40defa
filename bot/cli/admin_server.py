"""What `fairlead serve` answers with: the set-up page first, where there is no App yet."""

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
    """A WSGI application: the set-up page, and the service from the moment that it can run."""

    def __init__(self, opened: Callable[[Settings], tuple[Flask, Queue]]) -> None:
        self._opened = opened
        self._app: Flask | None = None
        self.queue: Queue | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """What the application of the moment answers."""
        if self._app is None:
            raise RuntimeError("neither set up nor open")
        return self._app(environ, start_response)

    def open(self, settings: Settings) -> None:
        """The service runs from now on. Raises UsageError where something is missing."""
        self._app, self.queue = self._opened(settings)

    def set_up(self, settings: Settings, port: int) -> None:
        """The set-up page is shown from now on; its address, with the token, is in the log."""
        page = SetUp(
            api_url=settings.github_api_url,
            store=lambda held: store(settings.data_dir, held),
            on_stored=lambda: threading.Thread(
                target=self._begin, name="begin", daemon=True
            ).start(),
        )
        self._app = create_setup_app(page)
        host = "localhost" if settings.host in {"127.0.0.1", "0.0.0.0", "::"} else settings.host  # noqa: S104 - compared
        address = f"http://{host}:{port}/setup?token={page.token}"
        log.warning("set-up page", address=address, reason="there are no credentials of an App")

    def _begin(self) -> None:
        """After the page's answer: the queue starts, and takes the page's place."""
        try:
            self.open(read_settings())
        except FairleadError as error:
            log.error("the service cannot start", reason=str(error))  # noqa: TRY400 - said whole
            return
        log.info("service started")
