"""seccomp: which system calls a process can still make.

https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import platform
import struct
from typing import Final

from bot.sandbox.calls import prctl, syscall
from bot.sandbox.syscalls import ARCHITECTURES, PROGRAM_NEEDS, Architecture

_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_GET_ACTION_AVAIL: Final = 2
_RET_KILL_PROCESS: Final = 0x80000000
_RET_ERRNO: Final = 0x00050000
_RET_ALLOW: Final = 0x7FFF0000
_EPERM: Final = 1
_ENOSYS: Final = 38
_CLONE_THREAD: Final = 0x00010000

_LOAD_WORD: Final = 0x20
_JUMP_IF_EQUAL: Final = 0x15
_JUMP_IF_AT_LEAST: Final = 0x35
_JUMP_IF_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
_X32_BIT: Final = 0x40000000


def seccomp_available() -> bool:
    """Whether this kernel takes filters, and this architecture's calls are known here."""
    machine = this_machine()
    action = ctypes.c_uint32(_RET_ERRNO)
    return machine is not None and (
        syscall(machine.seccomp, _GET_ACTION_AVAIL, 0, ctypes.byref(action)) == 0
    )


def this_machine() -> Architecture | None:
    """The architecture that this process runs on, None where its calls are not known here."""
    # A 32-bit interpreter on a 64-bit kernel makes calls by other numbers.
    return ARCHITECTURES.get(platform.machine()) if struct.calcsize("P") == 8 else None


def filter_calls(machine: Architecture, *, program: bool) -> None:
    """Refuse for good the calls that this process must not make.

    `program`: it is about to become another program, which opens the files that Landlock leaves it.
    """
    allowed = frozenset(machine.numbers(PROGRAM_NEEDS)) if program else frozenset()
    steps = _program(machine, tuple(call for call in machine.denied if call not in allowed))
    code = ctypes.create_string_buffer(b"".join(steps), 8 * len(steps))
    header = struct.pack("@HxxxxxxP", len(steps), ctypes.addressof(code))
    held = ctypes.create_string_buffer(header, len(header))
    prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(held))


def _program(machine: Architecture, denied: tuple[int, ...]) -> list[bytes]:
    """The filter: another architecture's calls end the process, what is denied is not permitted.

    `clone` may start threads, nothing else; `clone3`, whose flags no filter can see, is said not
    to exist, so that the C library takes `clone`.
    """
    refuse = _step(_RETURN, _RET_ERRNO | _EPERM)
    program = [
        _step(_LOAD_WORD, 4),
        _step(_JUMP_IF_EQUAL, machine.audit, 1, 0),
        _step(_RETURN, _RET_KILL_PROCESS),
        _step(_LOAD_WORD, 0),
        _step(_JUMP_IF_AT_LEAST, _X32_BIT, 0, 1),
        _step(_RETURN, _RET_KILL_PROCESS),
        _step(_JUMP_IF_EQUAL, machine.clone3, 0, 1),
        _step(_RETURN, _RET_ERRNO | _ENOSYS),
        _step(_JUMP_IF_EQUAL, machine.clone, 0, 4),
        _step(_LOAD_WORD, 16),
        _step(_JUMP_IF_ANY_BIT, _CLONE_THREAD, 0, 1),
        _step(_RETURN, _RET_ALLOW),
        refuse,
    ]
    for number in denied:
        program += [_step(_JUMP_IF_EQUAL, number, 0, 1), refuse]
    return [*program, _step(_RETURN, _RET_ALLOW)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
