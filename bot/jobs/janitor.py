"""What must be looked after while a queue runs: jobs that died, and rows past their time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from dbos import DBOS

log = structlog.get_logger()

SECONDS: Final = 20.0
KEPT: Final = {
    "SUCCESS": timedelta(days=7),
    "ERROR": timedelta(days=30),
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": timedelta(days=30),
}
"""How long rows are kept; longer than GitHub's own history of deliveries, which is 3 or 7 days."""

_BATCH: Final = 500


class Janitor:
    """A thread that looks now and then; DBOS's free core has neither of the two.

    `bury` is given the id of each job whose process died of it more often than it may, again and
    again for as long as its row is kept.
    """

    def __init__(self, bury: Callable[[str], None], seconds: float = SECONDS) -> None:
        self._bury = bury
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="janitor", daemon=True)

    def start(self) -> None:
        """It looks at once, and from now on."""
        self._thread.start()

    def stop(self) -> None:
        """It has looked for the last time."""
        self._stopped.set()
        self._thread.join()

    def _work(self) -> None:
        pruned: datetime | None = None
        while True:
            try:
                self._look()
                now = datetime.now(UTC)
                if pruned is None or now - pruned > timedelta(hours=12):
                    prune(now)
                    pruned = now
            except Exception:
                # A database that is away must not end the watch.
                log.exception("the janitor could not look")
            if self._stopped.wait(self._seconds):
                return

    def _look(self) -> None:
        for dead in DBOS.list_workflows(
            status="MAX_RECOVERY_ATTEMPTS_EXCEEDED", load_input=False, load_output=False
        ):
            self._bury(dead.workflow_id)


def prune(now: datetime) -> None:
    """Deletes the rows that are past their time."""
    for status, kept in KEPT.items():
        while rows := DBOS.list_workflows(
            status=status,
            end_time=(now - kept).isoformat(),
            limit=_BATCH,
            load_input=False,
            load_output=False,
        ):
            DBOS.delete_workflows([row.workflow_id for row in rows])
