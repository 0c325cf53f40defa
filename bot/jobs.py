"""The queue: a job that was taken runs to its end, whatever is killed in between.

DBOS behind one small seam: SQLite in the data directory, or Postgres for several replicas. One
pull request is worked on by one worker at a time, the id of its delivery makes a job unique, and
a job that failed passingly is enqueued again later, which frees its worker and its pull request.
"""

from __future__ import annotations

import re
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypedDict

import structlog
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from bot.embedded import EmbeddedFile
from bot.errors import GitError, GitHubError, InstallationGone, JobFailed
from bot.github.webhook import Job
from bot.janitor import Janitor
from bot.liveness import Liveness
from bot.metrics import Metrics

log = structlog.get_logger()

QUEUE: Final = "pull-requests"
VERSION: Final = "1"
"""Constant: DBOS's default, a hash of the source, would strand every job over an upgrade."""

_WAITING: Final = ("ENQUEUED", "DELAYED", "PENDING")
_FAILED: Final = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED")
_BURIAL: Final = "!end"
_ENDING_TRIES: Final = 24
"""How often a check run's end is tried: at an hour's distance in the end, so for most of a day."""


class Reviewer(Protocol):
    """Who does the work: `bot.service`."""

    def review(self, job: Job) -> str:
        """One word for what was done. May run twice for one job and must then post once."""

    def give_up(self, job: Job, reference: str) -> None:
        """Ends the check run of a job that failed for good."""


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How the queue runs. `database` None: embedded, in `directory`."""

    directory: Path
    database: str | None = None
    workers: int = 2
    tries: int = 8
    first_wait: float = 15.0
    poll: float = 0.5


class _Attempt(TypedDict):
    """What became of one attempt; what the queue stores, so no more than this."""

    outcome: str
    wait: float | None


class Queue:
    """The running queue of this process. DBOS allows one at a time."""

    def __init__(self, options: QueueOptions, reviewer: Reviewer, metrics: Metrics) -> None:
        self._options = options
        self._reviewer = reviewer
        self._metrics = metrics
        self._liveness: Liveness | None = None
        self._file = EmbeddedFile(options.directory)
        self._janitor = Janitor(self._bury_dead)
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
        DBOS.register_queue(
            QUEUE,
            partition_concurrency=1,
            worker_concurrency=self._options.workers,
            polling_interval_sec=self._options.poll,
        )
        self._janitor.start()
        self._metrics.watch(self.counts)
        log.info("queue started", embedded=self._options.database is None)

    def stop(self, grace: int = 25) -> None:
        """Takes no new job, gives running ones `grace` seconds; the rest runs at the next start."""
        self._janitor.stop()
        if self._liveness:
            self._liveness.retire()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=grace)
        if self._liveness:
            # Not earlier: without the lock, peers take over what still runs.
            self._liveness.stop()
        self._file.release()

    def submit(self, delivery: str, job: Job) -> bool:
        """One INSERT records and enqueues; False where this delivery needs nothing more.

        GitHub redelivers under the same id: a job of it that failed for good runs again, one that
        waits, runs or is done does not.
        """
        key = f"{delivery}/{job.number}"
        known = {
            status.workflow_id: status.status
            for status in DBOS.list_workflows(
                workflow_id_prefix=key, load_input=False, load_output=False
            )
            if status.workflow_id.removeprefix(key)[:1] in {"", "~"}
            and _BURIAL not in status.workflow_id
        }
        last = max((_round(name) for name in known), default=-1)
        states = [state for name, state in known.items() if _round(name) == last]
        if known and not any(state in _FAILED for state in states):
            return False
        self._enqueue(key if last < 0 else f"{key}~r{last + 1}", job, 1)
        return True

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
            status=[*_WAITING, *_FAILED],
            queue_name=QUEUE,
            load_input=False,
            load_output=False,
            limit=10_000,
        )
        counted = Counter(status.status for status in found)
        return {status.lower(): counted[status] for status in (*_WAITING, *_FAILED)}

    def _register(self) -> None:
        """Names are explicit: rows written by an older release must find their function."""

        def review(delivery: str, job: dict[str, Any], attempt: int) -> str:
            return self._run(delivery, Job(**job), attempt)

        def give_up(delivery: str, job: dict[str, Any], attempt: int) -> None:
            self._end(delivery, Job(**job), attempt)

        self._workflow = DBOS.workflow(name="review", max_recovery_attempts=3)(review)
        self._burial = DBOS.workflow(name="give up", max_recovery_attempts=3)(give_up)

    def _enqueue(self, key: str, job: Job, attempt: int, wait: float | None = None) -> None:
        with (
            SetWorkflowID(key if attempt == 1 else f"{key}~{attempt}"),
            SetEnqueueOptions(queue_partition_key=job.key, delay_seconds=wait),
        ):
            DBOS.enqueue_workflow(QUEUE, self._workflow, key, asdict(job), attempt)

    def _run(self, key: str, job: Job, attempt: int) -> str:
        """One attempt as one recorded step: after a crash it runs again, from its beginning."""
        did: _Attempt = DBOS.run_step({"name": "attempt"}, self._attempt, key, job, attempt)
        if did["wait"] is not None:
            self._enqueue(key, job, attempt + 1, did["wait"])
        elif did["outcome"] == "failed":
            self._bury(key, job)
            raise JobFailed(reference(key))
        return did["outcome"]

    def _bury(self, key: str, job: Job, attempt: int = 1, wait: float | None = None) -> None:
        """Enqueues the end of a failed job's check run; once, the id sees to that."""
        name = f"{key}{_BURIAL}"
        with (
            SetWorkflowID(name if attempt == 1 else f"{name}~{attempt}"),
            SetEnqueueOptions(queue_partition_key=job.key, delay_seconds=wait),
        ):
            DBOS.enqueue_workflow(QUEUE, self._burial, key, asdict(job), attempt)

    def _bury_dead(self, name: str) -> None:
        """The same for a job that killed its process each time."""
        dead = DBOS.list_workflows(workflow_ids=[name], load_output=False)
        arguments = dead[0].input["args"] if dead and dead[0].input else None
        if not arguments or _BURIAL in name:
            return
        key, job = arguments[:2]
        if DBOS.get_workflow_status(f"{key}{_BURIAL}") is None:
            log.error("job died each time", reference=reference(key))
            self._bury(key, Job(**job))

    def _end(self, key: str, job: Job, attempt: int) -> None:
        """One attempt to end the check run; GitHub may be away for as long as the job was tried."""
        wait: float | None = DBOS.run_step({"name": "give up"}, self._give_up, key, job, attempt)
        if wait is not None:
            self._bury(key, job, attempt + 1, wait)

    def _attempt(self, key: str, job: Job, attempt: int) -> _Attempt:
        with _bound(key, job, attempt), self._timed() as did:
            try:
                did["outcome"] = self._reviewer.review(job)
            except Exception as error:  # noqa: BLE001 - a job's end must be recorded, whatever it is
                did.update(self._after(error, key, attempt))
        return did

    def _after(self, error: Exception, key: str, attempt: int) -> _Attempt:
        if isinstance(error, InstallationGone):
            log.info("installation gone", reason=str(error))
            return {"outcome": "gone", "wait": None}
        wait = self._wait(error, attempt, self._options.tries)
        if wait is not None:
            log.warning("job will be tried again", wait=wait, error=str(error))
            return {"outcome": "again", "wait": wait}
        log.error("job failed", reference=reference(key), exc_info=error)
        return {"outcome": "failed", "wait": None}

    def _give_up(self, key: str, job: Job, attempt: int) -> float | None:
        """Seconds until the next attempt, None where there is to be none."""
        with _bound(key, job, attempt):
            try:
                self._reviewer.give_up(job, reference(key))
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
        did: _Attempt = {"outcome": "failed", "wait": None}
        begun = time.monotonic()
        yield did
        seconds = time.monotonic() - begun
        self._metrics.jobs.labels(did["outcome"]).inc()
        self._metrics.seconds.observe(seconds)
        log.info("job ended", outcome=did["outcome"], seconds=round(seconds, 3))


def reference(key: str) -> str:
    """What a person quotes to find a job in the log: the beginning of its delivery's id."""
    return key.partition("/")[0]


def _round(name: str) -> int:
    """0 for a delivery, n for its n-th redelivery; its own attempts (`~2`) belong to it."""
    found = re.search(r"~r(\d+)", name)
    return int(found[1]) if found else 0


@contextmanager
def _bound(key: str, job: Job, attempt: int) -> Iterator[None]:
    """Every line that a job logs names its delivery and its pull request."""
    with structlog.contextvars.bound_contextvars(
        delivery=reference(key),
        repository_id=job.repository,
        pull_request=job.number,
        attempt=attempt,
    ):
        yield
