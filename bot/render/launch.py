"""The program that limits and confines itself and then executes a renderer.

It is a program, not a function after fork: a process with threads must not run Python between fork
and exec. It uses only the standard library, so it starts without site packages.
"""

from __future__ import annotations

import json
import os
import resource
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from bot.errors import SandboxError
from bot.sandbox import Allowed, confine

NOT_CONFINED: Final = 72
"""The exit status where the sandbox could not be set up; the renderer did not run."""

_MEBIBYTE: Final = 1024 * 1024
_PT_INTERP: Final = 3
_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")


@dataclass(frozen=True, slots=True)
class Launch:
    """One run of a renderer: the command, the folders it may read and write, and its limits.

    `memory` limits allocated bytes, not address space, which Go programs reserve by the gigabyte.
    `cpu` is in seconds. With `confined`, nothing runs without a complete sandbox.
    """

    command: tuple[str, ...]
    folder: str
    read: tuple[str, ...]
    write: tuple[str, ...]
    memory: int
    cpu: int
    largest_file: int
    confined: bool


def main(encoded: str) -> NoReturn:
    """Become the renderer that `encoded` (JSON) describes."""
    launch = Launch(**json.loads(encoded))
    os.chdir(launch.folder)
    _limit(launch)
    binary = Path(launch.command[0])
    allowed = Allowed(
        read=(*map(Path, launch.read), *_readable(binary)),
        write=tuple(map(Path, launch.write)),
        execute=(binary, *_libraries(binary)),
    )
    try:
        state = confine(allowed)
    except (SandboxError, OSError):
        os._exit(NOT_CONFINED)
    if launch.confined and not state.complete:
        os._exit(NOT_CONFINED)
    scratch = launch.write[0] if launch.write else launch.folder
    environment = {
        "HOME": scratch,
        "TMPDIR": scratch,
        "GOMEMLIMIT": str(launch.memory * 7 // 10),
        "GOMAXPROCS": "2",
        "GOTRACEBACK": "none",
    }
    os.execve(binary, launch.command, environment)  # noqa: S606 - a renderer by its full path


def _limit(launch: Launch) -> None:
    for name, most in (
        (resource.RLIMIT_CPU, launch.cpu),
        (resource.RLIMIT_DATA, launch.memory),
        (resource.RLIMIT_AS, max(8 * 1024 * _MEBIBYTE, 8 * launch.memory)),
        (resource.RLIMIT_FSIZE, launch.largest_file),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(name)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (bound, bound))


def _libraries(binary: Path) -> tuple[Path, ...]:
    """The library folders that a dynamically linked program must be able to map."""
    if not _is_dynamic(binary):
        return ()
    return tuple(path for name in _LIBRARIES if (path := Path(name)).exists())


def _readable(binary: Path) -> tuple[Path, ...]:
    return tuple(path for path in _libraries(binary) if path.is_dir())


def _is_dynamic(binary: Path) -> bool:
    """Whether an ELF file names an interpreter (a program header of type PT_INTERP)."""
    with binary.open("rb") as file:
        head = file.read(64)
        if head[:5] != b"\x7fELF\x02":
            return True
        start, size, count = (
            struct.unpack_from("<Q", head, 32)[0],
            *struct.unpack_from("<HH", head, 54),
        )
        for number in range(count):
            file.seek(start + number * size)
            if struct.unpack("<I", file.read(4))[0] == _PT_INTERP:
                return True
    return False
