"""What remains of a process that died or could not record: who is to blame, what is resumed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from dbos import DBOS

from bot.jobs.database import QueueDatabase
from bot.jobs.isolation import MOST_LONE_DEATHS
from bot.jobs.records import DATABASE_ERRORS, summary

log = structlog.get_logger()


class Unrecorded(BaseException):
    """Ends a workflow's thread while its row stays PENDING: DBOS records every Exception."""


class Crashes:
    """Keeps the records of crashes, and finds workflows that run nowhere."""

    def __init__(self, database: QueueDatabase, executor: str) -> None:
        self._database = database
        self._executor = executor
        self._running: set[str] = set()
        self._stranded: frozenset[str] = frozenset()

    def blame(self, executor: str, incident: str) -> None:
        """Record the crash of an executor, and give up the tasks that are guilty of it.

        `incident` identifies the crash, which several peers may see.
        """
        self._database.record_crash(executor, incident)
        self._database.dead_letter(
            workflow
            for workflow in self._database.under_way(executor)
            if self._database.deaths(workflow)[1] >= MOST_LONE_DEATHS
        )

    @contextmanager
    def tracked(self) -> Iterator[None]:
        """Record that a workflow runs in this process; on a full disk, leave it to be resumed."""
        workflow_id = DBOS.workflow_id or ""
        self._running.add(workflow_id)
        try:
            yield
        except DATABASE_ERRORS as error:
            log.warning("job interrupted", workflow=workflow_id, reason=summary(error))
            raise Unrecorded from error
        finally:
            self._running.discard(workflow_id)

    def resume_stranded(self) -> None:
        """Resume the workflows of this process that run nowhere, now and at the call before.

        A workflow is stranded if the disk was full while its end was to be recorded.
        """
        rows = DBOS.list_workflows(
            status="PENDING", executor_id=self._executor, load_input=False, load_output=False
        )
        queues = {row.workflow_id: row.queue_name for row in rows}
        stranded = frozenset(queues) - self._running
        for workflow_id in sorted(self._stranded & stranded):
            log.warning("job resumed", workflow=workflow_id)
            DBOS.resume_workflows([workflow_id], queue_name=queues[workflow_id])
        self._stranded = stranded - self._stranded
