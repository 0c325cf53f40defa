"""Which commits a branch pointed to, and who pushed them, by GitHub's own record and clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from bot.core.engine.accounts import GitHubAccount
from bot.errors import GitHubAnswerError
from bot.github.accounts import account_of
from bot.github.api import read
from bot.github.connection import GitHubConnection

_MOST: Final = 100
"""The most pushes and merges that are read, the newest: one page."""

_PUSHES: Final = frozenset({"branch_creation", "force_push", "push"})
_NO_COMMIT: Final = "0" * 40
_UNAVAILABLE: Final = frozenset({403, 404, 410})
"""Answers of a GitHub Enterprise Server that does not keep this record, or to a lesser App."""


@dataclass(frozen=True, slots=True)
class BranchPush:
    """A push: who pushed, and the commits that the branch pointed to afterwards and before.

    `before` is empty where a webhook announced a new pull request.
    """

    by: GitHubAccount
    after: str
    before: str = ""


def tips_of_last_week(connection: GitHubConnection, branch: str) -> tuple[str, ...]:
    """The commits that the branch pointed to within the last seven days, newest first.

    GitHub filters by its own clock: the dates in commits are whatever their authors wrote. The
    state before the first push of the week counts, since it was there until then.
    """
    moves = _moves(connection, branch, time_period="week")
    tips = (tip for move in moves for tip in (move["after"], move["before"]))
    return tuple(dict.fromkeys(tip for tip in tips if tip != _NO_COMMIT))


def pushes_to(connection: GitHubConnection, branch: str) -> tuple[BranchPush, ...]:
    """The newest pushes to a branch, newest first, by whoever was signed in.

    A merge of a pull request is none: who merges has not brought the commits.
    """
    return tuple(
        BranchPush(account_of(move["actor"]), move["after"])
        for move in _moves(connection, branch)
        if move["actor"] and move["activity_type"] in _PUSHES
    )


def _moves(connection: GitHubConnection, branch: str, **more: str) -> list[dict[str, Any]]:
    """The newest moves of a branch; none where GitHub does not keep them.

    https://docs.github.com/rest/repos/repos#list-repository-activities
    """
    path, ref = f"/repos/{connection.full_name}/activity", f"refs/heads/{branch}"
    try:
        listed: list[dict[str, Any]] = read(
            connection.github.requester, path, ref=ref, direction="desc", per_page=_MOST, **more
        )
    except GitHubAnswerError as error:
        if error.retryable or error.status not in _UNAVAILABLE:
            raise
        return []
    return [move for move in listed if move["ref"] == ref]
