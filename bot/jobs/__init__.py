"""The queue: a task that was taken runs to its end, whatever is killed in between.

DBOS behind one small seam: SQLite in the data directory, or Postgres for several replicas. One
pull request is worked on by one worker at a time, the id of its delivery makes a task unique, and
a task that failed passingly is enqueued again later, which frees its worker and its pull request.
`lanes` says who waits for whom, `sweeper` looks for what was missed.
"""

from __future__ import annotations

import re
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol, TypedDict

import structlog
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from bot.errors import GitError, GitHubError, InstallationGone, JobFailed
from bot.github.tasks import Done, Job, MaintenanceTask, Task, read, written
from bot.jobs import lanes
from bot.jobs.embedded import EmbeddedFile
from bot.jobs.janitor import Janitor
from bot.jobs.liveness import Liveness
from bot.jobs.sweeper import Sweeper
from bot.metrics import Metrics

log = structlog.get_logger()

VERSION: Final = "1"
"""Constant: DBOS's default, a hash of the source, would strand every job over an upgrade."""

_FAILED: Final = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED")
_BURIAL: Final = "!end"
_ENDING_TRIES: Final = 24
"""How often a check run's end is tried: at an hour's distance in the end, so for most of a day."""
_LONGEST_PATIENCE: Final = 500
"""How often a task is put off because GitHub asked for it, or another is at work."""


class Worker(Protocol):
    """Who does the work: `bot.service`."""

    def do(self, task: Task) -> Done:
        """What became of it. May run twice for one task and must then post once."""

    def give_up(self, task: Task, reference: str) -> None:
        """Ends the check run of a task that failed for good."""

    def undelivered(
        self, back: timedelta, known: Callable[[str], bool]
    ) -> Iterator[tuple[str, Task | None]]:
        """What GitHub could not deliver since then and is not known: its id, and what it asks."""

    def wait(self, task: Task) -> float:
        """Seconds until the task may begin, 0 where it may now."""

    def hold(self, task: Task, seconds: float) -> None:
        """GitHub asked for patience with whatever is of this task's installation."""


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How the queue runs. `database` None: embedded, in `directory`.

    `sweep` is how often it looks for lost deliveries, in seconds; None: never.
    """

    directory: Path
    database: str | None = None
    workers: int = 2
    tries: int = 8
    first_wait: float = 15.0
    poll: float = 0.5
    sweep: float | None = 300.0


class _Attempt(TypedDict):
    """What became of one attempt; what the queue stores, so no more than this.

    `counted`: it was a try, and not only put off. `tasks` follow, `spread` seconds apart.
    """

    outcome: str
    wait: float | None
    counted: bool
    tasks: Sequence[Mapping[str, Any]]
    spread: float


@dataclass(frozen=True, slots=True)
class _Turn:
    """Which attempt this is, and how many of them were tries."""

    attempt: int = 1
    tries: int = 1


class Queue:
    """The running queue of this process. DBOS allows one at a time."""

    def __init__(self, options: QueueOptions, worker: Worker, metrics: Metrics) -> None:
        self._options = options
        self._worker = worker
        self._metrics = metrics
        self._liveness: Liveness | None = None
        self._file = EmbeddedFile(options.directory)
        self._janitor = Janitor(self._bury_dead)
        self._sweeper: Sweeper | None = None
        self._workflow: Callable[..., Any] = self._run
        self._burial: Callable[..., Any] = self._end

    def start(self) -> None:
        """Takes the data directory, recovers what a killed process left, begins to work."""
        url = self._options.database or self._file.take()
        executor = f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
        DBOS(
            config={
                "name": "fairlead",
                "system_database_url": url,
                "application_version": VERSION,
                # Embedded, the next process recovers this one's jobs because it has its name.
                "executor_id": executor if self._options.database else "embedded",
                "log_level": "WARNING",
                "enable_otlp": False,
                # Nothing here waits for notifications; what polls for them delays the end.
                "notification_listener_polling_interval_sec": self._options.poll,
            }
        )
        self._register()
        if self._options.database:
            self._liveness = Liveness(url, executor)
            self._liveness.start()
        DBOS.launch()
        for lane in lanes.LANES:
            DBOS.register_queue(
                lane,
                partition_concurrency=1,
                worker_concurrency=lanes.workers(lane, self._options.workers),
                polling_interval_sec=self._options.poll,
            )
        self._janitor.start()
        if self._options.sweep:
            self._sweeper = Sweeper(self, self._worker.undelivered, self._options.sweep)
            self._sweeper.start()
        self._metrics.watch(self.counts)
        log.info("queue started", embedded=self._options.database is None)

    def stop(self, grace: int = 25) -> None:
        """Takes no new job, gives running ones `grace` seconds; the rest runs at the next start."""
        self._janitor.stop()
        if self._sweeper:
            self._sweeper.stop()
        if self._liveness:
            self._liveness.retire()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=grace)
        if self._liveness:
            # Not earlier: without the lock, peers take over what still runs.
            self._liveness.stop()
        self._file.release()

    def submit(self, delivery: str, task: Task) -> bool:
        """One INSERT records and enqueues; False where this delivery needs nothing more.

        GitHub redelivers under the same id: a task of it that failed for good runs again, one that
        waits, runs or is done does not. What followed from a task counts as the task.
        """
        key = f"{delivery}/{task.label}"
        # By its whole id the database finds a row at once, by the beginning of one it reads all.
        new = DBOS.get_workflow_status(key) is None
        last, failed = (None, False) if new else _known(key)
        if last is not None and not failed:
            return False
        name = key if last is None else f"{key}~r{last + 1}"
        self._enqueue(name, task, _Turn(), lanes.delay_of(task))
        return True

    def knows(self, delivery: str) -> bool:
        """Whether `submit` would do nothing, whatever the delivery asks for.

        What it asks for is recorded at once, so that a part of it is all of it.
        """
        last, failed = _known(f"{delivery}/")
        return last is not None and not failed

    def ready(self) -> bool:
        """Whether the database answers."""
        try:
            DBOS.get_workflow_status("ready")
        except Exception:  # noqa: BLE001 - whatever the driver raises, the answer is no
            return False
        return True

    def counts(self) -> Mapping[str, int]:
        """Jobs that wait, run or failed for good, by DBOS's word for it."""
        found = DBOS.list_workflows(
            status=[*lanes.WAITING, *_FAILED],
            queue_name=list(lanes.LANES),
            load_input=False,
            load_output=False,
            limit=10_000,
        )
        counted = Counter(status.status for status in found)
        return {status.lower(): counted[status] for status in (*lanes.WAITING, *_FAILED)}

    def _register(self) -> None:
        """Names are explicit: rows written by an older release must find their function."""

        def review(delivery: str, row: dict[str, Any], attempt: int, tries: int = 1) -> str:
            return self._run(delivery, read(row), _Turn(attempt, tries))

        def give_up(delivery: str, row: dict[str, Any], attempt: int) -> None:
            self._end(delivery, read(row), attempt)

        self._workflow = DBOS.workflow(name="review", max_recovery_attempts=3)(review)
        self._burial = DBOS.workflow(name="give up", max_recovery_attempts=3)(give_up)

    def _enqueue(self, key: str, task: Task, turn: _Turn, wait: float | None = None) -> None:
        with (
            SetWorkflowID(key if turn.attempt == 1 else f"{key}~{turn.attempt}"),
            SetEnqueueOptions(queue_partition_key=task.key, delay_seconds=wait),
        ):
            DBOS.enqueue_workflow(
                lanes.lane_of(task), self._workflow, key, written(task), turn.attempt, turn.tries
            )

    def _run(self, key: str, task: Task, turn: _Turn) -> str:
        """One attempt as one recorded step: after a crash it runs again, from its beginning."""
        name = DBOS.workflow_id or ""
        did: _Attempt = DBOS.run_step({"name": "attempt"}, self._attempt, name, key, task, turn)
        if did["wait"] is not None:
            again = _Turn(turn.attempt + 1, turn.tries + did["counted"])
            self._enqueue(key, task, again, did["wait"])
        elif did["outcome"] == "failed":
            self._bury(key, task)
            raise JobFailed(reference(key))
        for place, row in enumerate(did["tasks"]):
            following = read(row)
            wait = place * did["spread"] or None
            self._enqueue(f"{key}!{following.label}", following, _Turn(), wait)
        return did["outcome"]

    def _bury(self, key: str, task: Task, attempt: int = 1, wait: float | None = None) -> None:
        """Enqueues the end of a failed task's check run; once, the id sees to that."""
        name = f"{key}{_BURIAL}"
        with (
            SetWorkflowID(name if attempt == 1 else f"{name}~{attempt}"),
            SetEnqueueOptions(queue_partition_key=task.key, delay_seconds=wait),
        ):
            DBOS.enqueue_workflow(lanes.lane_of(task), self._burial, key, written(task), attempt)

    def _bury_dead(self, name: str) -> None:
        """The same for a task that killed its process each time."""
        dead = DBOS.list_workflows(workflow_ids=[name], load_output=False)
        arguments = dead[0].input["args"] if dead and dead[0].input else None
        if not arguments or _BURIAL in name:
            return
        key, row = arguments[:2]
        if DBOS.get_workflow_status(f"{key}{_BURIAL}") is None:
            log.error("job died each time", reference=reference(key))
            self._bury(key, read(row))

    def _end(self, key: str, task: Task, attempt: int) -> None:
        """One attempt to end the check run; GitHub may be away for as long as the job was tried."""
        wait: float | None = DBOS.run_step({"name": "give up"}, self._give_up, key, task, attempt)
        if wait is not None:
            self._bury(key, task, attempt + 1, wait)

    def _attempt(self, name: str, key: str, task: Task, turn: _Turn) -> _Attempt:
        with _bound(key, task, turn.attempt), self._timed() as did:
            try:
                held = self._held(name, task) if turn.attempt < _LONGEST_PATIENCE else None
                did.update(
                    self._done(self._worker.do(task))
                    if held is None
                    else _did("put-off", wait=held, counted=False)
                )
            except Exception as error:  # noqa: BLE001 - a job's end must be recorded, whatever it is
                did.update(self._after(error, key, task, turn))
        return did

    @staticmethod
    def _done(done: Done) -> _Attempt:
        # A sweep finds what waits or runs already.
        swept = any(_swept(task) for task in done.tasks)
        known = lanes.known() if swept else frozenset()
        rows = [written(task) for task in done.tasks if not (_swept(task) and task.key in known)]
        return _did(done.outcome, tasks=rows, spread=done.spread)

    def _held(self, name: str, task: Task) -> float | None:
        """Seconds to put the task off, None where it may begin."""
        wait = self._worker.wait(task)
        if wait > 0:
            return wait
        return lanes.met(name, task.key) if isinstance(task, Job) else None

    def _after(self, error: Exception, key: str, task: Task, turn: _Turn) -> _Attempt:
        if isinstance(error, InstallationGone):
            log.info("installation gone", reason=str(error))
            return _did("gone")
        limited = isinstance(error, GitHubError) and error.retry_after is not None
        if isinstance(error, GitHubError) and error.retry_after is not None:
            # The others of this installation need not find out for themselves.
            self._worker.hold(task, error.retry_after)
        patient = limited and turn.attempt < _LONGEST_PATIENCE
        wait = self._wait(error, 1 if patient else turn.tries, self._options.tries)
        if wait is not None:
            log.warning("job will be tried again", wait=wait, error=str(error))
            return _did("again", wait=wait, counted=not limited)
        log.error("job failed", reference=reference(key), exc_info=error)
        return _did("failed")

    def _give_up(self, key: str, task: Task, attempt: int) -> float | None:
        """Seconds until the next attempt, None where there is to be none."""
        with _bound(key, task, attempt):
            try:
                self._worker.give_up(task, reference(key))
            except InstallationGone as error:
                log.info("installation gone", reason=str(error))
            except Exception as error:
                log.exception("check run could not be ended")
                return self._wait(error, attempt, _ENDING_TRIES)
            return None

    def _wait(self, error: Exception, attempt: int, tries: int) -> float | None:
        """Seconds until the next attempt, None where there is to be none."""
        passing = isinstance(error, GitError) or (
            isinstance(error, GitHubError) and error.retryable
        )
        if not passing or attempt >= tries:
            return None
        named = error.retry_after if isinstance(error, GitHubError) else None
        return named or min(3600.0, self._options.first_wait * 2 ** (attempt - 1))

    @contextmanager
    def _timed(self) -> Iterator[_Attempt]:
        did = _did("failed")
        begun = time.monotonic()
        yield did
        seconds = time.monotonic() - begun
        self._metrics.jobs.labels(did["outcome"]).inc()
        self._metrics.seconds.observe(seconds)
        log.info("job ended", outcome=did["outcome"], seconds=round(seconds, 3))


def _did(
    outcome: str,
    *,
    wait: float | None = None,
    counted: bool = True,
    tasks: Sequence[Mapping[str, Any]] = (),
    spread: float = 0.0,
) -> _Attempt:
    return {
        "outcome": outcome,
        "wait": wait,
        "counted": counted,
        "tasks": list(tasks),
        "spread": spread,
    }


def _swept(task: Task) -> bool:
    if isinstance(task, MaintenanceTask):
        return task.action in {"sweep", "sweep-installation"}
    return isinstance(task, Job) and task.priority == "sweep"


def reference(key: str) -> str:
    """What a person quotes to find a job in the log: the beginning of its delivery's id."""
    return key.partition("/")[0]


def _known(key: str) -> tuple[int | None, bool]:
    """The last round of what is recorded under a key, None for none, and whether it failed."""
    rows = {
        row.workflow_id: row.status
        for row in DBOS.list_workflows(workflow_id_prefix=key, load_input=False, load_output=False)
        if (key.endswith("/") or row.workflow_id.removeprefix(key)[:1] in {"", "~", "!"})
        and _BURIAL not in row.workflow_id
    }
    last = max(map(_round, rows), default=None)
    failed = any(state in _FAILED for name, state in rows.items() if _round(name) == last)
    return last, failed


def _round(name: str) -> int:
    """0 for a delivery, n for its n-th redelivery; its own attempts (`~2`) belong to it."""
    found = re.search(r"~r(\d+)", name)
    return int(found[1]) if found else 0


@contextmanager
def _bound(key: str, task: Task, attempt: int) -> Iterator[None]:
    """Every line that a task logs names its delivery and what it is about."""
    with structlog.contextvars.bound_contextvars(
        delivery=reference(key),
        repository_id=task.repository or None,
        pull_request=getattr(task, "number", None) or None,
        attempt=attempt,
    ):
        yield
