"""One run of a renderer, from start to end: bounded output, bounded time, nothing inherited."""

from __future__ import annotations

import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final, Literal, TypeAlias

from bot.render.launch import NOT_CONFINED, Launch

MEBIBYTE: Final = 1024 * 1024
_CHUNK: Final = 1 << 16
_PAGE: Final = resource.getpagesize()
_GLANCE: Final = 0.02
"""How often, in seconds, a running process is looked at: in this time it can take some 50 MiB."""
_PACKAGE: Final = Path(__file__).resolve().parents[2]
_LAUNCH: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from bot.render.launch import main; main(sys.argv[2])"
)

Ending: TypeAlias = Literal["done", "failed", "time", "output", "cpu", "memory", "unconfined"]


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What one run may use: bytes of memory, of output and of a file; seconds of CPU and clock."""

    memory: int = 768 * MEBIBYTE
    output: int = 64 * MEBIBYTE
    errors: int = 64 * 1024
    largest_file: int = 16 * MEBIBYTE
    cpu: int = 20
    wall: float = 30


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended, what it wrote to its output, and the beginning of what it complained."""

    ending: Ending
    output: bytes
    errors: str


@dataclass(frozen=True, slots=True)
class RendererCommand:
    """What to run: the words after a full path, where, and the folders it may read and write."""

    words: tuple[str, ...]
    folder: Path
    read: tuple[Path, ...]
    write: tuple[Path, ...]


def run(command: RendererCommand, limits: RunLimits, *, confined: bool = True) -> Finished:
    """Run a renderer to its end. Never raises for what it does, never outlasts its limits."""
    launch = Launch(
        command=command.words,
        folder=str(command.folder),
        read=tuple(map(str, command.read)),
        write=tuple(map(str, command.write)),
        memory=limits.memory,
        cpu=limits.cpu,
        largest_file=limits.largest_file,
        confined=confined,
    )
    with subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
        [sys.executable, "-I", "-S", "-c", _LAUNCH, str(_PACKAGE), json.dumps(asdict(launch))],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env={},
        close_fds=True,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + limits.wall
        try:
            output, errors, cut = _collect(process, limits, deadline)
            if cut is None:
                cut = _wait(process, limits, deadline)
        finally:
            _end(process)
    said = errors.decode(errors="replace")
    return Finished(cut or _ending(process.returncode, said), bytes(output), said)


def _collect(
    process: subprocess.Popen[bytes], limits: RunLimits, deadline: float
) -> tuple[bytearray, bytearray, Ending | None]:
    """Both outputs until they end, or the limit that was met first."""
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as waiting:
        for pipe, held in ((process.stdout, output), (process.stderr, errors)):
            if pipe is not None:
                waiting.register(pipe, selectors.EVENT_READ, held)
        while waiting.get_map():
            met = _met(process, limits, deadline)
            if met is not None:
                return bytearray(), errors, met
            for ready, _ in waiting.select(_GLANCE):
                _take(ready, waiting, errors, limits.errors)
            if len(output) > limits.output:
                return bytearray(), errors, "output"
    return output, errors, None


def _met(process: subprocess.Popen[bytes], limits: RunLimits, deadline: float) -> Ending | None:
    """The limit that a running process has met, of those that its own kernel limits miss.

    RLIMIT_DATA refuses most of what is too much, but not all: memory that Go has reserved and then
    maps anew over the reservation passes it (mm/mmap.c: pages that a fixed mapping replaces count
    as free, whatever they were).
    """
    if time.monotonic() >= deadline:
        return "time"
    return "memory" if _own_memory(process.pid) > limits.memory else None


def _own_memory(process: int) -> int:
    """The bytes in memory that are a process's own, no file's; 0 where the system does not say."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{process}/statm").read_text("ascii").split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE


def _take(
    ready: selectors.SelectorKey,
    waiting: selectors.BaseSelector,
    errors: bytearray,
    most_errors: int,
) -> None:
    """One piece of one output. Of complaints, what is beyond the limit is read and thrown away."""
    pipe: IO[bytes] = ready.fileobj  # type: ignore[assignment] # what was registered above
    piece = os.read(pipe.fileno(), _CHUNK)
    if not piece:
        waiting.unregister(pipe)
    elif ready.data is not errors:
        ready.data.extend(piece)
    elif len(errors) < most_errors:
        errors.extend(piece[: most_errors - len(errors)])


def _wait(process: subprocess.Popen[bytes], limits: RunLimits, deadline: float) -> Ending | None:
    """A process that has closed its outputs ends by itself, or meets a limit."""
    while True:
        try:
            process.wait(_GLANCE)
        except subprocess.TimeoutExpired:
            met = _met(process, limits, deadline)
            if met is not None:
                return met
        else:
            return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Whatever is left of the process's group ends with it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()


def _ending(status: int, said: str) -> Ending:
    if status == 0:
        return "done"
    if status == NOT_CONFINED:
        return "unconfined"
    if status == -signal.SIGXCPU:
        return "cpu"
    # Go's own words: https://go.dev/src/runtime/malloc.go
    if "out of memory" in said or "cannot allocate memory" in said:
        return "memory"
    return "cpu" if status == -signal.SIGKILL else "failed"
