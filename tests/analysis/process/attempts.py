"""What a child process under hostile control would try; runs as one, started by the tests."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from bot.analysis.process.child import _limit
from bot.analysis.process.messages import HEADER
from bot.sandbox import confine

LIBRARY = ctypes.CDLL(None, use_errno=True)


def _raise_if(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _thread() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.set)
    thread.start()
    thread.join()
    if not done.is_set():
        raise OSError


ATTEMPTS: dict[str, Callable[[], object]] = {
    "read a file": lambda: Path("/etc/passwd").read_bytes(),
    "list a directory": lambda: os.listdir("/"),  # noqa: PTH208 - the call itself
    "write a file": lambda: Path("/tmp/fairlead-escape").write_bytes(b"x"),  # noqa: S108
    "remove a file": lambda: os.unlink("/etc/hostname"),  # noqa: PTH108 - the call itself
    "read the parent's memory": lambda: Path(f"/proc/{os.getppid()}/mem").read_bytes(),
    "open an internet socket": lambda: socket.socket(socket.AF_INET),
    "open a local socket": lambda: socket.socket(socket.AF_UNIX),
    "make a socket pair": socket.socketpair,
    "run a program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606 - must be refused
    "fork": os.fork,
    "signal the parent": lambda: os.kill(os.getppid(), 0),
    "trace": lambda: _raise_if(LIBRARY.ptrace(0, 0, 0, 0)),
    "leave by namespaces": lambda: _raise_if(LIBRARY.unshare(0x10000000)),
    "set up io_uring": lambda: _raise_if(LIBRARY.syscall(425, 8, ctypes.create_string_buffer(120))),
    "load a program into the kernel": lambda: _raise_if(LIBRARY.syscall(321, 0, 0, 0)),
    "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_CPU, (9999, 9999)),
    "make a file in memory": lambda: os.memfd_create("x"),
}

ALLOWED: dict[str, Callable[[], object]] = {
    "allocate": lambda: bytes(20_000_000),
    "map memory": lambda: mmap.mmap(-1, 4096).close(),
    "start a thread": _thread,
}


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return type(error).__name__
    except ValueError:
        return "refused before the call"
    return "allowed"


def send(value: object) -> None:
    """Send a framed value to the parent."""
    body = msgspec.msgpack.encode(value)
    os.write(1, HEADER.pack(len(body)) + body)


def attempt_all(memory: int, seconds: int) -> None:
    """Try everything, and tell how it ended."""
    _limit(memory, seconds)
    names = ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_DATA")
    limits = {name: resource.getrlimit(getattr(resource, name))[1] for name in names}
    state = confine()
    outcomes = {name: _outcome(attempt) for name, attempt in (ATTEMPTS | ALLOWED).items()}
    send(
        {
            "outcomes": outcomes,
            "environment": dict(os.environ),
            "limits": limits,
            "complete": state.complete,
            "path": sys.path[0],
        }
    )
    signal.pause()
