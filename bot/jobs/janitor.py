"""Housekeeping beside the jobs: a thread that runs its tasks at intervals."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from dbos import DBOS

log = structlog.get_logger()

SECONDS: Final = 20.0
"""Seconds between two looks for crashed and stranded jobs."""

MAINTENANCE_SECONDS: Final = 600.0
"""Seconds between two rounds of what the worker maintains, such as mirrors."""

RETENTION: Final = {
    "SUCCESS": timedelta(days=7),
    "ERROR": timedelta(days=30),
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": timedelta(days=30),
}
"""How long rows are kept: longer than GitHub's own history of deliveries, which is 3 or 7 days."""

_BATCH: Final = 500
_PRUNING: Final = timedelta(hours=12)


class Janitor:
    """A thread that runs every task at once, and then every `seconds`."""

    def __init__(self, seconds: float, *tasks: Callable[[], object]) -> None:
        self._seconds = seconds
        self._tasks = tasks
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="janitor", daemon=True)

    def start(self) -> None:
        """Begin with a first round at once."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further round, and wait a moment for the one under way."""
        self._stopped.set()
        self._thread.join(timeout=5)

    def _work(self) -> None:
        while True:
            for task in self._tasks:
                try:
                    task()
                except Exception:
                    # One task's failure must end neither the thread nor the other tasks.
                    log.exception("housekeeping failed")
            if self._stopped.wait(self._seconds):
                return


class Pruning:
    """Deletes the rows whose retention has ended, twice a day."""

    def __init__(self, forget: Callable[[datetime], None]) -> None:
        """`forget` is called with the moment before which nothing needs to be kept."""
        self._forget = forget
        self._pruned: datetime | None = None

    def __call__(self) -> None:
        """Prune, unless that was done within the last hours."""
        moment = datetime.now(UTC)
        if self._pruned is None or moment - self._pruned > _PRUNING:
            prune(moment)
            self._forget(moment - max(RETENTION.values()))
            self._pruned = moment


def prune(moment: datetime) -> None:
    """Delete the rows whose retention has ended at `moment`."""
    for status, retention in RETENTION.items():
        while rows := DBOS.list_workflows(
            status=status,
            end_time=(moment - retention).isoformat(),
            limit=_BATCH,
            load_input=False,
            load_output=False,
        ):
            DBOS.delete_workflows([row.workflow_id for row in rows])
