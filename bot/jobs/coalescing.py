"""Which waiting task makes another one unnecessary: at most one job of a pull request waits.

A task carries no state of its pull request; it reads the state when it runs. So a task that has not
begun yet does everything that a later delivery about the same pull request requires, if it is at
least as thorough and as urgent.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.github.tasks import Announcement, Job, Priority, Reason, Task

_DOES: Final[Mapping[Reason, frozenset[Reason]]] = MappingProxyType(
    {
        "missing": frozenset({"missing"}),
        "changed": frozenset({"changed", "missing"}),
        "requested": frozenset({"changed", "missing", "moved", "policy", "refetch", "requested"}),
        "moved": frozenset({"moved"}),
        "policy": frozenset({"changed", "missing", "moved", "policy"}),
        "refetch": frozenset({"refetch"}),
    }
)
"""What a job of each reason does of the work of other jobs."""
_URGENCY: Final[Mapping[Priority, int]] = MappingProxyType(
    {"sweep": 0, "recheck": 1, "bots": 2, "people": 3}
)


def covers(waiting: Task, task: Task) -> bool:
    """Whether a task that waits does everything that another one would do, and as soon.

    An announcement also records who made a push, which no other delivery says.
    """
    if isinstance(waiting, Announcement) and isinstance(task, Announcement):
        recorded = not task.pusher or _push(task) == _push(waiting)
        return recorded and covers(waiting.job, task.job)
    if not (isinstance(waiting, Job) and isinstance(task, Job)):
        return False
    return (
        waiting.key == task.key
        and task.reason in _DOES[waiting.reason]
        and _URGENCY[waiting.priority] >= _URGENCY[task.priority]
        and (task.quiet or not waiting.quiet)
    )


def _push(announcement: Announcement) -> tuple[str, int, str]:
    return announcement.pusher, announcement.pusher_id, announcement.after
