"""A review in the service, beyond git and GitHub: both halves of the analysis, base in the cache.

The child is a copy of the template, which has imported everything, as in the service.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.analysis.process.parent import AnalysisOptions, ComparedTree, analyse
from bot.analysis.process.template_client import Template
from bot.core.policy.model import Policy
from bot.git import Repository
from tests.bench.repositories import make_repository

_REVIEWS: Final = 20


@dataclass(frozen=True, slots=True)
class ServiceRun:
    """CPU seconds of one review: of the service's own process and of the child."""

    manifests: int
    parent: float
    child: float


def rows(sizes: list[int]) -> Iterator[ServiceRun]:
    """A row for each number of manifests, with 20 changed files."""
    for manifests in sizes:
        with tempfile.TemporaryDirectory() as name:
            make_repository(Path(name), manifests)
            yield _measured(Path(name), manifests)


def _measured(folder: Path, manifests: int) -> ServiceRun:
    repository = Repository(folder)
    commits = [repository.resolve(name) for name in ("base", "head")]
    with repository.blobs() as blobs, Template() as template:
        sides = [ComparedTree(repository.tree(commit), blobs, commit) for commit in commits]
        options = AnalysisOptions(cache=folder / "cache", start=template.start)
        analyse(sides[0], sides[1], Policy(), options)
        own, children = time.process_time(), _children_of(template)
        for _ in range(_REVIEWS):
            analyse(sides[0], sides[1], Policy(), options)
        own, children = time.process_time() - own, _children_of(template) - children
    return ServiceRun(manifests, own / _REVIEWS, children / _REVIEWS)


def _children_of(template: Template) -> float:
    """CPU seconds of the copies of a template that have ended."""
    # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: cutime and cstime.
    fields = Path(f"/proc/{template.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    return sum(map(int, fields.split()[13:15])) / os.sysconf("SC_CLK_TCK")
