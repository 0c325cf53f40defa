"""The running queue of this process: accepts tasks, runs them, and recovers after a crash."""

from __future__ import annotations

import socket
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

import structlog
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from bot.errors import JobFailed, QueueError
from bot.github.task_text import read, written
from bot.github.tasks import Task
from bot.jobs import janitor, lanes, records
from bot.jobs.attempts import AttemptNumber, AttemptResult, Attempts
from bot.jobs.crashes import Crashes
from bot.jobs.database import QueueDatabase
from bot.jobs.embedded import EmbeddedFile
from bot.jobs.isolation import Isolation
from bot.jobs.janitor import Janitor
from bot.jobs.liveness import Liveness
from bot.jobs.records import DATABASE_ERRORS, FAILED, FAILURE, reference, summary
from bot.jobs.sweeper import Sweeper
from bot.jobs.waiting import WaitingTasks
from bot.jobs.worker import QueueOptions, Worker
from bot.metrics import Metrics
from bot.tracing import Tracing

log = structlog.get_logger()

VERSION: Final = "1"
"""Constant: DBOS's default is a hash of the source, which would strand every job at an upgrade."""


OVERDUE: Final = 600.0
"""Seconds after which a review that was asked for should be concluded."""

_UNLIMITED: Final = 1_000_000


class Queue:
    """The running queue of this process. DBOS allows one at a time."""

    def __init__(
        self,
        options: QueueOptions,
        worker: Worker,
        metrics: Metrics,
        tracing: Tracing | None = None,
    ) -> None:
        self._options = options
        self._worker = worker
        self._metrics = metrics
        self._tracing = tracing or Tracing()
        self._executor = f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
        if options.database is None:
            # The next process has the same name and so recovers this one's jobs.
            self._executor = "embedded"
        self._liveness: Liveness | None = None
        self._file = EmbeddedFile(options.directory)
        self._sweeper: Sweeper | None = None
        self._workflow: Callable[..., Any] = self._run
        self._failure_workflow: Callable[..., Any] = self._fail_workflow

    def start(self) -> None:
        """Lock the data directory, recover the jobs of a killed process, and begin to work.

        Raises UsageError if the data directory is in use or SQLite is too old.
        """
        url = self._options.database or self._file.take()
        self._database = QueueDatabase(url)
        self._database.prepare()
        self._waiting = WaitingTasks(self._database)
        self._crashes = Crashes(self._database, self._executor)
        isolation = Isolation(self._database, self._executor)
        self._attempts = Attempts(
            self._options, self._worker, self._metrics, isolation, self._waiting, self._tracing
        )
        self._configure(url)
        self._register()
        if self._options.database:
            self._liveness = Liveness(url, self._executor, self._crashes.blame)
            self._liveness.start()
        else:
            self._crashes.blame(self._executor, uuid.uuid4().hex)
        DBOS.launch()
        self._open_lanes()
        self._janitors = (
            Janitor(
                janitor.SECONDS,
                self._conclude_crashed,
                self._crashes.resume_stranded,
                janitor.Pruning(self._database.forget_deaths),
            ),
            Janitor(janitor.MAINTENANCE_SECONDS, self._worker.maintain),
        )
        for thread in self._janitors:
            thread.start()
        if self._options.sweep:
            self._sweeper = Sweeper(self, self._worker.undelivered, self._options.sweep)
            self._sweeper.start()
        self._watch()
        log.info("queue started", embedded=self._options.database is None)

    def stop(self, grace: int = 25) -> None:
        """Start no new job and give running ones `grace` seconds; the next start runs the rest."""
        for thread in self._janitors:
            thread.stop()
        if self._sweeper:
            self._sweeper.stop()
        if self._liveness:
            self._liveness.retire()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=grace)
        # What still runs is not to blame for the end of this process.
        with suppress(*DATABASE_ERRORS):
            if self._database.under_way(self._executor):
                self._database.mark(self._executor)
        self._database.close()
        if self._liveness:
            # Last: peers take over the jobs of a replica whose lock is gone.
            self._liveness.stop()
        self._file.release()

    def submit(self, delivery: str, task: Task) -> bool:
        """Record and enqueue a task in one INSERT; False if the delivery needs nothing more.

        Raises QueueError if the database cannot be written.
        """
        try:
            workflow_id = records.next_submission(f"{delivery}/{task.label}")
            if workflow_id is None:
                return False
            if self._waiting.cover(task):
                log.info("a waiting job covers the delivery", delivery=delivery)
                return True
            self._enqueue(workflow_id, task, AttemptNumber(), lanes.delay_of(task))
        except DATABASE_ERRORS as error:
            raise QueueError(summary(error)) from error
        with suppress(*DATABASE_ERRORS):
            # The task is recorded: what it makes unnecessary may be withdrawn when it begins.
            self._waiting.withdraw_covered(workflow_id, task)
        return True

    def knows(self, delivery: str) -> bool:
        """Whether `submit` would do nothing, whatever the delivery requires.

        All that a delivery requires is recorded at once, so any recorded part implies the rest.
        """
        redelivery, failed = records.last_redelivery(f"{delivery}/")
        return redelivery is not None and not failed

    def unready(self) -> str | None:
        """Why no task can be recorded now, None if one can."""
        try:
            self._database.probe()
        except DATABASE_ERRORS as error:
            return summary(error)
        return None

    def counts(self) -> Mapping[str, int]:
        """The number of jobs that wait, run or failed for good, by status of DBOS."""
        rows = DBOS.list_workflows(
            status=[*lanes.WAITING, *FAILED],
            queue_name=list(lanes.LANES),
            load_input=False,
            load_output=False,
            limit=10_000,
        )
        counter = Counter(row.status for row in rows)
        return {status.lower(): counter[status] for status in (*lanes.WAITING, *FAILED)}

    def _watch(self) -> None:
        """Export the state of the queue; every replica of one database exports the same."""
        watch = self._metrics.watch
        watch("fairlead_jobs", "Jobs in the queue, by status", "status", self.counts)
        watch(
            "fairlead_queue_age_seconds",
            "How long the oldest job of a lane has been waiting for a worker",
            "lane",
            lambda: self._database.ages(lanes.LANES),
        )
        watch(
            "fairlead_checks_overdue",
            "Reviews that were asked for more than 10 minutes ago and are not concluded",
            "lane",
            lambda: self._database.overdue((lanes.GROUPS, *lanes.REVIEWS[:2]), OVERDUE),
        )

    def _configure(self, url: str) -> None:
        DBOS(
            config={
                "name": "fairlead",
                "system_database_url": url,
                "application_version": VERSION,
                "executor_id": self._executor,
                "log_level": "WARNING",
                "enable_otlp": False,
                # Nothing waits for notifications, and the thread that polls delays shutdown.
                "notification_listener_polling_interval_sec": self._options.poll,
            }
        )

    def _open_lanes(self) -> None:
        for lane in lanes.LANES:
            DBOS.register_queue(
                lane,
                partition_concurrency=1,
                worker_concurrency=lanes.workers(lane, self._options.workers),
                polling_interval_sec=self._options.poll,
            )

    def _register(self) -> None:
        """Names are explicit: rows written by an older release must find their function."""

        def review(delivery: str, row: dict[str, Any], attempt: int, tries: int = 1) -> str:
            with self._crashes.tracked():
                return self._run(delivery, read(row), AttemptNumber(attempt, tries))

        def give_up(delivery: str, row: dict[str, Any], attempt: int) -> None:
            with self._crashes.tracked():
                self._fail_workflow(delivery, read(row), attempt)

        # `Crashes` decides who is given up after a crash; DBOS counts every workflow under way.
        workflow = partial(DBOS.workflow, max_recovery_attempts=_UNLIMITED)
        self._workflow = workflow(name="review")(review)
        self._failure_workflow = workflow(name="give up")(give_up)

    def _enqueue(
        self, key: str, task: Task, number: AttemptNumber, wait: float | None = None
    ) -> None:
        with (
            SetWorkflowID(key if number.attempt == 1 else f"{key}~{number.attempt}"),
            SetEnqueueOptions(queue_partition_key=task.key, delay_seconds=wait),
        ):
            DBOS.enqueue_workflow(
                lanes.lane_of(task),
                self._workflow,
                key,
                written(task),
                number.attempt,
                number.tries,
            )

    def _run(self, key: str, task: Task, number: AttemptNumber) -> str:
        """One attempt as one recorded step: after a crash it runs again from its beginning."""
        result: AttemptResult = DBOS.run_step(
            {"name": "attempt"}, self._attempts.run, DBOS.workflow_id or "", key, task, number
        )
        if result["wait"] is not None:
            following = AttemptNumber(number.attempt + 1, number.tries + result["counted"])
            self._enqueue(key, task, following, result["wait"])
        elif result["outcome"] == "failed":
            self._enqueue_failure(key, task)
            raise JobFailed(reference(key))
        for position, row in enumerate(result["tasks"]):
            next_task = read(row)
            wait = position * result["spread"] + lanes.pause_before(next_task) or None
            self._enqueue(f"{key}!{next_task.label}", next_task, AttemptNumber(), wait)
        return result["outcome"]

    def _enqueue_failure(
        self, key: str, task: Task, attempt: int = 1, wait: float | None = None
    ) -> None:
        """Enqueue the conclusion of a failed task's check run; once, ensured by the id."""
        workflow_id = f"{key}{FAILURE}"
        with (
            SetWorkflowID(workflow_id if attempt == 1 else f"{workflow_id}~{attempt}"),
            SetEnqueueOptions(queue_partition_key=task.key, delay_seconds=wait),
        ):
            DBOS.enqueue_workflow(
                lanes.lane_of(task), self._failure_workflow, key, written(task), attempt
            )

    def _conclude_crashed(self) -> None:
        for row in DBOS.list_workflows(
            status="MAX_RECOVERY_ATTEMPTS_EXCEEDED", load_input=False, load_output=False
        ):
            self._fail_crashed(row.workflow_id)

    def _fail_crashed(self, workflow_id: str) -> None:
        """Enqueue the conclusion for a job that killed its process at each attempt."""
        rows = DBOS.list_workflows(workflow_ids=[workflow_id], load_output=False)
        arguments = rows[0].input["args"] if rows and rows[0].input else None
        if not arguments or FAILURE in workflow_id:
            return
        key, row = arguments[:2]
        if DBOS.get_workflow_status(f"{key}{FAILURE}") is None:
            log.error("job died each time", reference=reference(key))
            self._enqueue_failure(key, read(row))

    def _fail_workflow(self, key: str, task: Task, attempt: int) -> None:
        """One attempt to conclude the check run; GitHub may be unavailable for hours."""
        wait: float | None = DBOS.run_step(
            {"name": "give up"}, self._attempts.give_up, key, task, attempt
        )
        if wait is not None:
            self._enqueue_failure(key, task, attempt + 1, wait)
