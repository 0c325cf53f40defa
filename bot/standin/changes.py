"""What a pull request changes: its files, its commits, and what keeps it from being merged."""

from __future__ import annotations

from functools import lru_cache

from bot.standin.git.diff import FileDiff, compare
from bot.standin.git.repository import BareRepository
from bot.standin.repositories import (
    RequiredCheck,
    StandInPullRequest,
    StandInRepository,
    latest_run,
)

_GREEN = {"success", "neutral", "skipped"}
_WAITING = {"queued": "queued", "in_progress": "in progress"}


# Commits never change, so what differs between two of them is computed once.
@lru_cache(maxsize=256)
def _compared(git: BareRepository, base: str, head: str) -> tuple[FileDiff, ...]:
    return tuple(compare(git, base, head))


def between(repository: StandInRepository, base: str, head: str) -> tuple[FileDiff, ...]:
    """The files that differ between two commits."""
    return _compared(repository.git, base, head)


def files(pull: StandInPullRequest, head: str | None = None) -> tuple[FileDiff, ...]:
    """What the pull request's diff shows: merge base against its head, or against `head`."""
    tip = head or pull.head_sha
    base = pull.repository.git.merge_base(pull.base_sha, tip) or pull.base_sha
    return between(pull.repository, base, tip)


def file_at(pull: StandInPullRequest, path: str, head: str) -> FileDiff | None:
    """The difference of one path, where the pull request changes it."""
    return next((file for file in files(pull, head) if file.path == path), None)


def commits(pull: StandInPullRequest) -> list[str]:
    """The pull request's own commits, oldest first."""
    return pull.repository.git.commits_between(pull.base_sha, pull.head_sha)


def unmet_checks(pull: StandInPullRequest, sha: str | None = None) -> list[str]:
    """A sentence for each required check that is not green on the head, or on another commit."""
    required = pull.repository.required_checks.get(pull.base_ref, [])
    return [
        f'Required status check "{check.context}" is {word}.'
        for check in required
        if (word := _unmet(pull.repository, sha or pull.head_sha, check))
    ]


def _unmet(repository: StandInRepository, sha: str, check: RequiredCheck) -> str | None:
    run = latest_run(repository, sha, check)
    if run is None:
        return "expected"
    if run.status != "completed":
        return _WAITING[run.status]
    return None if run.conclusion in _GREEN else "failing"
