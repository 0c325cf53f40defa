"""A child process and the two pipes to it: nothing that it does can make the parent wait."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from typing import Final, Self

from bot.analysis.process.messages import HEADER, LARGEST_FRAME, OUT_OF_MEMORY
from bot.analysis.process.start import StartChild, spawn
from bot.errors import AnalysisError, Overtaken

_CHUNK: Final = 1 << 20
_LOOK: Final = 1.0
_GRACE: Final = 5.0  # seconds between a closed pipe and the end of the process


class Channel:
    """One child process, from its start to its end. A context manager that always ends it."""

    def __init__(
        self,
        memory: int,
        cpu: int,
        wall: float,
        start: StartChild = spawn,
        unwanted: Callable[[], bool] = lambda: False,
    ) -> None:
        """Limits: bytes of memory, seconds of CPU and of the clock. `start` starts the child.

        `unwanted` is asked each second: where it says so, the child ends.
        """
        self._wall = wall
        self._unwanted = unwanted
        self._asked = time.monotonic()
        self._deadline = time.monotonic() + wall
        self._child = start(memory, cpu)
        self._input = self._child.input
        self._output = self._child.output
        os.set_blocking(self._input, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._end()
        self._child.close()

    def prolong(self, seconds: float) -> None:
        """Give the child this much longer: time in which it only waited for the parent."""
        self._deadline += seconds

    def send(self, data: bytes) -> None:
        """Send a framed message. Raises AnalysisError where the child does not take it."""
        remaining = memoryview(data)
        while remaining:
            self._wait(self._input, select.POLLOUT)
            try:
                remaining = remaining[os.write(self._input, remaining[:_CHUNK]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise self._death() from None

    def receive(self) -> bytes:
        """The body of the child's next message. Raises AnalysisError where none comes."""
        (size,) = HEADER.unpack(self._exactly(HEADER.size))
        if size > LARGEST_FRAME:
            raise AnalysisError(
                "the analysis sent an invalid answer: a message of an impossible size"
            )
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size:
            self._wait(self._output, select.POLLIN)
            part = os.read(self._output, min(size, _CHUNK))
            if not part:
                raise self._death()
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _wait(self, pipe: int, event: int) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        while (remaining := self._deadline - time.monotonic()) > 0:
            if time.monotonic() >= self._asked + _LOOK:
                self._asked = time.monotonic()
                if self._unwanted():
                    self._end()
                    raise Overtaken("the analysis is no longer needed")
            if poll.poll(min(remaining, _LOOK) * 1000):
                return
        self._end()
        raise AnalysisError(f"the analysis took longer than {self._wall:.0f} seconds")

    def _end(self) -> None:
        """End the child; what it did not read is lost with it."""
        self._child.kill()
        while self._child.wait(_LOOK) is None:
            continue

    def _death(self) -> AnalysisError:
        """Why the child is gone, in a sentence."""
        status = self._child.wait(_GRACE)
        if status is None:
            self._end()
            return AnalysisError("the analysis ended without an answer")
        if status == OUT_OF_MEMORY:
            return AnalysisError("the analysis exceeded its memory limit")
        if status == -signal.SIGXCPU:
            return AnalysisError("the analysis exceeded its limit of CPU time")
        if status < 0:
            return AnalysisError(f"the analysis was killed by {signal.Signals(-status).name}")
        return AnalysisError(f"the analysis ended with status {status} and without an answer")
