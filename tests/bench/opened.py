"""From pull requests, opened at a fixed rate, to their concluded checks in a running service."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from bot.standin import StandIn
from bot.standin.repositories import StandInRepository
from tests.bench.installations import Tool
from tests.bench.repositories import SEED, small_files
from tests.bench.webhooks import start_service

OWNERS: Final = 10
"""Organisations, so that no limit of GitHub for one installation is what is measured."""

RATE: Final = 5.0
"""Pull requests opened in a second."""

_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """Seconds from opening a pull request to its concluded check: median and 99th percentile.

    `cpu` are CPU seconds of the service and all that it starts, a pull request.
    """

    name: str
    median: float
    slowest: float
    cpu: float


def rows(fairlead: list[Tool], manifests: int, pulls: int) -> Iterator[OpenedRun]:
    """A row for each installation; `pulls` are the pull requests of each organisation."""
    for tool in fairlead:
        with tempfile.TemporaryDirectory() as folder:
            yield _measured(tool, Path(folder), manifests, pulls)


def _measured(tool: Tool, folder: Path, manifests: int, pulls: int) -> OpenedRun:
    files = dict(small_files(manifests, Random(SEED)))  # noqa: S311 - the same each time
    contents = {path: text.encode() for path, text in files.items()}
    with StandIn(folder / "github") as github:
        app = github.create_app()
        repositories = [
            github.create_repository(f"example-{number}/gitops", contents)
            for number in range(OWNERS)
        ]
        for repository in repositories:
            for number in range(pulls + 1):
                github.commit(repository, f"change-{number}", _change(files, number))
        service = start_service(tool.path.with_name("python"), folder, app, github.api_url)
        try:
            github.set_webhook(app, f"{service.url}/webhook")
            for repository in repositories:
                github.install(app, repository)
                _seconds(github, repository, 0)
            spent = _cpu_of(service.process.pid)
            seconds = _opened(github, repositories, pulls)
            spent = _cpu_of(service.process.pid) - spent
        finally:
            service.process.terminate()
            service.process.wait()
    ordered = sorted(seconds)
    slowest = ordered[int(len(ordered) * 0.99)]
    return OpenedRun(tool.title, statistics.median(ordered), slowest, spent / len(ordered))


def _change(files: dict[str, str], number: int) -> dict[str, bytes]:
    deployments = [path for path in files if path.endswith("/deployment.yaml")]
    path = deployments[number]
    return {path: files[path].replace("replicas: 2", f"replicas: {number + 3}").encode()}


def _opened(github: StandIn, repositories: list[StandInRepository], pulls: int) -> list[float]:
    """The seconds of each; every one is opened at its time, however slow the others are."""
    begun = time.monotonic()

    def opened(order: int) -> float:
        time.sleep(max(0.0, begun + order / RATE - time.monotonic()))
        repository = repositories[order % OWNERS]
        return _seconds(github, repository, order // OWNERS + 1)

    orders = range(OWNERS * pulls)
    with ThreadPoolExecutor(len(orders)) as threads:
        return list(threads.map(opened, orders))


def _seconds(github: StandIn, repository: StandInRepository, number: int) -> float:
    """The seconds from opening the pull request of this branch until its check is concluded."""
    begun = time.monotonic()
    pull = github.open_pull_request(repository, f"change-{number}")
    if github.wait_for_check(pull, timeout=_SECONDS) is None:
        raise RuntimeError("a check was not concluded: what failed is not measured")
    return time.monotonic() - begun


def _cpu_of(pid: int) -> float:
    """CPU seconds of a process and of the descendants that live or that it has waited for."""
    ticks, every = 0, _children()
    pending = [pid]
    while pending:
        process = pending.pop()
        ticks += sum(every[process][1])
        pending += [child for child, (parent, _) in every.items() if parent == process]
    return ticks / os.sysconf("SC_CLK_TCK")


def _children() -> dict[int, tuple[int, tuple[int, ...]]]:
    """The parent of each process, and its clock ticks with those of its ended children."""
    processes = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: after the name in
            # parentheses, the second field is the parent and the twelfth to fifteenth are ticks.
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        processes[int(path.parent.name)] = (int(fields[1]), tuple(map(int, fields[11:15])))
    return processes
