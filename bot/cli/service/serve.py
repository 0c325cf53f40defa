"""`fairlead serve` and `fairlead worker`: the App as a long-running process."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, NoReturn, get_args

import click
import structlog
from flask import Flask

from bot import logs
from bot.analysis.process.parent import AnalysisOptions
from bot.analysis.process.renders import Renders, renders_here
from bot.analysis.process.template_client import Template
from bot.app import create_admin_app, create_app
from bot.cli.repository_options import fetching_by
from bot.cli.service.served_app import ServedApp
from bot.core.rendering import Renderer
from bot.errors import UsageError
from bot.github.auth import Gateway
from bot.github.webhook import MAX_PAYLOAD
from bot.jobs import Queue, QueueOptions
from bot.listener import Listener, ListenerLimits
from bot.metrics import Metrics
from bot.sandbox import proved_state
from bot.service import Service
from bot.service.observer import Observer
from bot.settings import Settings, read_settings, tool_folders
from bot.setup.manifest import web_address
from bot.store.audit import Audit
from bot.store.holds import Holds
from bot.store.reviews import Reviews
from bot.tracing import TracedObserver, Tracing
from bot.web.overview import create_overview
from bot.web.pages import Site, create_pages
from bot.web.signin import OAuthApp, SignIn

log = structlog.get_logger()

GRACE: Final = 25
"""Seconds that running jobs get at shutdown; Kubernetes kills the process after 30."""

PUBLIC: Final = ListenerLimits(body=MAX_PAYLOAD + 1)
ADMIN: Final = ListenerLimits(connections=50, threads=2)

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
    contains its address. Health and metrics are served on ADMIN_PORT.
    """
    settings = read_settings()
    metrics = Metrics()
    app = ServedApp(lambda current: _open_service(current, metrics))
    if settings.unregistered:
        logs.configure(settings.log_level, settings.log_format)
        _require_sandbox(settings)
    else:
        _check(settings, "serve")
    listener = Listener(app, (settings.host, settings.port), PUBLIC)
    admin_port = _serve_admin(settings, app.unready, metrics)
    signal.signal(signal.SIGTERM, _interrupt)
    if settings.unregistered:
        address = app.show_set_up(settings, listener.port)
        _tell(f"open {address} to create the GitHub App")
    else:
        app.open(settings)
    log.info("listening", host=settings.host, port=listener.port, admin_port=admin_port)
    _tell(f"listening on http://{settings.host}:{listener.port}; press Ctrl-C to stop")
    listener.run()
    _end(app.queue)


def _tell(sentence: str) -> None:
    """Tell a person at the terminal what a log collector reads as a line of JSON."""
    if sys.stderr.isatty():
        click.echo(f"fairlead: {sentence}", err=True)


def _open_service(settings: Settings, metrics: Metrics) -> tuple[Flask, Queue]:
    """The application that receives deliveries, and its running queue."""
    tracing = Tracing.configured(settings.telemetry)
    service = _service(settings, TracedObserver(metrics, tracing))
    queue = _queue(settings, metrics, service, tracing)
    pages = create_pages(_site(settings, service))
    return create_app(settings.webhook_secrets, queue, metrics, [pages]), queue


def _site(settings: Settings, service: Service) -> Site:
    """The pages of this service. Reviews are shown where people can sign in."""
    github = web_address(settings.github_api_url)
    signin = None
    if settings.url and settings.client_id and settings.client_secret:
        client = OAuthApp(
            settings.client_id, settings.client_secret, github, settings.github_api_url
        )
        signin = SignIn(client, f"{settings.url}/login/callback")
    return Site(
        reviews=service.reviews,
        audit=service.audit,
        github=github,
        signin=signin,
        secure=bool(settings.url and settings.url.startswith("https:")),
        address=settings.url,
    )


def _serve_admin(settings: Settings, ready: Callable[[], str | None], metrics: Metrics) -> int:
    """Serve health, metrics and the overview from a thread of their own; returns the port."""
    address = settings.admin_host, settings.admin_port
    admin = create_admin_app(ready, metrics)
    database = settings.data_dir, settings.database_url
    admin.register_blueprint(create_overview(Reviews.opened(*database), Audit.opened(*database)))
    listener = Listener(admin, address, ADMIN, variable="ADMIN_PORT")
    threading.Thread(target=listener.run, name="admin", daemon=True).start()
    return listener.port


@click.command(epilog=WORKER_EPILOG)
def worker() -> None:
    """Review pull requests that other replicas received; needs DATABASE_URL.

    It adds capacity without a public port; `fairlead serve` reviews pull requests too. Health and
    metrics are served on ADMIN_PORT.
    """
    settings = read_settings()
    _check(settings, "worker")
    if settings.database_url is None:
        raise UsageError(
            "fairlead worker needs DATABASE_URL: without it the queue is embedded in one "
            "`fairlead serve` process"
        )
    metrics = Metrics()
    running: list[Queue] = []
    admin_port = _serve_admin(
        settings, lambda: running[0].unready() if running else "starting", metrics
    )
    tracing = Tracing.configured(settings.telemetry)
    service = _service(settings, TracedObserver(metrics, tracing))
    running.append(_queue(settings, metrics, service, tracing))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("working", admin_port=admin_port)
    stop.wait()
    _end(running[0])


def _check(settings: Settings, command: str) -> None:
    """Configure logging. Raises UsageError where credentials or the sandbox are missing."""
    if missing := settings.missing():
        raise UsageError(
            f"fairlead {command} needs {', '.join(missing)} from the App's page on GitHub; each "
            "can also name a file, such as PRIVATE_KEY_FILE"
        )
    logs.configure(settings.log_level, settings.log_format)
    _require_sandbox(settings)


def _queue(settings: Settings, metrics: Metrics, service: Service, tracing: Tracing) -> Queue:
    """The running queue. Raises UsageError where a setting is missing."""
    options = QueueOptions(
        directory=settings.data_dir, database=settings.database_url, workers=settings.workers
    )
    budget = service.gateway.budget
    metrics.watch_budget(budget.written, budget.remaining)
    queue = Queue(options, service, metrics, tracing)
    queue.start()
    return queue


def _service(settings: Settings, observer: Observer) -> Service:
    gateway = Gateway(
        settings.app_id or "", settings.key, settings.github_api_url, site=settings.url
    )
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
            difference=True,
            fetching=fetching_by(
                settings.fetch, settings.data_dir, confined=not settings.allow_no_sandbox
            ),
        ),
        audit=Audit.opened(settings.data_dir, settings.database_url, observer.audited),
        observer=observer,
        holds=Holds.opened(settings.data_dir, settings.database_url),
        reviews=Reviews.opened(settings.data_dir, settings.database_url),
        # Settings allow http only for this machine, which the demonstration uses.
        transport=("https", "http") if settings.github_api_url.startswith("http:") else ("https",),
        surroundings=settings.surroundings,
    )


def _renders(settings: Settings) -> Renders:
    """The renderers that are installed. A review that needs a missing one reports a problem."""
    renders = renders_here(tool_folders(), confined=not settings.allow_no_sandbox)
    found = {name: renders.version(name) or "not installed" for name in get_args(Renderer)}
    log.info("renderers", **found, sandbox=renders.sandbox)
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
