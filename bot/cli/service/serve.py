"""`fairlead serve` and `fairlead worker`: the App as a long-running process."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Final, NoReturn

import click
import structlog
from flask import Flask

from bot import logs
from bot.app import create_admin_app, create_app
from bot.cli.service.assembly import build_service, check_settings, open_queue, require_sandbox
from bot.cli.service.served_app import ServedApp
from bot.errors import GitHubError, UsageError
from bot.github.webhook import MAX_PAYLOAD
from bot.jobs import Queue
from bot.listener import Listener, ListenerLimits
from bot.metrics import Metrics
from bot.service import Service
from bot.settings import Settings, read_settings
from bot.setup.manifest import web_address
from bot.store.audit import Audit
from bot.store.database import address
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
        require_sandbox(settings)
    else:
        check_settings(settings, "serve")
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
    service = build_service(settings, TracedObserver(metrics, tracing))
    queue = open_queue(settings, metrics, service, tracing)
    threading.Thread(target=_identify, args=(service,), name="identify", daemon=True).start()
    pages = create_pages(_site(settings, service))
    return create_app(settings.webhook_secrets, queue, metrics, [pages]), queue


def _identify(service: Service) -> None:
    """Ask GitHub once for the App's page. Where that fails, the first review asks again."""
    try:
        service.gateway.identify()
    except GitHubError as error:
        log.warning("the App's page on GitHub is not known yet", reason=str(error))


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
        app=lambda: service.gateway.page,
    )


def _serve_admin(settings: Settings, ready: Callable[[], str | None], metrics: Metrics) -> int:
    """Serve health, metrics and the overview from a thread of their own; returns the port."""
    place = settings.admin_host, settings.admin_port
    admin = create_admin_app(ready, metrics)
    reviews = Reviews(address(settings.data_dir, settings.database_url))
    audit = Audit.opened(settings.data_dir, settings.database_url)
    admin.register_blueprint(create_overview(reviews, audit, settings.url))
    listener = Listener(admin, place, ADMIN, variable="ADMIN_PORT")
    threading.Thread(target=listener.run, name="admin", daemon=True).start()
    return listener.port


@click.command(epilog=WORKER_EPILOG)
def worker() -> None:
    """Review pull requests that other replicas received; needs DATABASE_URL.

    It adds capacity without a public port; `fairlead serve` reviews pull requests too. Health and
    metrics are served on ADMIN_PORT.
    """
    settings = read_settings()
    check_settings(settings, "worker")
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
    service = build_service(settings, TracedObserver(metrics, tracing))
    running.append(open_queue(settings, metrics, service, tracing))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("working", admin_port=admin_port)
    stop.wait()
    _end(running[0])


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
