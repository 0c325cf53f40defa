"""From a push to the check in progress on its head, while the workers review other pushes."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.standin import StandIn
from bot.standin.repositories import StandInPullRequest
from tests.bench.installations import Tool
from tests.bench.webhooks import start_service

PULLS: Final = 8
_PAUSE: Final = 2.0
"""Seconds between two pushes: half a minute's writes that Fairlead allows one installation."""

_SECONDS: Final = 120.0
_POLL: Final = 0.005


@dataclass(frozen=True, slots=True)
class AnnouncementRun:
    """Seconds until the check was in progress, of `pushes` pushes."""

    name: str
    pushes: int
    median: float
    slowest: float


def rows(fairlead: list[Tool], pushes: int) -> Iterator[AnnouncementRun]:
    """A row for each installation."""
    for tool in fairlead:
        with tempfile.TemporaryDirectory() as folder:
            yield _measured(tool, Path(folder), pushes)


def _measured(tool: Tool, folder: Path, pushes: int) -> AnnouncementRun:
    with StandIn(folder / "github") as github:
        app = github.create_app()
        repository = github.create_repository("example/gitops", {"a.yaml": b"a: b\n"})
        service = start_service(tool.path.with_name("python"), folder, app, github.api_url)
        try:
            github.set_webhook(app, f"{service.url}/webhook")
            github.install(app, repository)
            pulls = []
            for number in range(PULLS):
                github.commit(repository, f"change-{number}", {f"{number}.yaml": b"a: b\n"})
                pulls.append(github.open_pull_request(repository, f"change-{number}"))
            for pull in pulls:
                github.wait_for_check(pull, timeout=_SECONDS)
            seconds = sorted(
                _announced(github, pulls[number % PULLS], number) for number in range(pushes)
            )
        finally:
            service.process.terminate()
            service.process.wait()
    at = int(len(seconds) * 0.99)
    return AnnouncementRun(tool.title, pushes, statistics.median(seconds), seconds[at])


def _announced(github: StandIn, pull: StandInPullRequest, number: int) -> float:
    """The seconds from a push until its head has a check run; then a pause before the next one."""
    content = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {{n: '{number}'}}\n"
    github.commit(pull.repository, pull.head_ref, {"pushed.yaml": content.encode()})
    begun = time.monotonic()
    end = begun + _SECONDS
    while github.check_run(pull) is None:
        if time.monotonic() > end:
            raise RuntimeError("a push was not announced: what failed is not measured")
        time.sleep(_POLL)
    seconds = time.monotonic() - begun
    time.sleep(max(0.0, _PAUSE - seconds))
    return seconds
