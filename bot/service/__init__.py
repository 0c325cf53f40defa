"""What does the App do with a task: which module reviews a pull request, a push, a combination?

`review_pull_request` reviews a pull request, `merge_queue` a merge queue's combination and
`review_push` a push to the default branch; `commands` carries out comments and `maintenance` the
other tasks. `context` holds what all of them need.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from bot.errors import GitError, RemoteGitError, UsageError
from bot.git.mirror import Mirror
from bot.github.budget import Urgency
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

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Service(ServiceContext):
    """Runs tasks, each by the module of its kind."""

    def do(self, task: Task) -> Done:
        """The outcome of the task, and what follows. Safe to run twice; a damaged mirror is mended.

        Raises GitError where the mirror could not be read: this task or another discarded it, and
        the next attempt fetches everything anew.
        """
        begun = time.time()
        try:
            return self._do(task)
        except RemoteGitError:
            raise
        except (GitError, UsageError) as error:
            if task.repository and Mirror(self.mirror(task.repository)).mend(begun):
                raise GitError("the mirror was damaged and is fetched anew") from error
            raise

    def maintain(self) -> None:
        """Pack and prune the mirrors."""
        for path in sorted(self.mirrors.glob("*.git")):
            try:
                Mirror(path).maintain(self.now())
            except GitError as error:
                log.warning("mirror not maintained", mirror=path.name, reason=str(error))

    def _do(self, task: Task) -> Done:
        """The outcome of the task, and the tasks that follow. Run twice, it posts once."""
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
        """Ends the check run of a task that failed for good, with a reference to its log lines."""
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
        """The lost deliveries of this last while that are not `seen`: their GUIDs and tasks."""
        return maintenance.redelivered(self, datetime.now(UTC) - back, seen)

    def wait(self, task: Task) -> float:
        """Seconds until a task of this installation may send requests again."""
        if isinstance(task, Batch):
            return 0.0
        seconds = self.gateway.budget.seconds_to_wait(task.installation, _urgency(task))
        return max(seconds, self.holds.remaining(task.installation, self.now().timestamp()))

    def hold(self, task: Task, seconds: float) -> None:
        """Delays the tasks of this task's installation, in every process, as GitHub asked."""
        self.holds.hold(task.installation, self.now().timestamp() + seconds)


def _urgency(task: Task) -> Urgency:
    """How soon a task has to begin."""
    match task:
        case Announcement():
            return "announcement"
        case MaintenanceTask(action=action) if action != "obey":
            return "patient"
        case Job(priority="sweep"):
            return "patient"
    return "review"
