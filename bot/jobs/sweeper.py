"""What was missed: a thread that looks now and then, and once at the start.

Webhooks get lost, for good. GitHub says which ones, and its pull requests show the rest.
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
"""Between two looks at every open pull request: each costs a request."""

KEPT: Final = timedelta(days=3)
"""How long GitHub keeps deliveries, so how far a process looks back that was away:
https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks."""

_LOOKS: Final = 4
"""How many later looks see a failed delivery: one of them may find GitHub or the database away."""


class TaskSink(Protocol):
    """Where what is found goes: the queue."""

    def submit(self, delivery: str, task: Task) -> bool:
        """Records a task under the id of its delivery, which every replica names alike."""

    def knows(self, delivery: str) -> bool:
        """Whether `submit` would do nothing."""


class Sweeper:
    """Looks for deliveries that failed every `seconds`, and hourly for heads without a check."""

    def __init__(
        self,
        intake: TaskSink,
        undelivered: Callable[
            [timedelta, Callable[[str], bool]], Iterator[tuple[str, Task | None]]
        ],
        seconds: float,
    ) -> None:
        self._intake = intake
        self._undelivered = undelivered
        self._seconds = seconds
        self._idle: set[str] = set()
        """Lost deliveries that ask for nothing; the queue remembers the others."""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sweeper", daemon=True)

    def start(self) -> None:
        """It looks at once, and from now on."""
        self._thread.start()

    def stop(self) -> None:
        """It begins no other look."""
        self._stopped.set()
        self._thread.join(timeout=1)

    def _work(self) -> None:
        # A process sweeps at each of its starts: what happened while none ran is told to nobody.
        name: str | None = f"sweep-start-{uuid.uuid4().hex[:12]}"
        back = KEPT
        while True:
            try:
                # Whoever of several replicas is first in an hour sweeps.
                hour = f"sweep-hour-{int(time.time() // STATE_SECONDS)}"
                self.look(name or hour, back)
                name, back = None, timedelta(seconds=_LOOKS * self._seconds)
            except Exception as error:  # noqa: BLE001 - GitHub or the database is away for a while
                # A first look that failed is still to be had: nobody else looks back so far.
                log.warning("sweep failed", error=str(error))
            if self._stopped.wait(self._seconds):
                return

    def look(self, name: str, back: timedelta) -> None:
        """One look, `back` so far, and the sweep of this name unless it was already."""
        self._intake.submit(name, MaintenanceTask("sweep-all"))
        found = 0
        for delivery, task in self._undelivered(back, self._known):
            if task is None:
                self._idle.add(delivery)
            else:
                found += self._intake.submit(delivery, task)
        log.info("lost deliveries taken up", count=found)

    def _known(self, delivery: str) -> bool:
        return delivery in self._idle or self._intake.knows(delivery)
