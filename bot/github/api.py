"""The two ways of using GitHub's REST API: read something, and change something exactly once.

PyGithub's typed calls are used where it has them and they cost no further request; both kinds go
through here, so that errors have one shape and a lost answer never repeats a change blindly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from github.Requester import Requester

from bot.errors import GitHubAnswerError, GitHubError
from bot.github.errors import translated

T = TypeVar("T")

NOT_FOUND: Final = frozenset({404})
_PAUSES: Final = (0.3, 1.0)
"""Seconds before the second and the third attempt."""


def read(requester: Requester, path: str, **parameters: Any) -> Any:
    """The JSON at a path. Raises GitHubError."""
    with translated():
        return requester.requestJsonAndCheck("GET", path, parameters=parameters)[1]


def read_if_there(
    requester: Requester,
    path: str,
    absent: frozenset[int] = NOT_FOUND,
    **parameters: Any,
) -> Any | None:
    """The JSON at a path, None where GitHub answers with a status in `absent`."""
    try:
        return read(requester, path, **parameters)
    except GitHubAnswerError as error:
        if error.status not in absent:
            raise
        return None


def send(requester: Requester, verb: str, path: str, body: Mapping[str, Any]) -> Any:
    """The answer to one request that changes something, sent once. Raises GitHubError."""
    with translated():
        return requester.requestJsonAndCheck(verb, path, input=dict(body))[1]


def change(attempt: Callable[[], T], done: Callable[[], T | None]) -> T:
    """The result of `attempt`, which changes something on GitHub, carried out exactly once.

    A request whose answer was lost may have worked: after a failure that may pass, `done` looks
    whether the change is there, and only where it returns None the attempt is repeated. Raises
    GitHubError after the third failure, and at once for a refusal or a rate limit.
    """
    for pause in (*_PAUSES, None):
        try:
            with translated():
                return attempt()
        except GitHubError as error:
            if pause is None or not error.retryable or error.retry_after is not None:
                raise
        time.sleep(pause)
        with translated():
            result = done()
        if result is not None:
            return result
    raise AssertionError("the last attempt returns or raises")
