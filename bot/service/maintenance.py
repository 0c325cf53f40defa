"""The chores: what is neither a review nor nothing. Most of them find the reviews to be done."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

import structlog

from bot.analysis.process.cache import forget
from bot.core.publish.notices import installed
from bot.errors import GitHubAnswerError
from bot.github import checks, installations
from bot.github.auth import GitHubConnection
from bot.github.errors import translated
from bot.github.events import again
from bot.github.pulls import PullRequest, on_head, open_pulls
from bot.github.tasks import (
    Announcement,
    Batch,
    Done,
    Job,
    MaintenanceKind,
    MaintenanceTask,
    Reason,
    Task,
    together,
)
from bot.service import merge_queue, review_pull_request
from bot.service.approvals import lapsed
from bot.service.commands import run_command
from bot.service.context import ServiceContext

log = structlog.get_logger()

SPREAD: Final = 2.0
"""Seconds between two reviews that nobody waits for: an installation must not be flooded."""

_TRUSTED: Final = frozenset({"admin", "maintain", "write"})


def run(means: ServiceContext, errand: MaintenanceTask) -> Done:
    """What became of the errand, and what follows from it."""
    return _CHORES[errand.chore](means, errand)


def deal(batch: Batch) -> Done:
    """The tasks of a batch; those for which nobody waits one after the other."""
    patient = all(
        isinstance(task, MaintenanceTask) and task.chore == "welcome" for task in batch.tasks
    )
    return Done("dealt", batch.tasks, SPREAD if patient else 0.0)


def _act(means: ServiceContext, errand: MaintenanceTask) -> Done:
    """Somebody pressed a button of ours; who may not write here may not ask for work either."""
    with means.connected(errand.installation, errand.repository) as github:
        path = f"/repos/{github.full_name}/collaborators/{errand.detail}/permission"
        try:
            with translated():
                answer = github.github.requester.requestJsonAndCheck("GET", path)[1]
        except GitHubAnswerError as error:
            if error.status != 404:
                raise
            return Done("refused")
    if answer.get("permission") not in _TRUSTED:
        return Done("refused")
    job = Job(errand.installation, errand.repository, errand.number, "requested")
    return Done("acted", (Announcement(job),))


def _close(means: ServiceContext, errand: MaintenanceTask) -> Done:
    return review_pull_request.close(
        means, Job(errand.installation, errand.repository, errand.number)
    )


def _welcome(means: ServiceContext, errand: MaintenanceTask) -> Done:
    """A repository of a new installation: its check can be chosen, its pull requests get one.

    People who opened them did not ask for comments: they get the check alone. One that was opened
    since then has a webhook of its own.
    """
    with means.connected(errand.installation, errand.repository) as github:
        tip = _tip(github)
        if tip is None:
            return Done("empty")
        checks.greet(github, tip, installed())
        found = tuple(
            Job(errand.installation, errand.repository, pull.number, priority="sweep", quiet=True)
            for pull in open_pulls(github)
            if _was_there(pull, errand.detail)
        )
    return Done("welcomed", found, SPREAD)


def _was_there(pull: PullRequest, since: str) -> bool:
    """Whether a pull request is older than this moment; where either is unknown, it is."""
    if not since.isdigit() or not pull.created_at:
        return True
    return datetime.fromisoformat(pull.created_at).timestamp() < int(since)


def _tip(github: GitHubConnection) -> str | None:
    """The default branch's newest commit, None where there is none."""
    path = f"/repos/{github.full_name}/git/ref/heads/{github.default_branch}"
    try:
        with translated():
            found = github.github.requester.requestJsonAndCheck("GET", path)[1]
    except GitHubAnswerError as error:
        if error.status not in {404, 409}:
            raise
        return None
    commit: str = found["object"]["sha"]
    return commit


def _sweep(means: ServiceContext, errand: MaintenanceTask) -> Done:
    """The open pull requests of a repository whose head has no finished run of ours.

    And those that an override or a waiver let through for a while that is over.
    """
    with means.connected(errand.installation, errand.repository) as github:
        pulls = open_pulls(github)
        over = lapsed(means, github, (pull.number for pull in pulls))
        wanted = {
            pull.number: "requested" if pull.number in over else _wanted(github, pull, pulls)
            for pull in pulls
        }
    return Done(
        "swept",
        tuple(
            Job(errand.installation, errand.repository, number, reason, "sweep")
            for number, reason in wanted.items()
            if reason
        ),
        SPREAD,
    )


def _wanted(
    github: GitHubConnection, pull: PullRequest, pulls: Sequence[PullRequest]
) -> Reason | None:
    """Why a pull request is to be reviewed, None where it has all that it should have."""
    about, runs = checks.about_pull(pull), checks.runs_on(github, pull.head)
    here = {one.number for one in pulls if one.head == pull.head}
    if checks.cancel_strays(github, pull.head, runs, here):
        # GitHub shows the newest run of a commit, which may be one of those.
        return "requested"
    held = checks.newest(runs, about)
    unfinished = any(checks.is_unfinished(run, about) for run in runs)
    if held is None or unfinished or held.external_id.endswith(":superseded"):
        return "changed"
    return None if held.external_id.startswith(f"{about.mark}:") else "changed"


def _recheck(means: ServiceContext, errand: MaintenanceTask) -> Done:
    """Every open pull request again, slowly: the policy that judges them is another."""
    with means.connected(errand.installation, errand.repository) as github:
        found = tuple(
            Job(errand.installation, errand.repository, pull.number, "requested", "sweep")
            for pull in open_pulls(github)
        )
    return Done("rechecking", found, SPREAD)


def _recheck_installation(means: ServiceContext, errand: MaintenanceTask) -> Done:
    """Every repository: the policy that lies under theirs is another."""
    means.organisations.forget(errand.installation)
    found = tuple(
        MaintenanceTask("recheck", errand.installation, repository)
        for repository in installations.repositories(means.gateway, errand.installation)
    )
    return Done("rechecking", found, SPREAD)


def _rerun(means: ServiceContext, errand: MaintenanceTask) -> Done:
    """What is to be reviewed again of a commit for which GitHub names no pull request."""
    where = (errand.installation, errand.repository)
    with means.connected(*where) as github:
        found: tuple[Task, ...] = tuple(
            Announcement(Job(*where, pull.number, "requested"))
            for pull in on_head(github, errand.detail)
        )
        # "Re-run all checks" on a combination of the merge queue, or on the default branch.
        runs = () if found else checks.runs_on_any(github, errand.detail)
    known = (again(where, run.external_id, errand.detail) for run in runs)
    return Done("found", found or tuple(dict.fromkeys(task for task in known if task)))


def _sweep_installation(means: ServiceContext, errand: MaintenanceTask) -> Done:
    found = tuple(
        MaintenanceTask("sweep", errand.installation, repository)
        for repository in installations.repositories(means.gateway, errand.installation)
    )
    return Done("listed", found, SPREAD)


def _sweep_all(means: ServiceContext, errand: MaintenanceTask) -> Done:
    del errand
    found = tuple(
        MaintenanceTask("sweep-installation", number)
        for number in installations.installations(means.gateway)
    )
    return Done("listed", found)


def _forget(means: ServiceContext, errand: MaintenanceTask) -> Done:
    """Nothing of a repository that the App may not see any more stays here."""
    mirror = means.mirror(errand.repository)
    shutil.rmtree(mirror, ignore_errors=True)
    mirror.with_name(f"{mirror.name}.lock").unlink(missing_ok=True)
    if means.options.cache is not None:
        forget(means.options.cache, means.tenant(errand.repository))
    return Done("forgotten")


def redelivered(
    means: ServiceContext, since: datetime, known: Callable[[str], bool]
) -> Iterator[tuple[str, Task | None]]:
    """What GitHub could not deliver and is not `known`: the GUID, and what it asks for, if any."""
    for lost in installations.undelivered(means.gateway, since):
        if known(lost.guid):
            continue
        found = installations.delivery(means.gateway, lost)
        log.info("delivery fetched", delivery=found.id, event_name=found.event)
        yield found.id, together(found.tasks) if found.tasks else None


_CHORES: Final[Mapping[MaintenanceKind, Callable[[ServiceContext, MaintenanceTask], Done]]] = (
    MappingProxyType(
        {
            "act": _act,
            "close": _close,
            "forget": _forget,
            "obey": run_command,
            "recheck": _recheck,
            "recheck-installation": _recheck_installation,
            "rerun": _rerun,
            "sweep": _sweep,
            "sweep-all": _sweep_all,
            "sweep-installation": _sweep_installation,
            "ungroup": merge_queue.leave,
            "welcome": _welcome,
        }
    )
)
