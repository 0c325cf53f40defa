"""The lanes of the queue: what is done at once, for people, and when nobody waits.

Each lane has workers of its own, so that the merge queue never waits behind a sweep. Within one,
a key is worked on by one worker at a time; across lanes, the patient one gives way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from dbos import DBOS, WorkflowStatus

from bot.github.tasks import Announcement, Batch, GroupJob, Job, MaintenanceTask, PushJob, Task

AT_ONCE: Final = "at-once"
GROUPS: Final = "merge-groups"
PULLS: Final = "pull-requests"
BOTS: Final = "bots"
BACKGROUND: Final = "background"
REVIEWS: Final = (PULLS, BOTS, BACKGROUND)
"""Where reviews of pull requests wait, the most urgent first."""

LANES: Final = (AT_ONCE, GROUPS, *REVIEWS)

WAITING: Final = ("ENQUEUED", "DELAYED", "PENDING")

MOST_AT_ONCE: Final = 20
"""An installation that has more waiting than this goes on with the bots: others wait, too."""

GIVES_WAY: Final[Mapping[str, float]] = MappingProxyType({BACKGROUND: 5.0, BOTS: 3.0, PULLS: 1.0})
"""Seconds after which a job that met another of its pull request looks again."""

SETTLED: Final = 30.0

_SLOW: Final = frozenset(
    {
        "forget",
        "recheck",
        "recheck-installation",
        "sweep",
        "sweep-all",
        "sweep-installation",
        "welcome",
    }
)


def workers(lane: str, most: int) -> int:
    """How many workers a lane has where people's pull requests have `most`."""
    few = max(1, most // 2)
    return {AT_ONCE: 4, BOTS: few, BACKGROUND: few}.get(lane, most)


def lane_of(task: Task) -> str:
    """Where a task waits for its turn."""
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
    return BOTS if job.priority == "bots" or _crowded(job) else PULLS


def delay_of(task: Task) -> float | None:
    """Seconds that a task waits before anybody looks at it, None for none.

    GitHub connects a commit with its pull request a moment after the push, and asks for a suite
    before it says that a pull request has a new head.
    """
    match task:
        case PushJob():
            return SETTLED
        case Announcement(job=Job(reason="missing")):
            return SETTLED
        case Batch(tasks=tasks):
            return max(filter(None, map(delay_of, tasks)), default=None)
    return None


def known() -> frozenset[str]:
    """The keys of the reviews and sweeps that wait or run."""
    rows = _rows(WAITING, *REVIEWS)
    return frozenset(row.queue_partition_key for row in rows if row.queue_partition_key)


def met(own: str, key: str) -> float | None:
    """Seconds to give way to a review of the same pull request in another lane, None for none.

    Both may see each other: then the patient one waits longer.
    """
    every = _rows(("PENDING", "ENQUEUED"), *REVIEWS)
    rows = [row for row in every if row.queue_partition_key == key]
    lane = next((row.queue_name for row in rows if row.workflow_id == own), None)
    if lane is None:
        return None
    for row in rows:
        other = row.queue_name
        if other == lane:
            continue
        if row.status == "PENDING" or REVIEWS.index(other or lane) < REVIEWS.index(lane):
            return GIVES_WAY[lane]
    return None


def _crowded(task: Job) -> bool:
    prefix = f"{task.installation}/"
    waiting = _rows(("ENQUEUED",), PULLS)
    return sum((row.queue_partition_key or "").startswith(prefix) for row in waiting) > MOST_AT_ONCE


def _rows(status: Sequence[str], *lanes: str) -> list[WorkflowStatus]:
    return DBOS.list_workflows(
        queue_name=list(lanes), status=list(status), load_input=False, load_output=False
    )
