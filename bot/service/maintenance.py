"""Maintenance tasks: most of them find the reviews that are missing or out of date."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

import structlog

from bot.analysis.process.cache import forget
from bot.core.engine.accounts import GitHubAccount
from bot.github import check_runs, checks
from bot.github.app import installations
from bot.github.connection import GitHubConnection
from bot.github.events import again
from bot.github.people import People
from bot.github.pulls import PullRequest, on_head, open_pulls
from bot.github.tasks import (
    SPREAD,
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
from bot.service.welcome import welcome

log = structlog.get_logger()

RECHECK_SPREAD: Final = 0.25
"""Seconds between two reviews after a change of the policy: 400 begin within 100 s."""


def run(context: ServiceContext, task: MaintenanceTask) -> Done:
    """The outcome of a maintenance task, and the tasks that follow."""
    return _CHORES[task.action](context, task)


def deal(batch: Batch) -> Done:
    """The tasks of a batch; those that nobody waits for are spread over time."""
    patient = all(
        isinstance(task, MaintenanceTask) and task.action == "welcome" for task in batch.tasks
    )
    return Done("dealt", batch.tasks, SPREAD if patient else 0.0)


def _act(context: ServiceContext, task: MaintenanceTask) -> Done:
    """The button on a check run was pressed. Only people with write access may request work."""
    with context.connected(task.installation, task.repository) as github:
        if not People(github, context.gateway).may_write(GitHubAccount(task.detail)):
            return Done("refused")
    job = Job(task.installation, task.repository, task.number, "requested")
    return Done("acted", (Announcement(job),))


def _close(context: ServiceContext, task: MaintenanceTask) -> Done:
    return review_pull_request.close(context, Job(task.installation, task.repository, task.number))


def _sweep(context: ServiceContext, task: MaintenanceTask) -> Done:
    """Jobs for open pull requests whose head has no finished run of this App.

    And for those whose check still shows an override or a waiver that has expired.
    """
    with context.connected(task.installation, task.repository) as github:
        pulls = open_pulls(github)
        over = lapsed(context, github, (pull.number for pull in pulls))
        reasons = {
            pull.number: "requested" if pull.number in over else _review_reason(github, pull, pulls)
            for pull in pulls
        }
    return Done(
        "swept",
        tuple(
            Job(task.installation, task.repository, number, reason, "sweep")
            for number, reason in reasons.items()
            if reason
        ),
        SPREAD,
    )


def _review_reason(
    github: GitHubConnection, pull: PullRequest, pulls: Sequence[PullRequest]
) -> Reason | None:
    """Why a pull request has to be reviewed, None where its check is up to date."""
    about, runs = check_runs.about_pull(pull), check_runs.runs_on(github, pull.head)
    here = {other.number for other in pulls if other.head == pull.head}
    if checks.cancel_strays(github, pull.head, runs, here):
        # GitHub shows the newest run of a commit, which may be one of the cancelled ones.
        return "requested"
    run = check_runs.newest(runs, about)
    unfinished = any(check_runs.is_unfinished(run, about) for run in runs)
    if run is None or unfinished or check_runs.is_superseded(run):
        return "changed"
    ended = run.about is not None and run.about.same_comparison(about.id) and run.about.ending
    return None if ended else "changed"


def _recheck(context: ServiceContext, task: MaintenanceTask) -> Done:
    """Jobs for every open pull request, since the policy changed."""
    with context.connected(task.installation, task.repository) as github:
        jobs = tuple(
            Job(task.installation, task.repository, pull.number, "policy", "recheck")
            for pull in open_pulls(github)
        )
    return Done("rechecking", jobs, RECHECK_SPREAD)


def _recheck_installation(context: ServiceContext, task: MaintenanceTask) -> Done:
    """Tasks for every repository of an installation, since the organisation's policy changed."""
    context.organisations.forget(task.installation)
    tasks = tuple(
        MaintenanceTask("recheck", task.installation, repository)
        for repository in installations.repositories(context.gateway, task.installation)
    )
    return Done("rechecking", tasks, RECHECK_SPREAD)


def _rerun(context: ServiceContext, task: MaintenanceTask) -> Done:
    """Reviews of a commit for which GitHub's event names no pull request."""
    where = (task.installation, task.repository)
    with context.connected(*where) as github:
        tasks: tuple[Task, ...] = tuple(
            Announcement(Job(*where, pull.number, "requested"))
            for pull in on_head(github, task.detail)
        )
        # "Re-run all checks" on a combination of the merge queue, or on the default branch.
        runs = () if tasks else check_runs.runs_on_any(github, task.detail)
    repeated = (again(where, run.about, task.detail) for run in runs)
    return Done("found", tasks or tuple(dict.fromkeys(task for task in repeated if task)))


def _sweep_installation(context: ServiceContext, task: MaintenanceTask) -> Done:
    tasks = tuple(
        MaintenanceTask("sweep", task.installation, repository)
        for repository in installations.repositories(context.gateway, task.installation)
    )
    return Done("listed", tasks, SPREAD)


def _sweep_all(context: ServiceContext, task: MaintenanceTask) -> Done:
    del task
    tasks = tuple(
        MaintenanceTask("sweep-installation", number)
        for number in installations.installations(context.gateway)
    )
    return Done("listed", tasks)


def _forget(context: ServiceContext, task: MaintenanceTask) -> Done:
    """Deletes mirror, cached facts and pages of a repository that the App can no longer see."""
    mirror = context.mirror(task.repository)
    shutil.rmtree(mirror, ignore_errors=True)
    mirror.with_name(f"{mirror.name}.lock").unlink(missing_ok=True)
    if context.options.cache is not None:
        forget(context.options.cache, context.tenant(task.repository))
    context.reviews.forget(task.repository)
    return Done("forgotten")


def redelivered(
    context: ServiceContext, since: datetime, seen: Callable[[str], bool]
) -> Iterator[tuple[str, Task | None]]:
    """The lost deliveries that are not `seen`: the GUID, and the task if there is one."""
    for lost in installations.undelivered(context.gateway, since):
        if seen(lost.guid):
            continue
        received = installations.delivery(context.gateway, lost)
        log.info("delivery fetched", delivery=received.id, event_name=received.event)
        yield received.id, together(received.tasks) if received.tasks else None


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
            "welcome": welcome,
        }
    )
)
