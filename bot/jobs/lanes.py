"""The lanes of the queue: one for each urgency, each with workers of its own.

A merge queue never waits behind a sweep. Within a lane, one worker at a time works on a key; across
lanes, the less urgent job gives way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from dbos import DBOS, WorkflowStatus

from bot.github.tasks import (
    REFETCH_WAITS,
    Announcement,
    Batch,
    GroupJob,
    Job,
    MaintenanceTask,
    PushJob,
    Task,
)

AT_ONCE: Final = "at-once"
GROUPS: Final = "merge-groups"
PULLS: Final = "pull-requests"
BOTS: Final = "bots"
RECHECKS: Final = "rechecks"
BACKGROUND: Final = "background"
REVIEWS: Final = (PULLS, BOTS, RECHECKS, BACKGROUND)
"""The lanes in which reviews of pull requests wait, most urgent first."""

LANES: Final = (AT_ONCE, GROUPS, *REVIEWS)

WAITING: Final = ("ENQUEUED", "DELAYED", "PENDING")
"""The statuses of DBOS for jobs that wait or run."""

MOST_AT_ONCE: Final = 20
"""An installation with more reviews waiting than this continues in the lane of bots."""

GIVES_WAY: Final[Mapping[str, float]] = MappingProxyType(
    {BACKGROUND: 5.0, RECHECKS: 4.0, BOTS: 3.0, PULLS: 1.0}
)
"""Seconds for which a job gives way to another job of its pull request, by lane."""

SETTLED: Final = 30.0
"""Seconds after which GitHub has connected a pushed commit with its pull request."""

_SLOW: Final = frozenset(
    {
        "forget",
        "sweep",
        "sweep-all",
        "sweep-installation",
        "welcome",
    }
)


def workers(lane: str, most: int) -> int:
    """The number of workers of a lane, where the lane of people's pull requests has `most`.

    A review after a change of the policy mostly waits for GitHub: it starts from a stored analysis.
    """
    half = max(1, most // 2)
    return {AT_ONCE: 4, RECHECKS: 2 * most, BOTS: half, BACKGROUND: half}.get(lane, most)


def lane_of(task: Task) -> str:
    """The lane in which a task waits for its turn."""
    match task:
        case Announcement():
            return AT_ONCE
        case Batch(tasks=tasks):
            return lane_of(tasks[0])
        case MaintenanceTask(action=action):
            return BACKGROUND if action in _SLOW else AT_ONCE
        case GroupJob():
            return GROUPS
        case Job():
            return _lane_of_review(task)
        case PushJob():
            return BACKGROUND


def _lane_of_review(job: Job) -> str:
    if job.priority == "sweep":
        return BACKGROUND
    if job.priority == "recheck":
        return RECHECKS
    return BOTS if job.priority == "bots" or _crowded(job) else PULLS


def delay_of(task: Task) -> float | None:
    """Seconds by which a task's first attempt is delayed, None for no delay.

    GitHub connects a commit with its pull request a moment after the push, and requests a check
    suite before it says that a pull request has a new head.
    """
    match task:
        case PushJob():
            return SETTLED
        case Announcement(job=Job(reason="missing")):
            return SETTLED
        case Batch(tasks=tasks):
            return max(filter(None, map(delay_of, tasks)), default=None)
    return None


def pause_before(task: Task) -> float:
    """Seconds between the end of a task and this one, which follows from it."""
    if isinstance(task, GroupJob | PushJob) and task.tries:
        return REFETCH_WAITS[min(task.tries, len(REFETCH_WAITS)) - 1]
    if isinstance(task, Job) and task.reason == "refetch":
        return REFETCH_WAITS[min(task.tries, len(REFETCH_WAITS)) - 1]
    return 0.0


def queued_keys() -> frozenset[str]:
    """The keys of the reviews and sweeps that wait or run."""
    rows = _rows(WAITING, *REVIEWS)
    return frozenset(row.queue_partition_key for row in rows if row.queue_partition_key)


def give_way(workflow_id: str, key: str) -> float | None:
    """Seconds to give way to a review of the same pull request in another lane, None for none.

    Both may see each other: then the less urgent one waits longer.
    """
    queued = _rows(("PENDING", "ENQUEUED"), *REVIEWS)
    rows = [row for row in queued if row.queue_partition_key == key]
    lane = next((row.queue_name for row in rows if row.workflow_id == workflow_id), None)
    if lane is None:
        return None
    for row in rows:
        other = row.queue_name
        if other == lane:
            continue
        if row.status == "PENDING" or REVIEWS.index(other or lane) < REVIEWS.index(lane):
            return GIVES_WAY[lane]
    return None


def _crowded(job: Job) -> bool:
    prefix = f"{job.installation}/"
    waiting = _rows(("ENQUEUED",), PULLS)
    return sum((row.queue_partition_key or "").startswith(prefix) for row in waiting) > MOST_AT_ONCE


def _rows(status: Sequence[str], *lanes: str) -> list[WorkflowStatus]:
    return DBOS.list_workflows(
        queue_name=list(lanes), status=list(status), load_input=False, load_output=False
    )
