"""Pull requests: as they are now, and the difference as GitHub shows it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.plan import ChangedFile
from bot.github.answers import translated
from bot.github.auth import Connection


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as it is when asked for; what a webhook said may be old by then.

    `base` is the branch, `base_sha` the commit that GitHub compares with. `by_bot`: its author is
    an App.
    """

    number: int
    open: bool
    draft: bool
    head: str
    base: str
    base_sha: str
    author: str = ""
    by_bot: bool = False


def read_pull(connection: Connection, number: int) -> PullRequest:
    """The pull request of this number."""
    with translated():
        found = connection.repository.get_pull(number)
        # The account of a person who left GitHub is null.
        user = found.raw_data.get("user") or {}
        return PullRequest(
            number=number,
            open=found.state == "open",
            draft=found.draft,
            head=found.head.sha,
            base=found.base.ref,
            base_sha=found.base.sha,
            author=user.get("login") or "",
            by_bot=user.get("type") == "Bot",
        )


def changed_files(connection: Connection, pull: PullRequest) -> tuple[ChangedFile, ...]:
    """The files of a pull request, at most the 3,000 that GitHub gives.

    They say where GitHub takes comments, and nothing else: findings come from git.
    """
    with translated():
        return tuple(
            ChangedFile(
                path=file.filename,
                patch=file.patch or None,
                previous_path=file.previous_filename or None,
            )
            for file in connection.repository.get_pull(pull.number).get_files()
        )
