"""What GitHub's refusals mean: its errors, and the network's, as GitHubError."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeVar

import requests
from github import GithubException

from bot.errors import GitHubAnswerError, GitHubError

T = TypeVar("T")

SECONDARY_WAIT: Final = 60.0
"""At least: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api."""

LONGEST_WAIT: Final = 3600.0

_PAUSES: Final = (0.3, 1.0)


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the client and of the network leave this block as GitHubError."""
    try:
        yield
    except GithubException as error:
        raise _refused(error) from error
    except requests.RequestException as error:
        # The text of such an error holds addresses; its kind says enough.
        raise GitHubError(
            f"GitHub did not answer: {type(error).__name__}", retryable=True
        ) from error


def created(find: Callable[[], T | None], make: Callable[[], T]) -> T:
    """What `make` makes, made once: a POST whose answer got lost may have worked.

    Where an attempt failed passingly, `find` looks for the thing before it is made again.
    """
    for pause in (*_PAUSES, None):
        try:
            with translated():
                return make()
        except GitHubError as error:
            if pause is None or not error.retryable or error.retry_after is not None:
                raise
        time.sleep(pause)
        with translated():
            found = find()
        if found is not None:
            return found
    raise AssertionError("the last attempt returns or raises")


def _refused(error: GithubException) -> GitHubAnswerError:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    wait = _wait(error, headers)
    return GitHubAnswerError(
        f"GitHub answered {error.status}: {_message(error)}",
        error.status,
        retryable=wait is not None or error.status >= 500,
        retry_after=wait,
    )


def _wait(error: GithubException, headers: Mapping[str, str]) -> float | None:
    """Seconds that a rate limit asks for, None where the answer is no rate limit.

    A 403 is one where GitHub says when to come back, or says so in words.
    """
    if error.status not in {403, 429}:
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


def _message(error: GithubException) -> str:
    """GitHub's own sentence, on one line."""
    data = error.data
    message = data.get("message") if isinstance(data, dict) else None
    details = data.get("errors") if isinstance(data, dict) else None
    said = [str(message or "no reason given"), *([str(details)] if details else [])]
    return " ".join(" ".join(said).split())[:300]
