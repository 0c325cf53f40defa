"""The proof of a sandbox: a process confines itself and tries what must not be possible.

What a kernel offers and what it then holds are two things: a container's own filter, an emulated
kernel or a number of a call that is wrong here would show in this alone.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from bot.errors import SandboxError
from bot.sandbox.calls import syscall
from bot.sandbox.confine import SandboxState, confine, sandbox_state
from bot.sandbox.landlock import SCOPES_SINCE, Allowed
from bot.sandbox.seccomp import Purpose, this_machine

_PACKAGE: Final = Path(__file__).resolve().parents[2]
_START: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from bot.sandbox.proof import main; main(*sys.argv[2:])"
)
_TIMEOUT: Final = 30.0
# What a renderer must not and a fetcher must be able to do, and how it is said that it cannot.
_OWN_TO_FETCHERS: Final = MappingProxyType(
    {
        "the Internet can be reached": "the Internet cannot be reached by the fetching process",
        "a process can be started": "a process cannot be started by the fetching process",
    }
)
_CLONE_NEWUSER: Final = 0x10000000


@cache
def proved_state() -> SandboxState:
    """What this machine offers, and what of it does not hold when it is tried.

    Takes a fraction of a second, once in a process.
    """
    state = sandbox_state()
    if not state.complete:
        return state
    with tempfile.TemporaryDirectory(prefix="fairlead-proof-") as name:
        folder = Path(name)
        (folder / "tree").mkdir()
        (folder / "scratch").mkdir()
        (folder / "outside").write_text("outside", encoding="ascii")
        (folder / "tree" / "file").write_text("inside", encoding="ascii")
        return replace(state, broken=(*_broken(folder, "render"), *_broken(folder, "fetch")))


def _broken(folder: Path, purpose: Purpose) -> tuple[str, ...]:
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own code
            [sys.executable, "-I", "-S", "-c", _START, str(_PACKAGE), str(folder), purpose],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=True,
            env={},
        )
        failures = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ("the proof itself could not be carried out",)
    return tuple(map(str, failures))


def main(folder: str, purpose: Purpose) -> None:
    """Confine this process as one that renders, and then as one that reads, or as one that fetches.

    Prints what was possible each time.
    """
    top = Path(folder)
    try:
        failures = list(_as_fetcher(top) if purpose == "fetch" else _as_renderer_and_reader(top))
    except (SandboxError, OSError) as error:
        failures = [f"it could not be set up: {error}"]
    sys.stdout.write(json.dumps(failures))


def _as_renderer_and_reader(top: Path) -> Iterator[str]:
    confine(Allowed(read=(top / "tree",), write=(top / "scratch",), execute=()))
    yield from _lacking(_needed(top))
    yield from _possible(_forbidden(top))
    confine()
    yield from _possible({"a reader reads a file": (top / "tree" / "file").read_text})


def _as_fetcher(top: Path) -> Iterator[str]:
    state = confine(Allowed(read=(top / "tree",), write=(top / "scratch",), connect=(443,)))
    permitted = dict(_OWN_TO_FETCHERS)
    if state.landlock < SCOPES_SINCE:
        permitted["another process can be signalled"] = ""
    needed = {name: attempt for name, attempt in _forbidden(top).items() if permitted.get(name)}
    yield from _lacking(
        {**_needed(top), **{permitted[name]: attempt for name, attempt in needed.items()}}
    )
    tries = {name: attempt for name, attempt in _forbidden(top).items() if name not in permitted}
    for name in _possible(tries):
        yield f"{name} by the fetching process"


def _needed(top: Path) -> Mapping[str, Callable[[], object]]:
    """What a renderer cannot do without."""
    return {
        "the tree cannot be read": (top / "tree" / "file").read_text,
        "the scratch folder cannot be written": lambda: (top / "scratch" / "a").write_text("a"),
    }


def _forbidden(top: Path) -> Mapping[str, Callable[[], object]]:
    """What must not be possible, by how it is said that it was."""
    return {
        "a file outside can be read": (top / "outside").read_text,
        "the root directory can be listed": lambda: os.listdir("/"),  # noqa: PTH208 - the call itself
        "another process can be read": Path(f"/proc/{os.getppid()}/environ").read_bytes,
        "the tree can be written": lambda: (top / "tree" / "a").write_text("a"),
        "a link can lead out of the tree": lambda: _linked(top),
        "the Internet can be reached": lambda: socket.socket(socket.AF_INET),
        "sockets of this machine can be reached": lambda: socket.socket(socket.AF_UNIX),
        "a program can be started": lambda: os.execv(sys.executable, [sys.executable, "-V"]),  # noqa: S606
        "a process can be started": _forked,
        "another process can be signalled": lambda: os.kill(os.getppid(), 0),
        "a namespace can be made": _unshared,
    }


def _linked(top: Path) -> None:
    link = top / "scratch" / "link"
    link.symlink_to(top / "outside")
    link.read_text()


def _unshared() -> None:
    machine = this_machine()
    for number in machine.numbers(("unshare",)) if machine else ():
        if syscall(number, _CLONE_NEWUSER) < 0:
            raise PermissionError


def _forked() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _possible(tries: Mapping[str, Callable[[], object]]) -> Iterator[str]:
    for name, attempt in tries.items():
        try:
            attempt()
        except OSError:
            continue
        yield name


def _lacking(tries: Mapping[str, Callable[[], object]]) -> Iterator[str]:
    for name, attempt in tries.items():
        try:
            attempt()
        except OSError:
            yield name
