"""The budget of requests: one write at a time for an installation, within GitHub's limits.

GitHub's secondary limits allow an App to generate content 80 times a minute and 500 times an hour,
and 900 points a minute for one endpoint, of which a write costs five:
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api. Comments and reviews
are content; check runs, edits and deletions notify nobody and cost points alone.
No worker sleeps until a limit ends: the queue starts the tasks of that installation later.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

MINUTE: Final = 60.0
HOUR: Final = 3600.0
A_MINUTE: Final = 70
AN_HOUR: Final = 450
"""Content. Below GitHub's limits, since a review that starts within them goes on writing."""

CHANGES_A_MINUTE: Final = 150
"""Every write: 750 points, were they all to one endpoint."""

FOR_PEOPLE: Final = 1000
"""Requests of an hour reserved for interactive reviews; GitHub allows 5,000."""

Urgency: TypeAlias = Literal["announcement", "review", "patient"]
"""How soon a task has to begin: a check in progress, a review, or what nobody waits for."""

_CONTENT: Final[Mapping[Urgency, float]] = {"review": 1.0, "patient": 0.6}
_CHANGES: Final[Mapping[Urgency, float]] = {"announcement": 1.0, "review": 0.85, "patient": 0.6}
"""The shares of the limits. An announcement generates no content, and reviews leave room for it:
until it is made, a head that was green for another branch stays so."""


@dataclass(slots=True)
class _Account:
    """The writes and remaining requests of one installation."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    written: deque[float] = field(default_factory=deque)
    changed: deque[float] = field(default_factory=deque)
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
        """`pause` are the seconds between two writes."""
        self._pause, self._clock, self._sleep = pause, clock, sleep
        self._lock = threading.Lock()
        self._accounts: dict[int, _Account] = {}

    @contextmanager
    def writing(self, installation: int, *, content: bool = True) -> Iterator[None]:
        """One write, alone for its installation. `content`: GitHub counts it as such."""
        account = self._account(installation)
        with account.lock:
            self._sleep(max(0.0, account.last + self._pause - self._clock()))
            try:
                yield
            finally:
                account.last = self._clock()
                (account.written if content else account.changed).append(account.last)

    def seconds_to_wait(self, installation: int, urgency: Urgency) -> float:
        """Seconds until a task of this installation may start; 0 if it may start at once."""
        account, current = self._account(installation), self._clock()
        waits = [0.0]
        if (
            urgency == "patient"
            and account.remaining is not None
            and account.remaining < FOR_PEOPLE
        ):
            waits.append(account.renewed - current)
        with account.lock:
            for moments in (account.written, account.changed):
                while moments and moments[0] <= current - HOUR:
                    moments.popleft()
            content, every = list(account.written), sorted((*account.written, *account.changed))
        limits = [(MINUTE, int(CHANGES_A_MINUTE * _CHANGES[urgency]), every)]
        if share := _CONTENT.get(urgency):
            limits += [
                (MINUTE, int(A_MINUTE * share), content),
                (HOUR, int(AN_HOUR * share), content),
            ]
        for span, allowed, times in limits:
            within = [moment for moment in times if moment > current - span]
            if len(within) >= allowed:
                # Until enough of them are older than the span.
                waits.append(within[len(within) - allowed] + span - current)
        return max(waits)

    def note(self, installation: int, remaining: int, seconds: float) -> None:
        """Records how many requests remain, and for how many seconds."""
        account = self._account(installation)
        account.remaining, account.renewed = remaining, self._clock() + seconds

    def written(self) -> Mapping[int, int]:
        """The writes of the last hour, by installation."""
        current = self._clock()
        return {
            number: sum(
                moment > current - HOUR
                for moment in (*tuple(account.written), *tuple(account.changed))
            )
            for number, account in self._copy().items()
        }

    def remaining(self) -> Mapping[int, int]:
        """The requests that remain by GitHub's last answer, by installation."""
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
