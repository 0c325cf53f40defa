"""One attempt at a task: run it, measure it, and decide what a failure means."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypedDict

import structlog

from bot.errors import GitError, GitHubError, InstallationGone
from bot.github.task_text import written
from bot.github.tasks import Announcement, Done, GroupJob, Job, MaintenanceTask, Task
from bot.jobs import lanes
from bot.jobs.isolation import Isolation
from bot.jobs.records import DATABASE_ERRORS, reference
from bot.jobs.waiting import WaitingTasks
from bot.jobs.worker import QueueOptions, Worker
from bot.metrics import Metrics
from bot.tracing import Tracing

log = structlog.get_logger()

CONCLUSION_TRIES: Final = 24
"""How often the conclusion of a failed task's check run is tried: hourly at last, so for a day."""

VERDICTS: Final = ("pass", "blocked", "incomplete", "invalid-policy")
"""The outcomes by which a check was concluded with a review."""

MOST_ATTEMPTS: Final = 500
"""How often a task is postponed because of a rate limit or another job of its pull request."""


_REPEATED: Final = frozenset({"policy", "refetch"})
"""Reasons of jobs that follow from a job of the same pull request, which still runs then."""


class AttemptResult(TypedDict):
    """The result of one attempt: exactly what the queue stores.

    `wait`: seconds until the next attempt, None if there is none. `counted`: the attempt counts as
    a try, as opposed to a postponement. `tasks` are enqueued next, `spread` seconds apart.
    """

    outcome: str
    wait: float | None
    counted: bool
    tasks: Sequence[Mapping[str, Any]]
    spread: float


@dataclass(frozen=True, slots=True)
class AttemptNumber:
    """The number of an attempt, and how many attempts so far counted as tries."""

    attempt: int = 1
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Attempts:
    """Performs attempts with the worker and records their duration and outcome."""

    options: QueueOptions
    worker: Worker
    metrics: Metrics
    isolation: Isolation
    waiting: WaitingTasks
    tracing: Tracing

    def run(self, workflow_id: str, key: str, task: Task, number: AttemptNumber) -> AttemptResult:
        """The result of one attempt. Every exception becomes a result."""
        with (
            _log_fields(key, task, number.attempt),
            self.tracing.span(f"job {type(task).__name__}", _trace_fields(key, task)),
            self._measured() as result,
        ):
            try:
                self.waiting.withdraw_covered(workflow_id, task)
                delay = self._delay_before(workflow_id, task, number)
                if delay is None:
                    with self.isolation.enter(workflow_id, task):
                        done = self.worker.do(task)
                    self._measure_age(workflow_id, task, done)
                    result.update(self._completed(done))
                elif self.waiting.cover(task):
                    result.update(_attempt_result("replaced"))
                else:
                    result.update(_attempt_result("put-off", wait=delay, counted=False))
            except Exception as error:  # noqa: BLE001 - the end of every job must be recorded
                result.update(self._after_failure(error, key, task, number))
        return result

    def give_up(self, key: str, task: Task, attempt: int) -> float | None:
        """Conclude the check run of a failed task; seconds until the next attempt, or None."""
        with _log_fields(key, task, attempt):
            try:
                self.worker.give_up(task, reference(key))
            except InstallationGone as error:
                log.info("installation gone", reason=str(error))
            except Exception as error:
                log.exception("check run could not be ended")
                return self._retry_delay(error, attempt, CONCLUSION_TRIES)
            return None

    def _delay_before(self, workflow_id: str, task: Task, number: AttemptNumber) -> float | None:
        """Seconds to postpone the task; None if it may begin."""
        if number.attempt >= MOST_ATTEMPTS:
            return None
        wait = self.worker.wait(task)
        if wait > 0:
            return wait
        return lanes.give_way(workflow_id, task.key) if isinstance(task, Job) else None

    def _after_failure(
        self, error: Exception, key: str, task: Task, number: AttemptNumber
    ) -> AttemptResult:
        if isinstance(error, InstallationGone):
            log.info("installation gone", reason=str(error))
            return _attempt_result("gone")
        limit = error.retry_after if isinstance(error, GitHubError) else None
        if limit is not None:
            # The installation's other tasks wait without asking GitHub themselves.
            self.worker.hold(task, limit)
        postponed = limit is not None and number.attempt < MOST_ATTEMPTS
        wait = self._retry_delay(error, 1 if postponed else number.tries, self.options.tries)
        if wait is not None and self.waiting.cover(task):
            log.warning("job left to a newer one", error=str(error))
            return _attempt_result("replaced")
        if wait is not None:
            log.warning("job will be tried again", wait=wait, error=str(error))
            return _attempt_result("again", wait=wait, counted=limit is None)
        log.error("job failed", reference=reference(key), exc_info=error)
        return _attempt_result("failed")

    def _retry_delay(self, error: Exception, attempt: int, tries: int) -> float | None:
        """Seconds until the next attempt, None if the failure is final."""
        temporary = isinstance(error, (GitError, *DATABASE_ERRORS)) or (
            isinstance(error, GitHubError) and error.retryable
        )
        if not temporary or attempt >= tries:
            return None
        requested = error.retry_after if isinstance(error, GitHubError) else None
        return requested or min(3600.0, self.options.first_wait * 2 ** (attempt - 1))

    def _completed(self, done: Done) -> AttemptResult:
        """The result of a task that ended, without next tasks that others make unnecessary.

        Those are the tasks of a sweep that wait or run already, and what a waiting task covers.
        """
        queued = lanes.queued_keys() if any(map(_from_sweep, done.tasks)) else frozenset()
        rows = [
            written(task)
            for task in done.tasks
            if not (_from_sweep(task) and task.key in queued) and not self.waiting.cover(task)
        ]
        return _attempt_result(done.outcome, tasks=rows, spread=done.spread)

    def _measure_age(self, workflow_id: str, task: Task, done: Done) -> None:
        """Record how long ago what was just announced or concluded was asked for."""
        if isinstance(task, Announcement) and done.outcome == "announced":
            self.metrics.announcement.observe(self.isolation.age(workflow_id))
        elif isinstance(task, Job | GroupJob) and done.outcome in VERDICTS:
            self.metrics.conclusion.observe(self.isolation.age(workflow_id))

    @contextmanager
    def _measured(self) -> Iterator[AttemptResult]:
        result = _attempt_result("failed")
        begun = time.monotonic()
        yield result
        seconds = time.monotonic() - begun
        self.metrics.jobs.labels(result["outcome"]).inc()
        self.metrics.seconds.observe(seconds)
        log.info("job ended", outcome=result["outcome"], seconds=round(seconds, 3))


def _from_sweep(task: Task) -> bool:
    if isinstance(task, MaintenanceTask):
        return task.action in {"sweep", "sweep-installation"}
    return isinstance(task, Job) and task.priority == "sweep" and task.reason not in _REPEATED


def _attempt_result(
    outcome: str,
    *,
    wait: float | None = None,
    counted: bool = True,
    tasks: Sequence[Mapping[str, Any]] = (),
    spread: float = 0.0,
) -> AttemptResult:
    return {
        "outcome": outcome,
        "wait": wait,
        "counted": counted,
        "tasks": list(tasks),
        "spread": spread,
    }


def _trace_fields(key: str, task: Task) -> dict[str, str | int]:
    """The attributes of a job's span: ids alone, nothing of the pull request."""
    return {
        "fairlead.delivery": reference(key),
        "fairlead.repository_id": task.repository,
        "fairlead.pull_request": getattr(task, "number", 0),
    }


@contextmanager
def _log_fields(key: str, task: Task, attempt: int) -> Iterator[None]:
    """Adds the delivery, repository and pull request to every line that a task logs."""
    with structlog.contextvars.bound_contextvars(
        delivery=reference(key),
        repository_id=task.repository or None,
        pull_request=getattr(task, "number", None) or None,
        attempt=attempt,
    ):
        yield
