"""The system calls that a process that reads hostile content has no business with, by number.

From the kernel's own tables, arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h (aarch64), which never change a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.sandbox.denied_syscalls import DENIED


@dataclass(frozen=True, slots=True)
class Architecture:
    """One architecture: how the kernel names it to a filter, and its numbers."""

    audit: int
    clone: int
    clone3: int
    seccomp: int
    column: int

    def numbers(self, names: Iterable[str]) -> tuple[int, ...]:
        """The numbers of these calls, without those that this architecture does not have."""
        numbers = (DENIED[name][self.column] for name in names)
        return tuple(number for number in numbers if number is not None)

    @property
    def denied(self) -> tuple[int, ...]:
        """The numbers of every call that a process with two pipes has no business with."""
        return self.numbers(DENIED)


PROGRAM_NEEDS: Final = (
    "open",
    "openat",
    "openat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "truncate",
    "execve",
    "tgkill",
    "prlimit64",
)
"""What a renderer needs beside: files, which Landlock bounds; itself; signals to its threads."""

FETCHER_NEEDS: Final = (
    *PROGRAM_NEEDS,
    "socket",
    "socketpair",
    "connect",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "recvmsg",
    "creat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "rmdir",
    "chmod",
    "fchmod",
    "fchmodat",
    "utime",
    "utimes",
    "utimensat",
    "chdir",
    "fchdir",
    "fork",
    "vfork",
    "kill",
)
"""What a process that fetches needs beside: the Internet, git, and the files that git writes.

Landlock bounds the files, the ports and, from its ABI 6, who is signalled."""

ARCHITECTURES: Final[Mapping[str, Architecture]] = MappingProxyType(
    {
        "x86_64": Architecture(0xC000003E, clone=56, clone3=435, seccomp=317, column=0),
        "aarch64": Architecture(0xC00000B7, clone=220, clone3=435, seccomp=277, column=1),
    }
)
