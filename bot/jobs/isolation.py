"""A task under which the process died runs alone, so that no other task is blamed for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from bot.github.tasks import GroupJob, Job, PushJob, Task
from bot.jobs.database import QueueDatabase
from bot.jobs.gate import Gate

log = structlog.get_logger()

SUSPECT: Final = 2
"""A task runs alone once the process died this often while it was under way."""

MOST_LONE_DEATHS: Final = 3
"""A task fails for good once the process died this often while it ran alone."""


class Isolation:
    """Decides which tasks of this process run together."""

    def __init__(self, database: QueueDatabase, executor: str) -> None:
        self._database = database
        self._executor = executor
        self._gate = Gate()

    def age(self, workflow_id: str) -> float:
        """Seconds since the delivery arrived from which a workflow follows."""
        return self._database.age(workflow_id)

    @contextmanager
    def enter(self, workflow_id: str, task: Task) -> Iterator[None]:
        """Run a task: alone if it is a suspect, else together with others.

        Tasks that do not read a pull request's content neither wait for a suspect nor delay it.
        """
        deaths, _ = self._database.deaths(workflow_id)
        if deaths >= SUSPECT:
            log.warning("the process died under this task: it runs alone", deaths=deaths)
            with self._gate.alone(), self._marked(workflow_id):
                yield
        elif isinstance(task, Job | GroupJob | PushJob):
            with self._gate.shared():
                yield
        else:
            yield

    @contextmanager
    def _marked(self, workflow_id: str) -> Iterator[None]:
        self._database.mark(self._executor, workflow_id)
        try:
            yield
        finally:
            self._database.unmark(self._executor)
