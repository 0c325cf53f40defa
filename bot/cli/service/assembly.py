"""Builds the queue and the service of a process from its settings, and checks what they need."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import get_args

import structlog

from bot import logs
from bot.analysis.process.parent import AnalysisOptions
from bot.analysis.process.renders import Renders, renders_here
from bot.analysis.process.template_client import Template
from bot.cli.repository_options import fetching_by
from bot.core.rendering import Renderer
from bot.errors import UsageError
from bot.github.auth import Gateway
from bot.jobs import Queue, QueueOptions
from bot.metrics import Metrics
from bot.sandbox import proved_state
from bot.service import Service
from bot.service.observer import Observer
from bot.settings import Settings, tool_folders
from bot.store.audit import Audit
from bot.store.database import address
from bot.store.holds import Holds
from bot.store.reviews import Reviews
from bot.tracing import Tracing

log = structlog.get_logger()


def check_settings(settings: Settings, command: str) -> None:
    """Configure logging. Raises UsageError where credentials or the sandbox are missing."""
    if missing := settings.missing():
        raise UsageError(
            f"fairlead {command} needs {', '.join(missing)} from the App's page on GitHub; each "
            "can also name a file, such as PRIVATE_KEY_FILE"
        )
    logs.configure(settings.log_level, settings.log_format)
    require_sandbox(settings)


def open_queue(settings: Settings, metrics: Metrics, service: Service, tracing: Tracing) -> Queue:
    """The running queue. Raises UsageError where a setting is missing."""
    options = QueueOptions(
        directory=settings.data_dir, database=settings.database_url, workers=settings.workers
    )
    budget = service.gateway.budget
    metrics.watch_budget(budget.written, budget.remaining)
    queue = Queue(options, service, metrics, tracing)
    queue.start()
    return queue


def build_service(settings: Settings, observer: Observer) -> Service:
    """The service that answers webhooks, with its gateway to GitHub, its store and its analysis."""
    gateway = Gateway(
        settings.app_id or "", settings.key, settings.github_api_url, site=settings.url
    )
    database = address(settings.data_dir, settings.database_url)
    return Service(
        gateway=gateway,
        mirrors=settings.data_dir / "mirrors",
        seconds=settings.job_seconds,
        today=_today,
        options=AnalysisOptions(
            stored="keep",
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
        holds=Holds(database),
        reviews=Reviews(database),
        # Settings allow http only for this machine, which the demonstration uses.
        transport=("https", "http") if settings.github_api_url.startswith("http:") else ("https",),
        surroundings=settings.surroundings,
    )


def _renders(settings: Settings) -> Renders:
    """The renderers that are installed. A review that needs a missing one reports a problem."""
    renders = renders_here(tool_folders(), confined=not settings.allow_no_sandbox)
    versions = {name: renders.version(name) or "not installed" for name in get_args(Renderer)}
    log.info("renderers", **versions, sandbox=renders.sandbox)
    return renders


def require_sandbox(settings: Settings) -> None:
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
