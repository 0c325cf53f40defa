"""Starting the process that reads a pull request: two pipes, no environment, no other descriptor.

There are three ways, all with the same result. `spawn` starts an interpreter, which imports
everything again. `fork` copies this process, which has imported everything already: for the
command line, which holds no key and reviews once. A `template_client.Template` is an interpreter
with an empty environment that has imported everything and copies itself for each review: for the
service, whose own memory holds keys and tokens that a copy must not have.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, NoReturn, Protocol, Self, TypeAlias

from bot.errors import AnalysisError
from bot.sandbox import end_with

_PACKAGE: Final = Path(__file__).resolve().parents[3]
LAUNCH: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "list(map(__import__, sys.argv[4:])); "
    "from bot.analysis.process.child import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)
"""What a spawned child runs. `-I` keeps the working directory and the environment out of the
module search, so the parent says where this package lies."""


_OPTIONAL: Final = ("bot.core.diff.difference", "bot.core.policy.changes")
"""Modules that a spawned child imports only where its parent has: it cannot later."""


class Child(Protocol):
    """A started process. `input` and `output` are the parent's ends of its two pipes."""

    @property
    def input(self) -> int:
        """The descriptor that the parent writes to."""

    @property
    def output(self) -> int:
        """The descriptor that the parent reads from."""

    def kill(self) -> None:
        """End the process at once; does nothing if it has ended."""

    def wait(self, seconds: float) -> int | None:
        """The exit code, negative for a signal; None if it still runs after so many seconds."""

    def close(self) -> None:
        """Close the pipes and release what tracks the process, which must have ended."""


StartChild: TypeAlias = Callable[[int, int], Child]
"""Starts a child with limits: bytes of memory, seconds of CPU. Raises AnalysisError."""


def spawn(memory: int, cpu: int) -> Child:
    """Start a child as an interpreter of its own."""
    return _Spawned(LAUNCH, memory, cpu)


def spawn_with(launch: str) -> StartChild:
    """Starts children that run `launch`, Python text that gets the arguments of `LAUNCH`."""

    def start(memory: int, cpu: int) -> Child:
        return _Spawned(launch, memory, cpu)

    return start


class _Spawned:
    def __init__(self, launch: str, memory: int, cpu: int) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
                [
                    *(sys.executable, "-I", "-c", launch, str(_PACKAGE), str(memory), str(cpu)),
                    *(name for name in _OPTIONAL if name in sys.modules),
                ],
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
        self.input = self._process.stdin.fileno()
        self.output = self._process.stdout.fileno()

    def kill(self) -> None:
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                self._process.kill()

    def wait(self, seconds: float) -> int | None:
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                # What the child did not read is lost with it.
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue


def fork(memory: int, cpu: int) -> Child:
    """Start a child as a copy of this process, without its environment.

    A copy of a process with several threads can deadlock, so such a process spawns instead.
    """
    if threading.active_count() > 1:
        return spawn(memory, cpu)
    with Pipes() as pipes:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            become_child(parent, (pipes.child_input, pipes.child_output), (memory, cpu))
        return ForkedChild(*pipes.parent_ends(), os.pidfd_open(pid), lambda: _reaped(pid))


def _reaped(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Pipes:
    """Two pipes. On leaving, the child's ends close here, and after an error the parent's too."""

    def __enter__(self) -> Self:
        self.child_input, self._input = os.pipe()
        self._output, self.child_output = os.pipe()
        self._kept = False
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        kept = self._kept and kind is None
        for descriptor in (self.child_input, self.child_output):
            os.close(descriptor)
        for descriptor in () if kept else (self._input, self._output):
            os.close(descriptor)

    def parent_ends(self) -> tuple[int, int]:
        """The descriptors to write to and to read from, which the caller closes."""
        self._kept = True
        return self._input, self._output


class ForkedChild:
    """A child of this process or of a template. `status` is its exit code once it has ended."""

    def __init__(self, input_: int, output: int, process: int, status: Callable[[], int]) -> None:
        self.input = input_
        self.output = output
        self._process = process
        self._status = status
        self._code: int | None = None

    def kill(self) -> None:
        """See `Child.kill`."""
        if self._code is None:
            try:
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
            except ProcessLookupError:
                return

    def wait(self, seconds: float) -> int | None:
        """See `Child.wait`."""
        if self._code is None:
            # Not select(): a service with many connections has descriptors above its 1024.
            poll = select.poll()
            poll.register(self._process, select.POLLIN)
            if poll.poll(seconds * 1000):
                self._code = self._status()
        return self._code

    def close(self) -> None:
        """See `Child.close`."""
        for descriptor in (self.input, self.output, self._process):
            os.close(descriptor)


def become_child(parent: int, pipes: tuple[int, int], limits: tuple[int, int]) -> NoReturn:
    """Turn this fresh copy into the child: its two pipes, no environment, no other descriptor.

    `parent` is the process that was copied, `pipes` are to read from and to write to, `limits`
    those of `StartChild`.
    """
    try:
        end_with(parent)
        os.setsid()
        _reset_signals()
        os.dup2(pipes[0], 0)
        os.dup2(pipes[1], 1)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        os.chdir("/")
        forget_environment()
        from bot.analysis.process.child import main  # noqa: PLC0415 - imports this module

        main(*limits)
    finally:
        os._exit(1)


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def forget_environment() -> None:
    """Remove every environment variable, and overwrite the memory that held its text."""
    os.environ.clear()
    if sys.platform != "linux":
        return
    # env_start and env_end: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    start, end = int(fields[47]), int(fields[48])
    if 0 < start < end:
        ctypes.memset(start, 0, end - start)
