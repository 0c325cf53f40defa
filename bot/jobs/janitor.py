"""Housekeeping of the queue: conclude jobs that crashed for good, and delete old rows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from dbos import DBOS

log = structlog.get_logger()

SECONDS: Final = 20.0
"""Seconds between two rounds of the janitor."""

RETENTION: Final = {
    "SUCCESS": timedelta(days=7),
    "ERROR": timedelta(days=30),
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": timedelta(days=30),
}
"""How long rows are kept: longer than GitHub's own history of deliveries, which is 3 or 7 days."""

_BATCH: Final = 500


class Janitor:
    """A thread that runs every `seconds`; the free core of DBOS does neither of its two tasks.

    `fail_crashed` is called with the id of each workflow that exceeded its recovery attempts, in
    every round for as long as its row is kept. `resume_stranded` is called in every round.
    """

    def __init__(
        self,
        fail_crashed: Callable[[str], None],
        resume_stranded: Callable[[], None],
        seconds: float | None = None,
    ) -> None:
        self._fail_crashed = fail_crashed
        self._resume_stranded = resume_stranded
        self._seconds = SECONDS if seconds is None else seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="janitor", daemon=True)

    def start(self) -> None:
        """Begin with a first round at once."""
        self._thread.start()

    def stop(self) -> None:
        """Wait for the round under way and end."""
        self._stopped.set()
        self._thread.join()

    def _work(self) -> None:
        pruned: datetime | None = None
        while True:
            try:
                self._look_for_crashed()
                self._resume_stranded()
                moment = datetime.now(UTC)
                if pruned is None or moment - pruned > timedelta(hours=12):
                    prune(moment)
                    pruned = moment
            except Exception:
                # The thread must survive an unavailable database.
                log.exception("the janitor could not look")
            if self._stopped.wait(self._seconds):
                return

    def _look_for_crashed(self) -> None:
        for row in DBOS.list_workflows(
            status="MAX_RECOVERY_ATTEMPTS_EXCEEDED", load_input=False, load_output=False
        ):
            self._fail_crashed(row.workflow_id)


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
