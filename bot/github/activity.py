"""Which commits a branch pointed to lately, by GitHub's own record and clock."""

from __future__ import annotations

from typing import Any, Final

from bot.errors import GitHubAnswerError
from bot.github.api import read
from bot.github.connection import GitHubConnection

_MOST: Final = 100
"""The most pushes and merges that are read, the newest: one page."""

_NO_COMMIT: Final = "0" * 40
_UNAVAILABLE: Final = frozenset({403, 404, 410})
"""Answers of a GitHub Enterprise Server that does not keep this record, or to a lesser App."""


def tips_of_last_week(connection: GitHubConnection, branch: str) -> tuple[str, ...]:
    """The commits that the branch pointed to within the last seven days, newest first.

    GitHub filters by its own clock: the dates in commits are whatever their authors wrote. The
    state before the first push of the week counts, since it was there until then.
    https://docs.github.com/rest/repos/repos#list-repository-activities
    """
    path = f"/repos/{connection.full_name}/activity"
    ref = f"refs/heads/{branch}"
    try:
        listed: list[dict[str, Any]] = read(
            connection.github.requester, path, ref=ref, time_period="week",
            direction="desc", per_page=_MOST,
        )  # fmt: skip
    except GitHubAnswerError as error:
        if error.retryable or error.status not in _UNAVAILABLE:
            raise
        return ()
    tips = (tip for one in listed if one["ref"] == ref for tip in (one["after"], one["before"]))
    return tuple(dict.fromkeys(tip for tip in tips if tip != _NO_COMMIT))
