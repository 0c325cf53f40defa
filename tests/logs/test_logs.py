"""Logs: JSON lines that name their job and hold no secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
import structlog

from bot import logs
from bot.errors import JobFailed

TOKENS = (
    "ghs_1234567_eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiIwMSJ9.c2lnbmF0dXJl-x_y",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Logging as it was: it belongs to the whole process."""
    names = (None, "github", "github.Requester", "urllib3", "waitress", "werkzeug", "dbos")
    loggers = [logging.getLogger(name) for name in names]
    before = [(one.handlers, one.level, one.propagate) for one in loggers]
    yield
    structlog.reset_defaults()
    for one, (handlers, level, propagate) in zip(loggers, before, strict=True):
        one.handlers, one.propagate = handlers, propagate
        one.setLevel(level)


def fail(error: Exception) -> NoReturn:
    raise error


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_json_with_what_was_bound(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    with structlog.contextvars.bound_contextvars(delivery="a-1", pull_request=3):
        structlog.get_logger().info("job ended", outcome="pass")
        structlog.get_logger().debug("not at this level")
    [line] = lines(capsys)
    del line["timestamp"]
    assert line == {
        "delivery": "a-1",
        "event": "job ended",
        "level": "info",
        "outcome": "pass",
        "pull_request": 3,
    }


@pytest.mark.parametrize("token", TOKENS)
def test_what_looks_like_a_secret_is_redacted(
    capsys: pytest.CaptureFixture[str], token: str
) -> None:
    logs.configure("info", "json")
    structlog.get_logger().info(f"sent {token} to", reason=f"said '{token}'")
    logging.getLogger("library").warning("library said %s", token)
    try:
        fail(ValueError(token))
    except ValueError:
        structlog.get_logger().exception("failed")
    text = capsys.readouterr().err
    assert (token.splitlines()[-1] in text, text.count("[redacted]")) == (False, 4)


def test_libraries_that_print_tokens_stay_quiet_at_debug(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("debug", "json")
    for name in ("github.Requester", "github.GithubRetry", "urllib3.connectionpool", "dbos"):
        logging.getLogger(name).debug("the response was hush")
        logging.getLogger(name).info("the response was hush")
        logging.getLogger(name).warning("something is odd")
    assert [line["event"] for line in lines(capsys)] == ["something is odd"] * 4


def test_a_traceback_has_no_values_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    hidden = "hush" * 3
    try:
        fail(ValueError(len(hidden)))
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "hushhush" not in capsys.readouterr().err


def test_a_job_s_failure_is_not_told_twice(capsys: pytest.CaptureFixture[str]) -> None:
    """DBOS logs what a job raises; the job's own line has said it with its cause."""
    logs.configure("info", "json")
    try:
        fail(JobFailed("a-1"))
    except JobFailed:
        logging.getLogger("dbos").exception("Exception encountered")
    assert lines(capsys) == []


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "text")
    structlog.get_logger().info("job ended", outcome="pass")
    text = capsys.readouterr().err
    assert "job ended" in text
    assert not text.startswith("{")
