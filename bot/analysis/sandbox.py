"""The sandbox of a process that reads hostile content: Landlock and seccomp, for Linux.

Both take away for good what the process itself no longer needs; neither needs a privilege, so both
work for an unprivileged user in an ordinary container. Nothing here reads a byte of content.
https://docs.kernel.org/userspace-api/landlock.html
https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from dataclasses import dataclass
from typing import Final

from bot.analysis.syscalls import ARCHITECTURES, Architecture
from bot.errors import AnalysisError

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SIGKILL: Final = 9

# The numbers of these are the same on every architecture.
_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_VERSION: Final = 1
# Access rights by ABI: files 1 to 13, REFER (2), TRUNCATE (3), IOCTL_DEV (5); TCP (4); scopes (6).
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NETWORK_SINCE: Final = 4
_SCOPES_SINCE: Final = 6

_SECCOMP_MODE_FILTER: Final = 2
_SECCOMP_GET_ACTION_AVAIL: Final = 2
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


@dataclass(frozen=True, slots=True)
class SandboxState:
    """What this machine offers: Landlock's ABI (0 for none) and whether seccomp filters work."""

    landlock: int
    seccomp: bool

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.landlock > 0 and self.seccomp

    def __str__(self) -> str:
        landlock = f"Landlock ABI {self.landlock}" if self.landlock else "no Landlock"
        return f"{landlock}, {'seccomp' if self.seccomp else 'no seccomp'}"


def sandbox_state() -> SandboxState:
    """What could be used here. Changes nothing."""
    if sys.platform != "linux":
        return SandboxState(0, seccomp=False)
    abi = _syscall(_LANDLOCK_CREATE_RULESET, 0, 0, _LANDLOCK_VERSION)
    machine = _machine()
    action = ctypes.c_uint32(_RET_ERRNO)
    seccomp = machine is not None and (
        _syscall(machine.seccomp, _SECCOMP_GET_ACTION_AVAIL, 0, ctypes.byref(action)) == 0
    )
    return SandboxState(max(abi, 0), seccomp)


def confine() -> SandboxState:
    """Take network, files, programs and other processes away from this process for good.

    Memory, threads and the files that are already open stay. Says what was there to be used;
    raises AnalysisError where the kernel offers something and then refuses it.
    """
    state = sandbox_state()
    if sys.platform != "linux":
        return state
    # Not to outlive the parent, and not to be read by another process of the same user.
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if state.landlock:
        _restrict_files(state.landlock)
    machine = _machine()
    if state.seccomp and machine is not None:
        _filter(machine)
    return state


def _restrict_files(abi: int) -> None:
    """A Landlock rule set that handles everything its ABI knows and allows nothing of it."""
    rights = (1 << _FILE_RIGHTS[min(abi, max(_FILE_RIGHTS))]) - 1
    network = 0b11 if abi >= _NETWORK_SINCE else 0
    scopes = 0b11 if abi >= _SCOPES_SINCE else 0
    attributes = struct.pack("=QQQ", rights, network, scopes)
    size = 8 if abi < _NETWORK_SINCE else 16 if abi < _SCOPES_SINCE else 24
    held = ctypes.create_string_buffer(attributes, len(attributes))
    rules = _syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(held), size, 0)
    if rules < 0 or _syscall(_LANDLOCK_RESTRICT_SELF, rules, 0, 0) != 0:
        raise AnalysisError("Landlock is there but refused the rules of the sandbox")
    os.close(rules)


def _filter(machine: Architecture) -> None:
    """A seccomp filter that refuses the calls that this process must not make."""
    program = _program(machine)
    code = ctypes.create_string_buffer(b"".join(program), 8 * len(program))
    header = struct.pack("@HxxxxxxP", len(program), ctypes.addressof(code))
    held = ctypes.create_string_buffer(header, len(header))
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(held))


def _program(machine: Architecture) -> list[bytes]:
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
    for number in machine.denied:
        program += [_step(_JUMP_IF_EQUAL, number, 0, 1), refuse]
    return [*program, _step(_RETURN, _RET_ALLOW)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _machine() -> Architecture | None:
    # A 32-bit interpreter on a 64-bit kernel makes calls by other numbers.
    return ARCHITECTURES.get(platform.machine()) if struct.calcsize("P") == 8 else None


def _prctl(option: int, value: int, more: int = 0) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_ulong(word) for word in (value, more, 0, 0)]
    if library.prctl(option, *words) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise AnalysisError(f"the sandbox cannot be set up: prctl {option}: {reason}")


def _syscall(number: int, *values: object) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    words = [ctypes.c_long(value) if isinstance(value, int) else value for value in values]
    return int(library.syscall(ctypes.c_long(number), *words))
