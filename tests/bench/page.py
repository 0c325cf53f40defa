"""`docs/benchmarks.md`: what one run of `make bench` measured, on which machine, with what."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

from bot.version import describe

PAGE: Final = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_HEAD: Final = """\
# Benchmarks

`make bench` wrote this page: every figure is of one run on one machine. CPU seconds are those of
the whole process and of all that it starts (user and system), medians of {rounds} rounds in which
the programs alternate (20,000 manifests and checkov: one round). MiB are those of the largest
process. Compare ratios, not seconds: another machine, or the same one under load, gives other
seconds.

{machine}

The repositories are generated, the same each time (`tests/bench/repositories.py`), and packed as a
clone is. *Small*
manifests have 243 bytes on average, *large* ones 1.2 KB. Head changes 20 files. Fairlead compares
base with head; the other tools read head alone and answer other questions.
"""

Table: TypeAlias = tuple[str, Callable[[], str]]
"""The title of a table, and what measures and makes it."""


def table(
    title: str, columns: tuple[str, ...], rows_of: Callable[[], Iterable[tuple[str, ...]]]
) -> Table:
    """A table that is measured when it is asked for."""
    return title, lambda: section(title, columns, rows_of())


def write_page(rounds: int, sections: Iterable[str], notes: str) -> None:
    """Write the page."""
    text = _HEAD.format(rounds=rounds, machine="\n".join(_machine()))
    body = "\n\n".join(sections)
    PAGE.write_text(f"{text}\n{body}\n\n{notes}\n", encoding="utf-8")


def section(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table below a heading; the first column is text, the others are figures."""
    marks = ("---", *("--:" for _ in head[1:]))
    lines = [f"| {' | '.join(cells)} |" for cells in (head, marks, *rows)]
    return f"## {title}\n\n" + "\n".join(lines)


def left_out(missing: Mapping[str, str]) -> str:
    """What could not be measured, and why."""
    if not missing:
        return ""
    reasons = "\n".join(f"- {name}: {reason}" for name, reason in sorted(missing.items()))
    return f"## Left out\n\n{reasons}"


def _machine() -> Iterator[str]:
    yield "| | |"
    yield "| --- | --- |"
    yield f"| Measured | {datetime.now(UTC).date()} |"
    yield f"| Fairlead | {describe()} |"
    yield f"| Processor | {_processor()}, {os.cpu_count()} cores |"
    yield f"| Load before the run | {os.getloadavg()[1]:.1f} (mean of five minutes) |"
    yield f"| System | {platform.system()} {platform.machine()}, {_git()} |"
    yield f"| Python | {platform.python_implementation()} {platform.python_version()} |"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    named = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return " ".join(next(named, platform.machine() or sys.platform).split())


def _git() -> str:
    done = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()
