"""GitHub's refusals, and the network's failures, as GitHubError."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import requests
from github import GithubException

from bot.errors import GitHubAnswerError, GitHubError

SECONDARY_WAIT: Final = 60.0
"""Seconds to wait at least after a secondary rate limit: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api."""

LONGEST_WAIT: Final = 3600.0


@contextmanager
def translated() -> Iterator[None]:
    """Raises the errors of PyGithub and of the network in this block as GitHubError."""
    try:
        yield
    except GithubException as error:
        raise _refused(error) from error
    except requests.RequestException as error:
        # The message of such an error may contain a URL with credentials; its type says enough.
        raise GitHubError(
            f"GitHub did not answer: {type(error).__name__}", retryable=True
        ) from error


def _refused(error: GithubException) -> GitHubAnswerError:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    wait = _wait(error, headers)
    return GitHubAnswerError(
        f"GitHub answered {error.status}: {_message(error)}",
        error.status,
        retryable=wait is not None or error.status >= 500 or _gave_up(error),
        retry_after=wait,
    )


def _wait(error: GithubException, headers: Mapping[str, str]) -> float | None:
    """Seconds that a rate limit asks to wait, None where the answer is not a rate limit.

    A 403 or an error of GraphQL is a rate limit if a header says when to come back, or the message
    names one.
    """
    if error.status not in {403, 429} and not _graphql_errors(error):
        return None
    named = headers.get("retry-after", "")
    if named.isascii() and named.isdigit():
        return min(LONGEST_WAIT, max(1.0, float(named)))
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit():
        return min(LONGEST_WAIT, max(1.0, float(reset) - time.time() + 1))
    if error.status == 429 or "rate limit" in _message(error).lower():
        return SECONDARY_WAIT
    return None


def _graphql_errors(error: GithubException) -> Sequence[Mapping[str, Any]]:
    """What GraphQL answered with status 200, which PyGithub raises as 400.

    https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
    """
    data = error.data
    return data["errors"] if isinstance(data, dict) and {"data", "errors"} <= data.keys() else ()


def _gave_up(error: GithubException) -> bool:
    """Whether GraphQL failed or took too long: only for a refusal does it name a type."""
    errors = _graphql_errors(error)
    return bool(errors) and not any("type" in each for each in errors)


def _message(error: GithubException) -> str:
    """GitHub's message on one line."""
    data = error.data
    message = data.get("message") if isinstance(data, dict) else None
    details = data.get("errors") if isinstance(data, dict) else None
    parts = [str(message or "no reason given"), *([str(details)] if details else [])]
    return " ".join(" ".join(parts).split())[:300]
