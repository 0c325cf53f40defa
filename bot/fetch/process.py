"""One run of the process that fetches, from start to end: bounded, and heard while it runs."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from bot.fetch.messages import MEBIBYTE, FetchOrder, Said

_PACKAGE: Final = Path(__file__).resolve().parents[2]
LAUNCH: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from bot.fetch.child import main; main()"
)
"""What the process runs. `-I` keeps the working directory and the environment out of the module
search, so it is said where this package lies."""

_LARGEST_ANSWER: Final = MEBIBYTE
_GLANCE: Final = 0.2
_LONGEST_MESSAGE: Final = 400
_TOO_LARGE: Final = Said(-1, "limit", message="it is larger than what may be fetched")


@dataclass(frozen=True, slots=True)
class Run:
    """How the process is started, and what it may take: seconds of the clock, bytes on the disk."""

    surroundings: Mapping[str, str]
    seconds: float
    staged: int
    launch: str = LAUNCH


def run(ask: FetchOrder, how: Run) -> Mapping[int, Said]:
    """What the process says of each item that it comes to before it ends, or is ended.

    Never raises for what it does, never outlasts its limits. What it says is hostile.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
            [sys.executable, "-I", "-c", how.launch, str(_PACKAGE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=dict(how.surroundings),
            close_fds=True,
            start_new_session=True,
        )
    except OSError:
        return {-1: Said(-1, "failed", message="whoever fetches cannot be started")}
    with process:
        try:
            output, cut = _heard(process, msgspec.json.encode(ask), Path(ask.staging), how)
        finally:
            _end(process)
    found = dict(_said(output, len(ask.items)))
    return found if cut is None else {-1: cut, **found}


def _heard(
    process: subprocess.Popen[bytes], told: bytes, staging: Path, how: Run
) -> tuple[bytearray, Said | None]:
    """What it writes until it closes its output, and the limit that it met before."""
    output = bytearray()
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process has no pipes")
    os.set_blocking(process.stdin.fileno(), False)
    glanced = time.monotonic()
    deadline = glanced + how.seconds
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdin, selectors.EVENT_WRITE)
        waiting.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return output, Said(-1, "limit", message=f"it took longer than {how.seconds:.0f} s")
            if time.monotonic() - glanced > _GLANCE:
                if staged_bytes(staging) > how.staged:
                    return output, _TOO_LARGE
                glanced = time.monotonic()
            for key, _ in waiting.select(min(left, _GLANCE)):
                if key.fileobj is process.stdin:
                    told = _tell(waiting, process, told)
                    continue
                piece = os.read(key.fd, 1 << 16)
                output += piece
                if not piece or len(output) > _LARGEST_ANSWER:
                    return output, None


def _tell(waiting: selectors.BaseSelector, process: subprocess.Popen[bytes], told: bytes) -> bytes:
    """What is still to be told after what its pipe takes now."""
    if process.stdin is None:
        return b""
    try:
        told = told[os.write(process.stdin.fileno(), told) :]
    except BlockingIOError:
        return told
    except BrokenPipeError:
        told = b""
    if not told:
        waiting.unregister(process.stdin)
        process.stdin.close()
    return told


def staged_bytes(folder: Path) -> int:
    """The bytes below a folder that somebody writes to at the same time."""
    total = 0
    left = [os.fspath(folder)]
    while left:
        try:
            with os.scandir(left.pop()) as found:
                for entry in found:
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def _end(process: subprocess.Popen[bytes]) -> None:
    """Whatever is left of the process's group ends with it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()


def _said(output: bytearray, items: int) -> Iterator[tuple[int, Said]]:
    """What was said in lines, each about an item that there is, with text that can be shown."""
    for line in bytes(output).split(b"\n"):
        try:
            said = msgspec.json.decode(line, type=Said)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        if -1 <= said.item < items:
            message = "".join(sign for sign in said.message if sign.isprintable())
            yield said.item, msgspec.structs.replace(said, message=message[:_LONGEST_MESSAGE])
