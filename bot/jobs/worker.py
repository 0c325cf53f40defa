"""The queue's options, and the interface of the worker that performs tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from bot.github.tasks import Done, Task


class Worker(Protocol):
    """Performs tasks: `bot.service.Service`."""

    def do(self, task: Task) -> Done:
        """The outcome of the task. May run twice for one task and must then post once."""

    def give_up(self, task: Task, reference: str) -> None:
        """Conclude the check run of a task that failed for good."""

    def undelivered(
        self, back: timedelta, known: Callable[[str], bool]
    ) -> Iterator[tuple[str, Task | None]]:
        """Deliveries that GitHub failed to deliver in the last `back`, with their tasks.

        Deliveries for which `known` is true are left out. The task is None where the delivery
        requires nothing.
        """

    def maintain(self) -> None:
        """Housekeeping that no task waits for; called at intervals from a thread of its own."""

    def wait(self, task: Task) -> float:
        """Seconds until the task may begin; 0 if it may begin now."""

    def hold(self, task: Task, seconds: float) -> None:
        """Postpone all tasks of this task's installation: GitHub limited its requests."""


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How the queue runs.

    `database` is a PostgreSQL URL; None: SQLite in `directory`. `workers` is the number of
    concurrent reviews, `tries` the number of attempts before a temporary failure is final,
    `first_wait` the delay in seconds before the second one. `poll` and `sweep` are the intervals
    in seconds at which the queue looks for due tasks and for missed deliveries; `sweep` None
    disables the latter.
    """

    directory: Path
    database: str | None = None
    workers: int = 2
    tries: int = 8
    first_wait: float = 15.0
    poll: float = 0.5
    sweep: float | None = 300.0
