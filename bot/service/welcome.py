"""Greets the repositories of a new installation, so that the check can be required."""

from __future__ import annotations

from datetime import datetime

from bot.core.publish.notices import installed
from bot.github import checks
from bot.github.api import read_if_there
from bot.github.connection import GitHubConnection
from bot.github.pulls import PullRequest, open_pulls
from bot.github.tasks import SPREAD, Done, Job, MaintenanceTask
from bot.service.context import ServiceContext


def welcome(context: ServiceContext, task: MaintenanceTask) -> Done:
    """A repository of a new installation: its check becomes selectable, its pull requests get one.

    Nobody asked for comments on pull requests that are older than the installation: they get the
    check alone. Later ones have webhooks of their own.
    """
    with context.connected(task.installation, task.repository) as github:
        tip = _tip(github)
        if tip is None:
            return Done("empty")
        checks.greet(github, tip, installed())
        jobs = tuple(
            Job(task.installation, task.repository, pull.number, priority="sweep", quiet=True)
            for pull in open_pulls(github)
            if _was_there(pull, task.detail)
        )
    return Done("welcomed", jobs, SPREAD)


def _was_there(pull: PullRequest, since: str) -> bool:
    """Whether a pull request is older than this timestamp, or either of them is unknown."""
    if not since.isdigit() or not pull.created_at:
        return True
    return datetime.fromisoformat(pull.created_at).timestamp() < int(since)


def _tip(github: GitHubConnection) -> str | None:
    """The default branch's newest commit, None for an empty repository."""
    path = f"/repos/{github.full_name}/git/ref/heads/{github.default_branch}"
    answer = read_if_there(github.github.requester, path, frozenset({404, 409}))
    return None if answer is None else str(answer["object"]["sha"])
