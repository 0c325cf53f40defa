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
from bot.cli.repository_options import fetching_by
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
"""Seconds that running jobs get at shutdown; Kubernetes kills the process after 30."""

_THREADS: Final = 8

SERVE_EPILOG: Final = """\b
Example:
  APP_ID=123456 PRIVATE_KEY_FILE=key.pem WEBHOOK_SECRET_FILE=secret fairlead serve"""

WORKER_EPILOG: Final = """\b
Example:
  DATABASE_URL=postgresql://fairlead@db/fairlead fairlead worker"""


@click.command(epilog=SERVE_EPILOG)
def serve() -> None:
    """Receive GitHub's webhooks and review pull requests.

    Settings are environment variables, each also as NAME_FILE; docs/running.md lists them. Without
    APP_ID (or CLIENT_ID), PRIVATE_KEY and WEBHOOK_SECRET, a set-up page creates the App; the log
    contains its address.
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
        server.run()  # returns at SIGTERM and SIGINT, after pending responses
    except KeyboardInterrupt:
        log.info("interrupted")
    _end(door.queue)


def _opened(settings: Settings) -> tuple[Flask, Queue]:
    """The application that receives deliveries, and its running queue."""
    metrics = Metrics()
    queue = _queue(settings, metrics)
    return create_app(settings.webhook_secrets, queue, metrics), queue


@click.command(epilog=WORKER_EPILOG)
def worker() -> None:
    """Review pull requests that other replicas received; needs DATABASE_URL.

    It adds capacity without another web server; `fairlead serve` reviews pull requests too.
    """
    settings = _settings("worker")
    if settings.database_url is None:
        raise UsageError(
            "fairlead worker needs DATABASE_URL: without it the queue is embedded in one "
            "`fairlead serve` process"
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
            f"fairlead {command} needs {', '.join(missing)} from the App's page on GitHub; each "
            "can also name a file, such as PRIVATE_KEY_FILE"
        )
    logs.configure(settings.log_level, settings.log_format)
    _require_sandbox(settings)
    return settings


def _queue(settings: Settings, metrics: Metrics) -> Queue:
    """The running queue. Raises UsageError where a setting is missing."""
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
        # Settings allow http only for this machine, which the demonstration uses.
        transport=("https", "http") if settings.github_api_url.startswith("http:") else ("https",),
        surroundings=settings.surroundings,
    )


def _renders(settings: Settings) -> Renders:
    """The renderers that are installed. A review that needs a missing one reports a problem."""
    renders = renders_here(tool_folders(), confined=not settings.allow_no_sandbox)
    log.info("renderers", found=renders.version, sandbox=renders.sandbox)
    return renders


def _require_sandbox(settings: Settings) -> None:
    """Refuse to run without a complete sandbox, unless the operator allowed it."""
    state = proved_state()
    if state.complete:
        return
    if not settings.allow_no_sandbox:
        raise UsageError(
            f"the sandbox that reads pull request content is incomplete here ({state}): run on "
            "Linux 5.13 or newer with Landlock and seccomp, or set "
            "FAIRLEAD_ALLOW_NO_SANDBOX=true to run without it"
        )
    log.warning("the sandbox is not complete", state=str(state))


def _today() -> date:
    return datetime.now(UTC).date()


def _interrupt(number: int, frame: object) -> NoReturn:
    del number, frame
    raise KeyboardInterrupt


def _end(queue: Queue | None) -> NoReturn:
    """End the process. Jobs that outlast the grace period are restarted by the next process."""
    log.info("stopping", grace=GRACE)
    if queue is not None:
        queue.stop(GRACE)
    log.info("stopped")
    logging.shutdown()
    # A thread in a long call would keep the interpreter from ending.
    os._exit(0)
