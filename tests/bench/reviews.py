"""Whole processes on generated repositories: reviews of two builds, beside other tools.

The rounds alternate, so that what else the machine does meets all of them alike.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.installations import Tool
from tests.bench.measure import Run, median, run
from tests.bench.repositories import Shape, make_repository

WARM: Final = "review, base in the cache"
"""The row of a second review."""

_YARDSTICK: Final = """
import pathlib, yaml
for path in pathlib.Path("clusters").rglob("*.yaml"):
    list(yaml.load_all(path.read_bytes(), yaml.CSafeLoader))
"""
SLOWEST: Final = "checkov"
"""Measured once: it takes minutes, and varies by far less than it differs."""

# What each tool is told, about the folder with the manifests. None of them knows a base.
_WORDS: Final = {
    "kube-score": ("score", "--output-format", "ci"),
    "kubeconform": ("-schema-location", "{folder}/none/{{ .ResourceKind }}.json",
                    "-ignore-missing-schemas", "-output", "json"),
    "kube-linter": ("lint", "clusters"),
    "checkov": ("--directory", "clusters", "--framework", "kubernetes", "--quiet", "--compact"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement: of what, and beside the baseline's in the same rounds (None: no such)."""

    what: str
    measured: Run
    baseline: Run | None


def rows(
    manifests: int, shape: Shape, rounds: int, fairlead: Sequence[Tool], others: Sequence[Tool]
) -> Iterator[Row]:
    """The rows of one generated repository. `fairlead` is this checkout, then the baseline."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_repository(folder, manifests, shape)
        cold: dict[str, list[Run]] = {tool.title: [] for tool in fairlead}
        warm: dict[str, list[Run]] = {tool.title: [] for tool in fairlead}
        floor: list[Run] = []
        beside: dict[str, list[Run]] = {tool.title: [] for tool in others}
        for number in range(rounds):
            for place, tool in enumerate(fairlead):
                cache = {"XDG_CACHE_HOME": str(folder / f"cache-{place}-{number}")}
                command = (tool.path, "review", "base", "head", "--format", "json")
                cold[tool.title].append(run(command, folder, cache))
                warm[tool.title].append(run(command, folder, cache))
            floor.append(run((sys.executable, "-c", _YARDSTICK), folder, {}))
            for tool in others:
                program = tool.title.partition(" ")[0]
                if number == 0 or program != SLOWEST:
                    beside[tool.title].append(_other(tool, program, folder))
        yield _row("review, nothing cached", cold, fairlead)
        yield _row(WARM, warm, fairlead)
        yield Row("PyYAML's C loader reads every file", median(floor), None)
        for title, runs in beside.items():
            yield Row(f"{title} on every file", median(runs), None)


def _row(what: str, runs: dict[str, list[Run]], fairlead: Sequence[Tool]) -> Row:
    this, *old = (median(runs[tool.title]) for tool in fairlead)
    return Row(what, this, old[0] if old else None)


def _other(tool: Tool, program: str, folder: Path) -> Run:
    words = [word.replace("{folder}", str(folder)) for word in _WORDS[program]]
    if program in {"kube-score", "kubeconform"}:
        words += sorted(str(path) for path in folder.glob("clusters/**/*.yaml"))
    return run((tool.path, *words), folder, {})


def starts(fairlead: Sequence[Tool], rounds: int) -> Iterator[Row]:
    """What it costs to say a version and to list the rules."""
    for words in (("--version",), ("rules",)):
        runs: dict[str, list[Run]] = {tool.title: [] for tool in fairlead}
        for _ in range(3 * rounds):
            for tool in fairlead:
                runs[tool.title].append(run((tool.path, *words), Path.cwd(), {}))
        yield _row(f"`fairlead {' '.join(words)}`", runs, fairlead)


def available(
    makers: dict[str, Callable[[Path], Tool]], folder: Path
) -> tuple[list[Tool], dict[str, str]]:
    """The programs that could be built, and why the others could not."""
    from tests.bench.installations import Unavailable  # noqa: PLC0415

    tools, missing = [], {}
    for name, make in makers.items():
        try:
            tools.append(make(folder))
        except Unavailable as reason:
            missing[name] = str(reason)
    return tools, missing
