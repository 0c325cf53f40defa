"""When a job must have ended: a check that never concludes blocks the merge for ever."""

from __future__ import annotations

import time

from bot.errors import AnalysisError


class Deadline:
    """The end of a job's time, which begins now."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> float:
        """The seconds that are left. Raises AnalysisError where there are none."""
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise AnalysisError(f"the review took longer than {self._seconds:.0f} seconds")
        return remaining
