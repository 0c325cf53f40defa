"""Reviews of the last commits of public repositories, each after the one before it.

Opt-in, as tests on public repositories are: bare clones named `OWNER+NAME` lie in one folder.
Every build has a cache of its own for each repository, which its first review fills.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from tests.bench.installations import Tool
from tests.bench.measure import FINISHED, run

REPOSITORIES: Final = (
    "onedr0p/home-ops",
    "bjw-s/home-ops",
    "operate-first/apps",
    "redhat-cop/gitops-catalog",
    "khuedoan/homelab",
)

# Public repositories name sources that are not fetched here, so reviews may be incomplete.
_FINISHED: Final = (*FINISHED, 3)


@dataclass(frozen=True, slots=True)
class CommitsRun:
    """CPU seconds of the reviews by one build, with the median and the 90th percentile."""

    name: str
    reviews: int
    median: float
    p90: float


def rows(fairlead: list[Tool], folder: Path, commits: int) -> Iterator[CommitsRun]:
    """For each repository, and for all together, a row for each build."""
    every: dict[str, list[float]] = {tool.title: [] for tool in fairlead}
    for repository in REPOSITORIES:
        seconds = _reviewed(fairlead, _clone(folder, repository), commits)
        for tool in fairlead:
            every[tool.title] += seconds[tool.title]
            yield _row(f"{repository}, {tool.title}", seconds[tool.title])
    for tool in fairlead:
        yield _row(f"together, {tool.title}", every[tool.title])


def _row(name: str, seconds: list[float]) -> CommitsRun:
    p90 = sorted(seconds)[int(len(seconds) * 0.9)]
    return CommitsRun(name, len(seconds), statistics.median(seconds), p90)


def _reviewed(fairlead: list[Tool], clone: Path, commits: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {tool.title: [] for tool in fairlead}
    with tempfile.TemporaryDirectory() as caches:
        for number, (base, head) in enumerate(pairwise(_last(clone, commits + 1))):
            for place, tool in enumerate(fairlead):
                command = (tool.path, "review", base, head, "--no-fetch", "--format", "json")
                cache = {"XDG_CACHE_HOME": str(Path(caches) / str(place))}
                # Nothing is cached of the first, whose review belongs to no push.
                cpu = run(command, clone, cache, _FINISHED).cpu
                seconds[tool.title] += [cpu] if number else []
    return seconds


def _last(clone: Path, count: int) -> list[str]:
    """The last commits along first parents that touch a manifest, oldest first."""
    log = subprocess.run(
        [
            *("git", "-C", str(clone), "log", "--first-parent", "--format=%H"),
            *(f"--max-count={count + 1}", "--", "*.yaml", "*.yml"),
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    return log.stdout.split()[::-1]


def _clone(folder: Path, repository: str) -> Path:
    flat = folder / repository.replace("/", "+")
    for place in (flat / "repo", flat):
        if (place / "objects").is_dir():
            return place
    raise FileNotFoundError(f"there is no bare clone {flat.name} in {folder}")
