"""The service's handle on its template: the process that forks for each review."""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final, Self

from bot.analysis.process.start import Child, ForkedChild, Pipes
from bot.errors import AnalysisError

_PACKAGE: Final = Path(__file__).resolve().parents[3]
LIMITS: Final = struct.Struct("<QQ")
"""A request to the template: the child's memory in bytes and its CPU time in seconds."""

STATUS: Final = struct.Struct("<i")
"""The template's report that a child has ended: its exit code, negative for a signal."""

_TEMPLATE: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from bot.analysis.process.template import main; main(int(sys.argv[2]))"
)
_STARTUP_SECONDS: Final = 30.0


class Template:
    """A process that has imported everything and copies itself for each review.

    It is started with an empty environment when it is first needed, again after it has died, and
    ends when this object is closed or this process ends. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        with self._lock:
            self._stop()

    @property
    def pid(self) -> int | None:
        """The process, None before the first review."""
        return self._process.pid if self._process else None

    def prepare(self) -> Self:
        """Begin to import, so that the first review need not wait for it. Raises OSError."""
        with self._lock:
            self._running()
        return self

    def start(self, memory: int, cpu: int) -> Child:
        """Start a child with these limits. Raises AnalysisError."""
        with self._lock:
            try:
                return self._started(memory, cpu)
            except (OSError, EOFError):
                self._stop()
            # The template may have been killed since the last review: a new one, once.
            try:
                return self._started(memory, cpu)
            except (OSError, EOFError) as error:
                self._stop()
                raise AnalysisError(f"the analysis cannot be started: {error}") from error

    def _started(self, memory: int, cpu: int) -> Child:
        control = self._running()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs, Pipes() as pipes:
                descriptors = [pipes.child_input, pipes.child_output, theirs.fileno()]
                socket.send_fds(control, [LIMITS.pack(memory, cpu)], descriptors)
                theirs.close()
                process = _process_of(ours)
                return ForkedChild(*pipes.parent_ends(), process, lambda: _reported(ours))
        except BaseException:
            ours.close()
            raise

    def _running(self) -> socket.socket:
        if self._control is not None and self._process and self._process.poll() is None:
            return self._control
        self._stop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
                [sys.executable, "-I", "-c", _TEMPLATE, str(_PACKAGE), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._control = ours
        return ours

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._control = self._process = None


def _process_of(report: socket.socket) -> int:
    """The descriptor of the new child. Raises OSError, EOFError where the template made none."""
    report.settimeout(_STARTUP_SECONDS)
    _, processes, _, _ = socket.recv_fds(report, 1, 1)
    if not processes:
        raise EOFError("the template ended")
    return processes[0]


def _reported(report: socket.socket) -> int:
    """The exit code that the template reports; that of a killed child where it died as well."""
    with report:
        try:
            data = report.recv(STATUS.size)
        except OSError:
            data = b""
    return STATUS.unpack(data)[0] if len(data) == STATUS.size else -signal.SIGKILL
