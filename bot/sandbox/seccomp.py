"""seccomp: which system calls a process can still make.

https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import platform
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.sandbox.calls import prctl, syscall
from bot.sandbox.syscalls import ARCHITECTURES, FETCHER_NEEDS, PROGRAM_NEEDS, Architecture

Purpose: TypeAlias = Literal["read", "render", "fetch"]
"""What a process is about to do: `read` from its pipes alone, become a program that renders, whose
files Landlock bounds, or `fetch` by the Internet, starting git."""

_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_GET_ACTION_AVAIL: Final = 2
_RET_KILL_PROCESS: Final = 0x80000000
_RET_ERRNO: Final = 0x00050000
_RET_ALLOW: Final = 0x7FFF0000
_EPERM: Final = 1
_ENOSYS: Final = 38
_CLONE_THREAD: Final = 0x00010000
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET.
_CLONE_NAMESPACES: Final = 0x7E020000
_AF_INET: Final = 2
_AF_INET6: Final = 10
_NEEDS: Final[Mapping[Purpose, tuple[str, ...]]] = MappingProxyType(
    {"read": (), "render": PROGRAM_NEEDS, "fetch": FETCHER_NEEDS}
)

_LOAD_WORD: Final = 0x20
_JUMP_IF_EQUAL: Final = 0x15
_JUMP_IF_AT_LEAST: Final = 0x35
_JUMP_IF_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
_X32_BIT: Final = 0x40000000
# struct seccomp_data: the call's number, the architecture, where it was made, its arguments.
_FIRST_ARGUMENT: Final = 16


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


def filter_calls(machine: Architecture, purpose: Purpose) -> None:
    """Refuse for good the calls that this process must not make."""
    allowed = frozenset(machine.numbers(_NEEDS[purpose]))
    denied = tuple(call for call in machine.denied if call not in allowed)
    steps = [*_known_calls(machine), *_started(machine, purpose)]
    if purpose == "fetch":
        steps += _internet_alone(machine)
    steps += _refused(denied)
    code = ctypes.create_string_buffer(b"".join(steps), 8 * len(steps))
    header = struct.pack("@HxxxxxxP", len(steps), ctypes.addressof(code))
    buffer = ctypes.create_string_buffer(header, len(header))
    prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(buffer))


def _known_calls(machine: Architecture) -> list[bytes]:
    """Another architecture's calls end the process; then the call's number is what is looked at."""
    return [
        _step(_LOAD_WORD, 4),
        _step(_JUMP_IF_EQUAL, machine.audit, 1, 0),
        _step(_RETURN, _RET_KILL_PROCESS),
        _step(_LOAD_WORD, 0),
        _step(_JUMP_IF_AT_LEAST, _X32_BIT, 0, 1),
        _step(_RETURN, _RET_KILL_PROCESS),
    ]


def _started(machine: Architecture, purpose: Purpose) -> list[bytes]:
    """What `clone` may start: threads, and where something is fetched processes, but no namespace.

    `clone3`, whose flags no filter can see, is said not to exist, so that the C library takes
    `clone`.
    """
    expected = (
        _step(_JUMP_IF_ANY_BIT, _CLONE_NAMESPACES, 1, 0)
        if purpose == "fetch"
        else _step(_JUMP_IF_ANY_BIT, _CLONE_THREAD, 0, 1)
    )
    return [
        _step(_JUMP_IF_EQUAL, machine.clone3, 0, 1),
        _step(_RETURN, _RET_ERRNO | _ENOSYS),
        _step(_JUMP_IF_EQUAL, machine.clone, 0, 4),
        _step(_LOAD_WORD, _FIRST_ARGUMENT),
        expected,
        _step(_RETURN, _RET_ALLOW),
        _REFUSE,
    ]


def _internet_alone(machine: Architecture) -> list[bytes]:
    """`socket` for the Internet's families: no socket of this machine, nothing of the kernel's."""
    (number,) = machine.numbers(("socket",))
    return [
        _step(_JUMP_IF_EQUAL, number, 0, 5),
        _step(_LOAD_WORD, _FIRST_ARGUMENT),
        _step(_JUMP_IF_EQUAL, _AF_INET, 1, 0),
        _step(_JUMP_IF_EQUAL, _AF_INET6, 0, 1),
        _step(_RETURN, _RET_ALLOW),
        _REFUSE,
    ]


def _refused(denied: tuple[int, ...]) -> list[bytes]:
    """What is denied is not permitted; everything else is."""
    steps = [step for call in denied for step in (_step(_JUMP_IF_EQUAL, call, 0, 1), _REFUSE)]
    return [*steps, _step(_RETURN, _RET_ALLOW)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


_REFUSE: Final = _step(_RETURN, _RET_ERRNO | _EPERM)
