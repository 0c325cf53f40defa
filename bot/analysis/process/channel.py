"""A child process and the two pipes to it: nothing that it does can make the parent wait."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bot.analysis.process.messages import HEADER, LARGEST_FRAME
from bot.errors import AnalysisError, Overtaken

OUT_OF_MEMORY: Final = 71
"""The exit status of a child that met its memory limit and could still say so."""

_CHUNK: Final = 1 << 20
_LOOK: Final = 1.0
_PACKAGE: Final = Path(__file__).resolve().parents[3]
LAUNCH: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from bot.analysis.process.child import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)
"""What the child runs. `-I` keeps the working directory and the environment out of the module
search, so the parent says where this package lies."""


class Channel:
    """One child process, from its start to its end. A context manager that always ends it."""

    def __init__(
        self,
        memory: int,
        cpu: int,
        wall: float,
        launch: str = LAUNCH,
        unwanted: Callable[[], bool] = lambda: False,
    ) -> None:
        """Limits: bytes of memory, seconds of CPU and of the clock. `launch` is what it runs.

        `unwanted` is asked each second: where it says so, the child ends.
        """
        self._wall = wall
        self._unwanted = unwanted
        self._asked = time.monotonic()
        self._deadline = time.monotonic() + wall
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
                [sys.executable, "-I", "-c", launch, str(_PACKAGE), str(memory), str(cpu)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                close_fds=True,
                start_new_session=True,
            )
        except OSError as error:
            raise AnalysisError(f"the analysis cannot be started: {error.strerror}") from error
        if self._process.stdin is None or self._process.stdout is None:
            raise AnalysisError("the analysis cannot be started: it has no pipes")
        self._input = self._process.stdin.fileno()
        self._output = self._process.stdout.fileno()
        os.set_blocking(self._input, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                # What the child did not read is lost with it.
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue

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
            raise AnalysisError("the analysis answered nonsense: a message of an impossible size")
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
                    raise Overtaken("nobody wants this analysis any more")
            if poll.poll(min(remaining, _LOOK) * 1000):
                return
        self._end()
        raise AnalysisError(f"the analysis took longer than {self._wall:.0f} seconds")

    def _end(self) -> None:
        """End the child and whatever it started."""
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                self._process.kill()
        self._process.wait()

    def _death(self) -> AnalysisError:
        """Why the child is gone, in a sentence."""
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._end()
            return AnalysisError("the analysis closed its pipe without an answer")
        if status == OUT_OF_MEMORY:
            return AnalysisError("the analysis needed more memory than it may have")
        if status == -signal.SIGXCPU:
            return AnalysisError("the analysis needed more CPU time than it may have")
        if status < 0:
            return AnalysisError(f"the analysis died of {signal.Signals(-status).name}")
        return AnalysisError(f"the analysis ended with status {status} and without an answer")
