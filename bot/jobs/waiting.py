"""The tasks that have not begun: which of them make another one unnecessary."""

from __future__ import annotations

from collections.abc import Iterator

from dbos import DBOS

from bot.github.task_text import read
from bot.github.tasks import Announcement, Job, Task
from bot.jobs import lanes
from bot.jobs.coalescing import covers
from bot.jobs.database import QueueDatabase


class WaitingTasks:
    """Looks up waiting tasks by their key, so that at most one job of a pull request waits.

    In a workflow, only a step may call the methods: DBOS would record what they ask it.
    """

    def __init__(self, database: QueueDatabase) -> None:
        self._database = database

    def cover(self, task: Task) -> bool:
        """Whether a task that has not begun does everything that this one would do."""
        delayed = lanes.delay_of(task) is not None
        return any(
            covers(other, task)
            for _, status, other in self._of_same_key(task)
            if status == "ENQUEUED" or delayed
        )

    def withdraw_covered(self, workflow_id: str, task: Task) -> None:
        """Delete the tasks that have not begun and that this one makes unnecessary.

        To be called when this task was submitted or begins.
        """
        if lanes.delay_of(task) is not None:
            return
        for other_id, _, other in self._of_same_key(task):
            if (
                other_id != workflow_id
                and covers(task, other)
                and self._database.withdraw(other_id)
            ):
                # The row is gone; this deletes what DBOS keeps beside it.
                DBOS.delete_workflows([other_id])

    def _of_same_key(self, task: Task) -> Iterator[tuple[str, str, Task]]:
        """The tasks of the same key that have not begun: id, status and task.

        A delayed retry covers nothing: who pushes again need not wait for it.
        """
        if not isinstance(task, Announcement | Job):
            return
        ids = self._database.waiting(task.key)
        for row in DBOS.list_workflows(workflow_ids=list(ids), load_output=False) if ids else ():
            if row.name != "review" or not row.input:
                continue
            _, stored, attempt, *_ = row.input["args"]
            retry = attempt > 1 and row.status == "DELAYED"
            yield row.workflow_id, "RETRY" if retry else row.status, read(stored)
