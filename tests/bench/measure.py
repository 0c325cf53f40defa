"""One command as a whole process: CPU seconds and the largest resident size."""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KIB_PER_MIB: Final = 1024
FINISHED: Final = (0, 1)
# Linux counts the largest size of whatever forked a process to that process, so a small one forks.
_LAUNCHER: Final = """
import json, os, sys
pid = os.fork()
if pid == 0:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
cpu = usage.ru_utime + usage.ru_stime
print(json.dumps([os.waitstatus_to_exitcode(status), cpu, usage.ru_maxrss]))
"""
# Where bytecode is not written, every start compiles the whole program again; a path for modules
# would measure one installation as the other.
_INHERITED: Final = {
    name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
}


@dataclass(frozen=True, slots=True)
class Run:
    """CPU seconds (user and system) of a process and its children, MiB of the largest of them."""

    cpu: float
    peak: float


def run(
    command: Sequence[str | Path],
    folder: Path,
    environment: dict[str, str],
    finished: Container[int] = FINISHED,
) -> Run:
    """Run a command to its end, its output thrown away.

    Raises RuntimeError where it ends with another status than these: what failed is not measured.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, *map(str, command)],
        cwd=folder,
        env={**_INHERITED, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    code, cpu, peak = json.loads(done.stdout)
    if code not in finished:
        raise RuntimeError(f"{command[0]} ended with {code}")
    return Run(cpu, peak / KIB_PER_MIB)


@contextmanager
def no_collector() -> Iterator[None]:
    """No garbage is collected, as in the process that makes a review: it ends with the review."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()


def median(runs: Sequence[Run]) -> Run:
    """The run that has the median of each figure."""
    return Run(
        statistics.median(held.cpu for held in runs),
        statistics.median(held.peak for held in runs),
    )


def fairlead() -> Path:
    """The command that stands beside this interpreter."""
    return Path(sys.executable).with_name("fairlead")
