"""The clock of a GitHub that does not agree with the service's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock


def _precise_now() -> datetime:
    return datetime.now(UTC)


class GitHubClock:
    """Gives the time at GitHub, to the second; it differs from this machine's and never falls.

    Where it has to lose time it runs at half speed, as a clock does that is disciplined by NTP.
    """

    def __init__(self, now: Callable[[], datetime] = _precise_now) -> None:
        self._now = now
        self._offset = timedelta()
        self._lock = Lock()
        self._read_at = self._time = now()

    def __call__(self) -> datetime:
        with self._lock:
            return self._advance().replace(microsecond=0)

    def skew(self, seconds: int) -> None:
        """Lets the time at GitHub be so many seconds ahead of this machine's; negative: behind."""
        with self._lock:
            self._advance()
            self._offset = timedelta(seconds=seconds)

    def _advance(self) -> datetime:
        now = self._now()
        slowed = self._time + (now - self._read_at) / 2
        self._read_at, self._time = now, max(slowed, now + self._offset)
        return self._time
