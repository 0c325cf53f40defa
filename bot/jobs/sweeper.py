"""A thread that finds missed webhooks, at the start and at intervals.

GitHub does not redeliver a failed webhook. Its delivery log names them, and a sweep over open pull
requests finds heads without a check run.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final, Protocol

import structlog

from bot.github.tasks import MaintenanceTask, Task

log = structlog.get_logger()

STATE_SECONDS: Final = 3600.0
"""Seconds between two sweeps over all open pull requests: each pull request costs a request."""

DELIVERY_RETENTION: Final = timedelta(days=3)
"""How long GitHub keeps deliveries, and so how far a process looks back at its start:
https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks."""

_LOOKS: Final = 4
"""How many later searches cover a failed delivery: some may find GitHub unavailable."""


class TaskSink(Protocol):
    """Accepts the tasks of missed deliveries: the queue."""

    def submit(self, delivery: str, task: Task) -> bool:
        """Record a task under the id of its delivery, which is the same in every replica."""

    def knows(self, delivery: str) -> bool:
        """Whether `submit` would do nothing."""


class Sweeper:
    """Searches for failed deliveries every `seconds`, and hourly for heads without a check."""

    def __init__(
        self,
        sink: TaskSink,
        undelivered: Callable[
            [timedelta, Callable[[str], bool]], Iterator[tuple[str, Task | None]]
        ],
        seconds: float,
    ) -> None:
        self._sink = sink
        self._undelivered = undelivered
        self._seconds = seconds
        self._idle: set[str] = set()
        """Failed deliveries that require nothing; the queue remembers the others."""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sweeper", daemon=True)

    def start(self) -> None:
        """Begin with a first search at once."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further search."""
        self._stopped.set()
        self._thread.join(timeout=1)

    def _work(self) -> None:
        # A process sweeps at its start: nothing reported what happened while none ran.
        name: str | None = f"sweep-start-{uuid.uuid4().hex[:12]}"
        back = DELIVERY_RETENTION
        while True:
            try:
                # Of several replicas, the first one in an hour sweeps.
                hour = f"sweep-hour-{int(time.time() // STATE_SECONDS)}"
                self.search(name or hour, back)
                name, back = None, timedelta(seconds=_LOOKS * self._seconds)
            except Exception as error:  # noqa: BLE001 - the thread must survive every failure
                # After a failed first search the next one still looks back three days.
                log.warning("sweep failed", error=str(error))
            if self._stopped.wait(self._seconds):
                return

    def search(self, name: str, back: timedelta) -> None:
        """Submit a sweep under this name and the deliveries that failed in the last `back`."""
        self._sink.submit(name, MaintenanceTask("sweep-all"))
        count = 0
        for delivery, task in self._undelivered(back, self._is_known):
            if task is None:
                self._idle.add(delivery)
            else:
                count += self._sink.submit(delivery, task)
        log.info("lost deliveries taken up", count=count)

    def _is_known(self, delivery: str) -> bool:
        return delivery in self._idle or self._sink.knows(delivery)
