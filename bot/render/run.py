"""Runs a renderer with limits of output, time, memory and CPU, and an empty environment."""

from __future__ import annotations

import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Final, Literal, TypeAlias

from bot.records import dataclass
from bot.render.launch import NOT_CONFINED, Launch
from bot.sandbox.process_group import kill_group

MEBIBYTE: Final = 1024 * 1024
_CHUNK: Final = 1 << 16
_PAGE: Final = resource.getpagesize()
_POLL_SECONDS: Final = 0.02
"""How often a running process is checked. In this time it can allocate some 50 MiB."""
_PACKAGE: Final = Path(__file__).resolve().parents[2]
_LAUNCH: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from bot.render.launch import main; main(sys.argv[2])"
)

Ending: TypeAlias = Literal["done", "failed", "time", "output", "cpu", "memory", "unconfined"]


@dataclass(frozen=True, slots=True)
class RunLimits:
    """The limits of one run: bytes of memory, output and a file; seconds of CPU and wall clock."""

    memory: int = 768 * MEBIBYTE
    output: int = 64 * MEBIBYTE
    errors: int = 64 * 1024
    largest_file: int = 16 * MEBIBYTE
    cpu: int = 20
    wall: float = 30


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended, its standard output, and the beginning of its standard error."""

    ending: Ending
    output: bytes
    errors: str


@dataclass(frozen=True, slots=True)
class RendererCommand:
    """A command by the program's full path, its working folder, and what it may read and write.

    `input` is what the program reads on its standard input.
    """

    words: tuple[str, ...]
    folder: Path
    read: tuple[Path, ...]
    write: tuple[Path, ...]
    input: bytes = b""


def run(command: RendererCommand, limits: RunLimits, *, confined: bool = True) -> Finished:
    """Run a renderer until it exits or meets a limit. Never raises for what the renderer does."""
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
    with (
        _opened(command.input) as stdin,
        subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
            [sys.executable, "-I", "-S", "-c", _LAUNCH, str(_PACKAGE), json.dumps(asdict(launch))],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env={},
            close_fds=True,
            start_new_session=True,
        ) as process,
    ):
        deadline = time.monotonic() + limits.wall
        try:
            output, errors, exceeded = _collect(process, limits, deadline)
            if exceeded is None:
                exceeded = _wait(process, limits, deadline)
        finally:
            kill_group(process)
    text = errors.decode(errors="replace")
    return Finished(exceeded or _ending(process.returncode, text), bytes(output), text)


@contextmanager
def _opened(data: bytes) -> Iterator[int]:
    """A descriptor to read the data from: a file in memory, so that no writer can block."""
    if not data:
        yield subprocess.DEVNULL
        return
    descriptor = os.memfd_create("fairlead-input")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _collect(
    process: subprocess.Popen[bytes], limits: RunLimits, deadline: float
) -> tuple[bytearray, bytearray, Ending | None]:
    """Both outputs until they end, or the limit that was exceeded first."""
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, buffer in ((process.stdout, output), (process.stderr, errors)):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ, buffer)
        while selector.get_map():
            exceeded = _exceeded(process, limits, deadline)
            if exceeded is not None:
                return output, errors, exceeded
            for ready, _ in selector.select(_POLL_SECONDS):
                _read(ready, selector, errors, limits.errors)
            if len(output) > limits.output:
                return output, errors, "output"
    return output, errors, None


def _exceeded(
    process: subprocess.Popen[bytes], limits: RunLimits, deadline: float
) -> Ending | None:
    """The limit that a running process exceeds, of those that the kernel does not fully enforce.

    RLIMIT_DATA does not count memory that Go has reserved and then maps again over the reservation
    (mm/mmap.c: pages that a fixed mapping replaces count as free, whatever they were).
    """
    if time.monotonic() >= deadline:
        return "time"
    return "memory" if _anonymous_memory(process.pid) > limits.memory else None


def _anonymous_memory(process: int) -> int:
    """A process's resident bytes that no file backs; 0 where the system does not tell."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{process}/statm").read_text("ascii").split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE


def _read(
    ready: selectors.SelectorKey,
    selector: selectors.BaseSelector,
    errors: bytearray,
    most_errors: int,
) -> None:
    """Read one piece of one output. Standard error beyond its limit is read and discarded."""
    pipe: IO[bytes] = ready.fileobj  # type: ignore[assignment] # what was registered above
    piece = os.read(pipe.fileno(), _CHUNK)
    if not piece:
        selector.unregister(pipe)
    elif ready.data is not errors:
        ready.data.extend(piece)
    elif len(errors) < most_errors:
        errors.extend(piece[: most_errors - len(errors)])


def _wait(process: subprocess.Popen[bytes], limits: RunLimits, deadline: float) -> Ending | None:
    """Wait for a process that has closed its outputs; the limit that it exceeds, if any."""
    while True:
        try:
            process.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            exceeded = _exceeded(process, limits, deadline)
            if exceeded is not None:
                return exceeded
        else:
            return None


def _ending(status: int, errors: str) -> Ending:
    if status == 0:
        return "done"
    if status == NOT_CONFINED:
        return "unconfined"
    if status == -signal.SIGXCPU:
        return "cpu"
    # Messages of Go's runtime: https://go.dev/src/runtime/malloc.go
    if "out of memory" in errors or "cannot allocate memory" in errors:
        return "memory"
    return "cpu" if status == -signal.SIGKILL else "failed"
