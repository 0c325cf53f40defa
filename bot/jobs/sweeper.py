"""What was missed: a thread that looks now and then, and once at the start.

Webhooks get lost, for good. GitHub says which ones, and its pull requests show the rest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

import structlog

from bot.github.tasks import Errand, Task

log = structlog.get_logger()

STATE_SECONDS: Final = 3600.0
"""Between two looks at every open pull request: each costs a request."""

KEPT: Final = timedelta(days=3)
"""How long GitHub keeps deliveries, so how far a process looks back that was away:
https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks."""

_LOOKS: Final = 4
"""How many later looks see a failed delivery: one of them may find GitHub or the database away."""


class Sweeper:
    """Looks for deliveries that failed every `seconds`, and hourly for heads without a check.

    `submit` takes a task under the id of its delivery, which every replica names alike.
    """

    def __init__(
        self,
        submit: Callable[[str, Task], bool],
        undelivered: Callable[[timedelta], Iterator[tuple[str, Task]]],
        seconds: float,
    ) -> None:
        self._submit = submit
        self._undelivered = undelivered
        self._seconds = seconds
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
        slot = "start"
        while True:
            try:
                self.look(slot)
            except Exception as error:  # noqa: BLE001 - GitHub or the database is away for a while
                log.warning("sweep failed", error=str(error))
            if self._stopped.wait(self._seconds):
                return
            slot = "hour"

    def look(self, slot: str) -> None:
        """One look. Whoever of several replicas is first in a slot of time does the second part."""
        first = slot == "start"
        span = 60.0 if first else STATE_SECONDS
        back = KEPT if first else timedelta(seconds=_LOOKS * self._seconds)
        self._submit(f"sweep-{slot}-{int(time.time() // span)}", Errand("sweep-all"))
        found = sum(self._submit(delivery, task) for delivery, task in self._undelivered(back))
        if found:
            log.info("lost deliveries taken up", count=found)
