"""What the App does with a task: from what happened on GitHub to what is published there.

`story` is the one story of a pull request, `merge_queue` that of a combination, `pushes` that of
the default branch; `errands` are the rest. `context` is what all of them need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.github.tasks import (
    Announcement,
    Batch,
    Done,
    GroupJob,
    Job,
    MaintenanceTask,
    PushJob,
    Task,
)
from bot.service import maintenance, merge_queue, review_pull_request, review_push
from bot.service.context import Judge, ServiceContext

__all__ = ["Judge", "Service"]


@dataclass(frozen=True, slots=True)
class Service(ServiceContext):
    """Everything that a task may ask for, each with its story."""

    def do(self, task: Task) -> Done:
        """What became of the task, and what follows. May run twice and then has posted once."""
        match task:
            case Job():
                return review_pull_request.review(self, task)
            case Announcement():
                return review_pull_request.announce(self, task)
            case GroupJob():
                return merge_queue.review_group(self, task)
            case PushJob():
                return review_push.review_push(self, task)
            case MaintenanceTask():
                return maintenance.run(self, task)
            case Batch():
                return maintenance.deal(task)

    def give_up(self, task: Task, reference: str) -> None:
        """Ends the check run of a task that failed for good, with what finds it in the logs."""
        match task:
            case Job():
                review_pull_request.give_up(self, task, reference)
            case Announcement():
                review_pull_request.give_up(self, task.job, reference)
            case GroupJob():
                merge_queue.give_up_group(self, task, reference)
            case PushJob():
                review_push.give_up_push(self, task, reference)

    def undelivered(
        self, back: timedelta, seen: Callable[[str], bool]
    ) -> Iterator[tuple[str, Task | None]]:
        """What GitHub could not deliver since then and is not known: its id, and what it asks."""
        return maintenance.redelivered(self, datetime.now(UTC) - back, seen)

    def wait(self, task: Task) -> float:
        """Seconds until GitHub wants to hear of this task's installation again."""
        if isinstance(task, Batch):
            return 0.0
        maintenance_task = isinstance(task, MaintenanceTask) and task.action != "obey"
        patient = maintenance_task or (isinstance(task, Job) and task.priority == "sweep")
        seconds = self.gateway.budget.seconds_to_wait(task.installation, patient=patient)
        return max(seconds, self.holds.remaining(task.installation, self.now().timestamp()))

    def hold(self, task: Task, seconds: float) -> None:
        """GitHub asked for patience with this task's installation; every process has it."""
        self.holds.hold(task.installation, self.now().timestamp() + seconds)
