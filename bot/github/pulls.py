"""Pull requests in their current state, and the files that they change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.engine.accounts import GitHubAccount
from bot.core.publish.operations import ChangedFile
from bot.errors import GitHubAnswerError
from bot.github.accounts import account_of
from bot.github.api import read
from bot.github.connection import GitHubConnection, pages


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as GitHub describes it now; a webhook's payload may be out of date.

    `base` is the branch, `base_sha` the commit that GitHub compares with. `target` is where it
    will end: the branch below a whole stack, else the base. `by_bot`: its author is an App.
    `branch` is the head's branch in the same repository, empty for a fork's.
    """

    number: int
    open: bool
    draft: bool
    head: str
    base: str
    base_sha: str
    target: str
    author: GitHubAccount
    by_bot: bool = False
    merged: bool = False
    created_at: str = ""
    branch: str = ""

    @property
    def comparison(self) -> str:
        """A digest of what the head is compared with: base commit and base branch."""
        return hashlib.sha256(f"{self.base_sha} {self.base}".encode()).hexdigest()[:16]


def read_pull(connection: GitHubConnection, number: int) -> PullRequest:
    """The pull request of this number."""
    return _pull(read(connection.github.requester, _path(connection, number)))


def open_pulls(connection: GitHubConnection) -> tuple[PullRequest, ...]:
    """Every open pull request of the repository."""
    return tuple(map(_pull, pages(connection, f"/repos/{connection.full_name}/pulls")))


def pulls_of(connection: GitHubConnection, commit: str) -> tuple[PullRequest, ...]:
    """The pull requests that contain a commit; none for a commit that GitHub does not know."""
    try:
        path = f"/repos/{connection.full_name}/commits/{commit}/pulls"
        return tuple(map(_pull, pages(connection, path)))
    except GitHubAnswerError as error:
        if error.status in {404, 422}:
            return ()
        raise


def on_head(connection: GitHubConnection, head: str) -> tuple[PullRequest, ...]:
    """The open pull requests whose head is this commit."""
    return tuple(pull for pull in pulls_of(connection, head) if pull.open and pull.head == head)


def changed_files(connection: GitHubConnection, pull: PullRequest) -> tuple[ChangedFile, ...]:
    """The changed files of a pull request, at most the 3,000 that GitHub lists.

    They only decide where GitHub accepts comments; findings come from git.
    """
    return tuple(
        ChangedFile(
            path=file["filename"],
            patch=file.get("patch") or None,
            previous_path=file.get("previous_filename") or None,
        )
        for file in pages(connection, f"{_path(connection, pull.number)}/files")
    )


def _path(connection: GitHubConnection, number: int) -> str:
    return f"/repos/{connection.full_name}/pulls/{number}"


def _pull(raw: Mapping[str, Any]) -> PullRequest:
    base, user = raw["base"], raw.get("user") or {}
    stacked = (raw.get("stack") or {}).get("base") or {}
    return PullRequest(
        number=raw["number"],
        open=raw["state"] == "open",
        draft=bool(raw.get("draft")),
        head=raw["head"]["sha"],
        base=base["ref"],
        base_sha=base["sha"],
        target=stacked.get("ref") or base["ref"],
        author=account_of(user),
        by_bot=user.get("type") == "Bot",
        merged=bool(raw.get("merged_at")),
        created_at=raw.get("created_at") or "",
        branch=raw["head"]["ref"] if _is_same(raw["head"], base) else "",
    )


def _is_same(head: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Whether both ends are in one repository; GitHub names none for a fork that was deleted."""
    repository: Mapping[str, Any] = head.get("repo") or {}
    return bool(repository.get("id") == base["repo"]["id"])
