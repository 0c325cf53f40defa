"""Which commits a branch pointed to, and who pushed them, by GitHub's own record and clock."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from bot.core.engine.accounts import GitHubAccount
from bot.errors import GitHubAnswerError
from bot.github.accounts import account_of
from bot.github.connection import PAGE, GitHubConnection, linked

_MOST_PAGES: Final = 30
"""The most pages of pushes and merges that are read, each of 100, the newest first."""

_PUSHES: Final = frozenset({"branch_creation", "force_push", "push"})
_MERGES: Final = frozenset({"merge_queue_merge", "pr_merge"})
_NO_COMMIT: Final = "0" * 40
_UNAVAILABLE: Final = frozenset({403, 404, 410})
"""Answers of a GitHub Enterprise Server that does not keep this record, or to a lesser App."""


@dataclass(frozen=True, slots=True)
class BranchPush:
    """A push: who pushed, and the commits that the branch pointed to afterwards and before.

    `before` is empty where a webhook announced a new pull request. `merged`: a pull request was
    merged into the branch; who merges has not brought its commits.
    """

    by: GitHubAccount
    after: str
    before: str = ""
    merged: bool = False


def tips_of_last_week(connection: GitHubConnection, branch: str) -> tuple[str, ...]:
    """The commits that the branch pointed to within the last seven days, newest first.

    GitHub filters by its own clock: the dates in commits are whatever their authors wrote. The
    state before the first push of the week counts, since it was there until then.
    """
    moves = _moves(connection, branch, time_period="week")
    tips = (tip for move in moves for tip in (move["after"], move["before"]))
    return tuple(dict.fromkeys(tip for tip in tips if tip != _NO_COMMIT))


def pushes_to(
    connection: GitHubConnection, branch: str, commits: Collection[str]
) -> tuple[BranchPush, ...]:
    """The pushes after which a branch pointed to one of these commits, by whoever was signed in.

    A page of moves that concern none of the commits is the last that is read: nobody hides a push
    below others.
    """
    moves: list[dict[str, Any]] = []
    concerned = 0
    for number, move in enumerate(_moves(connection, branch), 1):
        if move["after"] in commits:
            moves.append(move)
            concerned = number
        if number - concerned >= PAGE:
            break
    return tuple(
        BranchPush(
            account_of(move["actor"]), move["after"], merged=move["activity_type"] in _MERGES
        )
        for move in moves
        if move["actor"] and move["activity_type"] in _PUSHES | _MERGES
    )


def _moves(connection: GitHubConnection, branch: str, **more: str) -> Iterator[dict[str, Any]]:
    """The moves of a branch, newest first; none where GitHub does not keep them.

    https://docs.github.com/rest/repos/repos#list-repository-activities
    """
    path, ref = f"/repos/{connection.full_name}/activity", f"refs/heads/{branch}"
    filters = {"ref": ref, "direction": "desc", **more}
    try:
        for move in linked(connection.github.requester, path, _MOST_PAGES, **filters):
            if move["ref"] == ref:
                yield move
    except GitHubAnswerError as error:
        if error.retryable or error.status not in _UNAVAILABLE:
            raise
