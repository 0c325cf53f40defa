"""`fairlead serve` and `fairlead worker`: the App as a long-running process."""

from __future__ import annotations

import logging
import os
import signal
import threading
from datetime import UTC, date, datetime
from typing import Final, NoReturn

import click
import structlog
from flask import Flask
from waitress import create_server  # type: ignore[import-untyped]  # it has no types

from bot import logs
from bot.analysis.process.parent import AnalysisOptions
from bot.analysis.process.renders import Renders, renders_here
from bot.analysis.process.template_client import Template
from bot.app import create_app
from bot.cli.admin_server import Door
from bot.cli.fetch_options import fetching_by
from bot.errors import UsageError
from bot.github.auth import Gateway
from bot.github.webhook import MAX_PAYLOAD
from bot.jobs import Queue, QueueOptions
from bot.metrics import Metrics
from bot.sandbox import proved_state
from bot.service import Service
from bot.settings import Settings, read_settings, tool_folders
from bot.store.audit import Audit
from bot.store.holds import Holds

log = structlog.get_logger()

GRACE: Final = 25
"""Seconds that running jobs get at the end; Kubernetes kills after 30."""

_THREADS: Final = 8

SERVE_EPILOG: Final = """\b
Example:
  APP_ID=123456 PRIVATE_KEY_FILE=key.pem WEBHOOK_SECRET_FILE=secret fairlead serve"""

WORKER_EPILOG: Final = """\b
Example:
  DATABASE_URL=postgresql://fairlead@db/fairlead fairlead worker"""


@click.command(epilog=SERVE_EPILOG)
def serve() -> None:
    """Take GitHub's webhooks and review pull requests.

    Settings are environment variables, each also as NAME_FILE; docs/running.md lists them. Without
    APP_ID (or CLIENT_ID), PRIVATE_KEY and WEBHOOK_SECRET a set-up page makes the App: the log shows
    its address.
    """
    settings = read_settings()
    door = Door(_opened)
    if settings.unregistered:
        logs.configure(settings.log_level, settings.log_format)
        _require_sandbox(settings)
    else:
        door.open(_checked(settings, "serve"))
    signal.signal(signal.SIGTERM, _interrupt)
    server = create_server(
        door,
        host=settings.host,
        port=settings.port,
        threads=_THREADS,
        ident=None,
        # Waitress buffers a body before the application sees it.
        max_request_body_size=MAX_PAYLOAD + 1,
    )
    if settings.unregistered:
        door.set_up(settings, server.effective_port)
    log.info("listening", host=settings.host, port=server.effective_port)
    try:
        server.run()  # returns at SIGTERM and SIGINT, when the answers under way are out
    except KeyboardInterrupt:
        log.info("interrupted")
    _end(door.queue)


def _opened(settings: Settings) -> tuple[Flask, Queue]:
    """The application that takes deliveries, and the running queue behind it."""
    metrics = Metrics()
    queue = _queue(settings, metrics)
    return create_app(settings.webhook_secrets, queue, metrics), queue


@click.command(epilog=WORKER_EPILOG)
def worker() -> None:
    """Review pull requests that other replicas took in; needs DATABASE_URL.

    `fairlead serve` works as well: this adds capacity without another door.
    """
    settings = _settings("worker")
    if settings.database_url is None:
        raise UsageError(
            "fairlead worker needs DATABASE_URL: the embedded queue belongs to one process, "
            "which is fairlead serve"
        )
    queue = _queue(settings, Metrics())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("working")
    stop.wait()
    _end(queue)


def _settings(command: str) -> Settings:
    return _checked(read_settings(), command)


def _checked(settings: Settings, command: str) -> Settings:
    if missing := settings.missing():
        raise UsageError(
            f"fairlead {command} needs {', '.join(missing)}: they are the App's own, from its "
            "page on GitHub; each can also be given as a file, such as PRIVATE_KEY_FILE"
        )
    logs.configure(settings.log_level, settings.log_format)
    _require_sandbox(settings)
    return settings


def _queue(settings: Settings, metrics: Metrics) -> Queue:
    """The running queue. Raises UsageError where something that it needs is missing."""
    options = QueueOptions(
        directory=settings.data_dir, database=settings.database_url, workers=settings.workers
    )
    service = _service(settings)
    budget = service.gateway.budget
    metrics.watch_budget(budget.written, budget.remaining)
    queue = Queue(options, service, metrics)
    queue.start()
    return queue


def _service(settings: Settings) -> Service:
    gateway = Gateway(settings.app_id or "", settings.key, settings.github_api_url)
    return Service(
        gateway=gateway,
        mirrors=settings.data_dir / "mirrors",
        seconds=settings.job_seconds,
        today=_today,
        options=AnalysisOptions(
            cache=settings.data_dir / "facts",
            require_sandbox=not settings.allow_no_sandbox,
            start=Template().prepare().start,
            renders=_renders(settings),
            fetching=fetching_by(
                settings.fetch, settings.data_dir, confined=not settings.allow_no_sandbox
            ),
        ),
        audit=Audit.opened(settings.data_dir, settings.database_url),
        holds=Holds.opened(settings.data_dir, settings.database_url),
        # Settings allow http to this machine alone, where the stand-in is.
        transport=("https", "http") if settings.github_api_url.startswith("http:") else ("https",),
        surroundings=settings.surroundings,
    )


def _renders(settings: Settings) -> Renders:
    """Rendering by what is found here; what is not there is said in every review that needs it."""
    found = renders_here(tool_folders(), confined=not settings.allow_no_sandbox)
    log.info("renderers", found=found.version, sandbox=found.sandbox)
    return found


def _require_sandbox(settings: Settings) -> None:
    """Content of pull requests is hostile: it is read in a sandbox, or knowingly without."""
    state = proved_state()
    if state.complete:
        return
    if not settings.allow_no_sandbox:
        raise UsageError(
            f"the sandbox is not complete on this machine ({state}), and what pull requests hold "
            "is read there: run on Linux 5.13 or newer with Landlock and seccomp, or set "
            "FAIRLEAD_ALLOW_NO_SANDBOX=true to go without"
        )
    log.warning("the sandbox is not complete", state=str(state))


def _today() -> date:
    return datetime.now(UTC).date()


def _interrupt(number: int, frame: object) -> NoReturn:
    del number, frame
    raise KeyboardInterrupt


def _end(queue: Queue | None) -> NoReturn:
    """Ends the process. What still runs after the grace is begun again by the next process."""
    log.info("stopping", grace=GRACE)
    if queue is not None:
        queue.stop(GRACE)
    log.info("stopped")
    logging.shutdown()
    # A thread in a long call would keep the interpreter from ending.
    os._exit(0)
