"""The system calls that Python has no function for."""

from __future__ import annotations

import ctypes
import os

from bot.errors import SandboxError


def prctl(option: int, value: int, more: int = 0) -> None:
    """Set an attribute of this process. Raises SandboxError where the kernel refuses."""
    library = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_ulong(word) for word in (value, more, 0, 0)]
    if library.prctl(option, *words) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise SandboxError(f"the sandbox cannot be set up: prctl {option}: {reason}")


def syscall(number: int, *values: object) -> int:
    """What the kernel answers to a call by number; -1 where it refuses."""
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    words = [ctypes.c_long(value) if isinstance(value, int) else value for value in values]
    return int(library.syscall(ctypes.c_long(number), *words))
