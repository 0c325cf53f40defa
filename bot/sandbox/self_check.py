"""What a confined process can still do that it must not: tried by itself, in well under 1 ms."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

_NOWHERE: Final = "/nonexistent"


def still_possible() -> Iterator[str]:
    """Each thing that should be forbidden and is not, as a sentence. Call it once confined.

    It proves the confinement of this very process, where `proved_state` proves that of the machine.
    """
    for sentence, attempt in _ATTEMPTS.items():
        try:
            attempt()
        except PermissionError:
            continue
        except OSError as error:
            # Only a refusal counts: that something is not there was found out by looking.
            yield f"{sentence} ({error.strerror})"
        else:
            yield sentence


def _fork() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


_ATTEMPTS: Final[Mapping[str, Callable[[], object]]] = MappingProxyType(
    {
        "the root directory can be listed": lambda: os.listdir("/"),  # noqa: PTH208 - the call itself
        "a file can be read": lambda: os.open(__file__, os.O_RDONLY),
        "the Internet can be reached": lambda: socket.socket(socket.AF_INET).close(),
        "sockets of this machine can be reached": lambda: socket.socket(socket.AF_UNIX).close(),
        "a program can be started": lambda: os.execv(_NOWHERE, [_NOWHERE]),  # noqa: S606 - never succeeds
        "a process can be started": _fork,
        "another process can be signalled": lambda: os.kill(os.getppid(), 0),
    }
)
