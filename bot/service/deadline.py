"""The deadline of a job: a check that never concludes would block the merge forever."""

from __future__ import annotations

import time

from bot.errors import AnalysisError


class Deadline:
    """A deadline these many seconds from now."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> float:
        """The seconds that remain. Raises AnalysisError when there are none."""
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise AnalysisError(f"the review took longer than {self._seconds:.0f} seconds")
        return remaining
