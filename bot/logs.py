"""Logging: each event is one line of JSON or text on stderr; secrets are redacted."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any, Final

import structlog

from bot.errors import JobFailed

_SECRET: Final = re.compile(
    # Since 2026 installation tokens have a variable length and contain dots and dashes.
    r"gh[a-z]_[A-Za-z0-9._-]{16,}"
    r"|github_pat_[A-Za-z0-9_]{16,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----(?:[^-]{0,20000}-----END [A-Z ]{0,20}KEY-----)?"
)
_QUIET: Final = ("github", "github.Requester", "urllib3", "waitress", "werkzeug", "dbos")
"""Libraries limited to warnings: at DEBUG, PyGithub logs the installation token in clear."""


def configure(level: str, style: str) -> None:
    """Configure structlog and the standard library's logging for this process.

    `style` is `json`, `text`, or `auto`: text on a terminal and JSON elsewhere.
    """
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redacted,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    terminal = sys.stderr.isatty()
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(sort_keys=True)
        if style == "json" or (style == "auto" and not terminal)
        else structlog.dev.ConsoleRenderer(colors=terminal)
    )
    handler = logging.StreamHandler()
    handler.addFilter(_is_not_logged_already)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        library = logging.getLogger(name)
        # DBOS adds its own handler to a logger without one; this handler keeps one format.
        library.handlers = [handler]
        library.propagate = False
        library.setLevel(logging.WARNING)


def _is_not_logged_already(record: logging.LogRecord) -> bool:
    """False for the traceback that DBOS logs of a failed job, which was logged with its cause."""
    return not (record.exc_info and isinstance(record.exc_info[1], JobFailed))


def _redacted(
    _logger: Any, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    return {key: _redact(value) for key, value in event.items()}


def _redact(value: Any) -> Any:
    return _SECRET.sub("[redacted]", value) if isinstance(value, str) else value
