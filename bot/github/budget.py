"""What GitHub is asked for: one write at a time for an installation, and not too many.

GitHub's secondary limits count what an App creates, 80 things a minute and 500 an hour, and want
writes one after the other:
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
Nobody sleeps until a limit is over: a task whose installation has to wait is begun later.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

MINUTE: Final = 60.0
HOUR: Final = 3600.0
A_MINUTE: Final = 70
AN_HOUR: Final = 450
"""Somewhat below GitHub's limits: other writes of the same review follow the first."""

FOR_PEOPLE: Final = 1000
"""So many requests of an hour are left to those for whom people wait; GitHub gives 5,000."""

_SHARE: Final = 0.6
"""What of it is for what nobody waits for, such as sweeps."""


@dataclass(slots=True)
class _Account:
    """One installation's."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    written: deque[float] = field(default_factory=deque)
    last: float = float("-inf")
    remaining: int | None = None
    renewed: float = float("-inf")


class Budget:
    """The writes of this process, by installation."""

    def __init__(
        self,
        pause: float = 0.25,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`pause` is what GitHub gets between two writes."""
        self._pause, self._clock, self._sleep = pause, clock, sleep
        self._lock = threading.Lock()
        self._accounts: dict[int, _Account] = {}

    @contextmanager
    def writing(self, installation: int) -> Iterator[None]:
        """One write, alone for its installation."""
        account = self._account(installation)
        with account.lock:
            self._sleep(max(0.0, account.last + self._pause - self._clock()))
            try:
                yield
            finally:
                account.last = self._clock()
                account.written.append(account.last)

    def seconds_to_wait(self, installation: int, *, patient: bool) -> float:
        """Seconds until a task of this installation may begin; 0 where it may now."""
        account, current = self._account(installation), self._clock()
        share = _SHARE if patient else 1.0
        waits = [0.0]
        if patient and account.remaining is not None and account.remaining < FOR_PEOPLE:
            waits.append(account.renewed - current)
        with account.lock:
            while account.written and account.written[0] <= current - HOUR:
                account.written.popleft()
            times = list(account.written)
        for span, most in ((MINUTE, A_MINUTE), (HOUR, AN_HOUR)):
            allowed = int(most * share)
            within = [moment for moment in times if moment > current - span]
            if len(within) >= allowed:
                # When so many of them are past that one more is allowed.
                waits.append(within[len(within) - allowed] + span - current)
        return max(waits)

    def note(self, installation: int, remaining: int, seconds: float) -> None:
        """How many requests GitHub says are left, and for how long."""
        account = self._account(installation)
        account.remaining, account.renewed = remaining, self._clock() + seconds

    def written(self) -> Mapping[int, int]:
        """The writes of the last hour, by installation."""
        current = self._clock()
        return {
            number: sum(moment > current - HOUR for moment in tuple(account.written))
            for number, account in self._copy().items()
        }

    def remaining(self) -> Mapping[int, int]:
        """The requests that GitHub said are left, by installation."""
        accounts = self._copy().items()
        return {
            number: account.remaining
            for number, account in accounts
            if account.remaining is not None
        }

    def _account(self, installation: int) -> _Account:
        with self._lock:
            return self._accounts.setdefault(installation, _Account())

    def _copy(self) -> dict[int, _Account]:
        with self._lock:
            return dict(self._accounts)
