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
from bot.github import checks, installations
from bot.github.api import read_if_there
from bot.github.auth import GitHubConnection
from bot.github.events import again
from bot.github.people import People
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


def run(context: ServiceContext, task: MaintenanceTask) -> Done:
    """What became of the errand, and what follows from it."""
    return _CHORES[task.action](context, task)


def deal(batch: Batch) -> Done:
    """The tasks of a batch; those for which nobody waits one after the other."""
    patient = all(
        isinstance(task, MaintenanceTask) and task.action == "welcome" for task in batch.tasks
    )
    return Done("dealt", batch.tasks, SPREAD if patient else 0.0)


def _act(context: ServiceContext, task: MaintenanceTask) -> Done:
    """Somebody pressed a button of ours; who may not write here may not ask for work either."""
    with context.connected(task.installation, task.repository) as github:
        if not People(github, context.gateway).may_write(task.detail):
            return Done("refused")
    job = Job(task.installation, task.repository, task.number, "requested")
    return Done("acted", (Announcement(job),))


def _close(context: ServiceContext, task: MaintenanceTask) -> Done:
    return review_pull_request.close(context, Job(task.installation, task.repository, task.number))


def _welcome(context: ServiceContext, task: MaintenanceTask) -> Done:
    """A repository of a new installation: its check can be chosen, its pull requests get one.

    People who opened them did not ask for comments: they get the check alone. One that was opened
    since then has a webhook of its own.
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
    """Whether a pull request is older than this moment; where either is unknown, it is."""
    if not since.isdigit() or not pull.created_at:
        return True
    return datetime.fromisoformat(pull.created_at).timestamp() < int(since)


def _tip(github: GitHubConnection) -> str | None:
    """The default branch's newest commit, None where there is none."""
    path = f"/repos/{github.full_name}/git/ref/heads/{github.default_branch}"
    answer = read_if_there(github.github.requester, path, frozenset({404, 409}))
    return None if answer is None else str(answer["object"]["sha"])


def _sweep(context: ServiceContext, task: MaintenanceTask) -> Done:
    """The open pull requests of a repository whose head has no finished run of ours.

    And those that an override or a waiver let through for a while that is over.
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
    """Why a pull request is to be reviewed, None where it has all that it should have."""
    about, runs = checks.about_pull(pull), checks.runs_on(github, pull.head)
    here = {other.number for other in pulls if other.head == pull.head}
    if checks.cancel_strays(github, pull.head, runs, here):
        # GitHub shows the newest run of a commit, which may be one of those.
        return "requested"
    run = checks.newest(runs, about)
    unfinished = any(checks.is_unfinished(run, about) for run in runs)
    if run is None or unfinished or checks.is_superseded(run):
        return "changed"
    ended = run.about is not None and run.about.same_comparison(about.id) and run.about.ending
    return None if ended else "changed"


def _recheck(context: ServiceContext, task: MaintenanceTask) -> Done:
    """Every open pull request again, slowly: the policy that judges them is another."""
    with context.connected(task.installation, task.repository) as github:
        jobs = tuple(
            Job(task.installation, task.repository, pull.number, "requested", "sweep")
            for pull in open_pulls(github)
        )
    return Done("rechecking", jobs, SPREAD)


def _recheck_installation(context: ServiceContext, task: MaintenanceTask) -> Done:
    """Every repository: the policy that lies under theirs is another."""
    context.organisations.forget(task.installation)
    tasks = tuple(
        MaintenanceTask("recheck", task.installation, repository)
        for repository in installations.repositories(context.gateway, task.installation)
    )
    return Done("rechecking", tasks, SPREAD)


def _rerun(context: ServiceContext, task: MaintenanceTask) -> Done:
    """What is to be reviewed again of a commit for which GitHub names no pull request."""
    where = (task.installation, task.repository)
    with context.connected(*where) as github:
        tasks: tuple[Task, ...] = tuple(
            Announcement(Job(*where, pull.number, "requested"))
            for pull in on_head(github, task.detail)
        )
        # "Re-run all checks" on a combination of the merge queue, or on the default branch.
        runs = () if tasks else checks.runs_on_any(github, task.detail)
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
    """Nothing of a repository that the App may not see any more stays here."""
    mirror = context.mirror(task.repository)
    shutil.rmtree(mirror, ignore_errors=True)
    mirror.with_name(f"{mirror.name}.lock").unlink(missing_ok=True)
    if context.options.cache is not None:
        forget(context.options.cache, context.tenant(task.repository))
    return Done("forgotten")


def redelivered(
    context: ServiceContext, since: datetime, seen: Callable[[str], bool]
) -> Iterator[tuple[str, Task | None]]:
    """What GitHub could not deliver and is not `seen`: the GUID, and what it asks for, if any."""
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
            "welcome": _welcome,
        }
    )
)
