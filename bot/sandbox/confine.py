"""What a process can be confined to on this machine, and the confining itself."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Final

from bot.sandbox.calls import prctl
from bot.sandbox.landlock import Allowed, landlock_version, restrict_files
from bot.sandbox.seccomp import Purpose, filter_calls, seccomp_available, this_machine

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_SIGKILL: Final = 9


@dataclass(frozen=True, slots=True)
class SandboxState:
    """What this machine offers: Landlock's ABI (0 for none) and whether seccomp filters work.

    `broken` is what was possible, or was not, against the sandbox when it was tried.
    """

    landlock: int
    seccomp: bool
    broken: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.landlock > 0 and self.seccomp and not self.broken

    def __str__(self) -> str:
        landlock = f"Landlock ABI {self.landlock}" if self.landlock else "no Landlock"
        seccomp = "seccomp" if self.seccomp else "no seccomp"
        broken = f", but {' and '.join(self.broken)}" if self.broken else ""
        return f"{landlock}, {seccomp}{broken}"


def sandbox_state() -> SandboxState:
    """What could be used here. Changes nothing."""
    if sys.platform != "linux":
        return SandboxState(0, seccomp=False)
    return SandboxState(landlock_version(), seccomp_available())


def confine(allowed: Allowed | None = None) -> SandboxState:
    """Take network, files, programs and other processes away from this process for good.

    Memory, threads and the files that are already open stay. With `allowed`, what is named there
    stays as well, and the process may become the program that it may execute. Says what was there
    to be used; raises SandboxError where the kernel offers something and then refuses it.
    """
    state = sandbox_state()
    if sys.platform != "linux":
        return state
    # Not to outlive the parent, and not to be read by another process of the same user.
    prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    prctl(_PR_SET_DUMPABLE, 0)
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if state.landlock:
        restrict_files(state.landlock, allowed or Allowed())
    machine = this_machine()
    if state.seccomp and machine is not None:
        filter_calls(machine, _purpose(allowed))
    return state


def end_with(parent: int) -> None:
    """End this process, a copy of the process `parent`, when that ends, or at once if it has."""
    if sys.platform == "linux":
        prctl(_PR_SET_PDEATHSIG, _SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _purpose(allowed: Allowed | None) -> Purpose:
    if allowed is None:
        return "read"
    return "fetch" if allowed.connect else "render"
