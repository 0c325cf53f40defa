"""One command as a whole process: CPU seconds and the largest resident size."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KIB_PER_MIB: Final = 1024
FINISHED: Final = (0, 1)
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


def run(command: Sequence[str | Path], folder: Path, environment: dict[str, str]) -> Run:
    """Run a command to its end, its output thrown away.

    Raises RuntimeError where it is neither done nor blocked: what failed is not measured.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**_INHERITED, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # wait4 has reaped it already
    if process.returncode not in FINISHED:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KIB_PER_MIB)


def median(runs: Sequence[Run]) -> Run:
    """The run that has the median of each figure."""
    return Run(
        statistics.median(held.cpu for held in runs),
        statistics.median(held.peak for held in runs),
    )


def fairlead() -> Path:
    """The command that stands beside this interpreter."""
    return Path(sys.executable).with_name("fairlead")
