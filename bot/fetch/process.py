"""Runs the fetching process within limits of time, disk and output, and reads its results."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from bot.fetch.messages import MEBIBYTE, FetchOrder, ItemResult
from bot.records import dataclass
from bot.sandbox.process_group import kill_group

_PACKAGE: Final = Path(__file__).resolve().parents[2]
LAUNCH: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from bot.fetch.child import main; main()"
)
"""The program of the process. `-I` keeps the working directory and the environment out of the
module search, so the package's location is an argument."""

_MAX_OUTPUT: Final = MEBIBYTE
_POLL_SECONDS: Final = 0.2
_MAX_MESSAGE: Final = 400
_TOO_LARGE: Final = ItemResult(-1, "limit", message="it is larger than allowed")


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """The process's environment and program, and its limits: seconds, and bytes on disk."""

    surroundings: Mapping[str, str]
    seconds: float
    staged: int
    launch: str = LAUNCH


def run(order: FetchOrder, options: ProcessOptions) -> Mapping[int, ItemResult]:
    """The results that the process reports before it exits or is killed at a limit, by item.

    A result under -1 is for every item without one. Never raises for what the process does. The
    results are hostile: only their form is checked here.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
            [sys.executable, "-I", "-c", options.launch, str(_PACKAGE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=dict(options.surroundings),
            close_fds=True,
            start_new_session=True,
        )
    except OSError:
        message = "the fetching process cannot be started"
        return {-1: ItemResult(-1, "failed", message=message)}
    with process:
        try:
            output, exceeded = _communicate(process, order, options)
        finally:
            kill_group(process)
    results = dict(_results(output, len(order.items)))
    return results if exceeded is None else {-1: exceeded, **results}


def _communicate(
    process: subprocess.Popen[bytes], order: FetchOrder, options: ProcessOptions
) -> tuple[bytearray, ItemResult | None]:
    """The process's output until it closes it, and the limit that ended it before, if any."""
    output = bytearray()
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process has no pipes")
    os.set_blocking(process.stdin.fileno(), False)
    unsent = msgspec.json.encode(order)
    measured = time.monotonic()
    deadline = measured + options.seconds
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdin, selectors.EVENT_WRITE)
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                message = f"it took longer than {options.seconds:.0f} seconds"
                return output, ItemResult(-1, "limit", message=message, passing=True)
            if time.monotonic() - measured > _POLL_SECONDS:
                if staged_bytes(Path(order.staging)) > options.staged:
                    return output, _TOO_LARGE
                measured = time.monotonic()
            for key, _ in selector.select(min(remaining, _POLL_SECONDS)):
                if key.fileobj is process.stdin:
                    unsent = _send(selector, process, unsent)
                    continue
                piece = os.read(key.fd, 1 << 16)
                output += piece
                if not piece or len(output) > _MAX_OUTPUT:
                    return output, None


def _send(selector: selectors.BaseSelector, process: subprocess.Popen[bytes], data: bytes) -> bytes:
    """Write as much as the process's standard input takes; the rest of the data."""
    if process.stdin is None:
        return b""
    try:
        data = data[os.write(process.stdin.fileno(), data) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        data = b""
    if not data:
        selector.unregister(process.stdin)
        process.stdin.close()
    return data


def staged_bytes(folder: Path) -> int:
    """The bytes below a folder to which another process may be writing."""
    total = 0
    folders = [os.fspath(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def _results(output: bytearray, items: int) -> Iterator[tuple[int, ItemResult]]:
    """The well-formed lines of the output that are about an existing item, messages cleaned."""
    for line in bytes(output).split(b"\n"):
        try:
            result = msgspec.json.decode(line, type=ItemResult)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        if -1 <= result.item < items:
            message = "".join(char for char in result.message if char.isprintable())
            yield result.item, msgspec.structs.replace(result, message=message[:_MAX_MESSAGE])
