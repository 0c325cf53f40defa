"""From a push to the concluded check, in a running service beside a stand-in GitHub."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from bot.standin import StandIn
from tests.bench.installations import Tool
from tests.bench.repositories import SEED, small_files
from tests.bench.webhooks import start_service

_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class PushRun:
    """Seconds from a push to the concluded check: of the first, the median and the slowest.

    `cpu` are CPU seconds of the service and all that it starts, a push.
    """

    name: str
    first: float
    median: float
    slowest: float
    cpu: float


def rows(fairlead: list[Tool], manifests: int, pushes: int) -> Iterator[PushRun]:
    """A row for each installation."""
    for tool in fairlead:
        with tempfile.TemporaryDirectory() as folder:
            yield _measured(tool, Path(folder), manifests, pushes)


def _measured(tool: Tool, folder: Path, manifests: int, pushes: int) -> PushRun:
    files = dict(small_files(manifests, Random(SEED)))  # noqa: S311 - the same each time
    deployment = next(path for path in files if path.endswith("/deployment.yaml"))
    with StandIn(folder / "github") as github:
        app = github.create_app()
        contents = {path: text.encode() for path, text in files.items()}
        repository = github.create_repository("example/gitops", contents)
        service = start_service(tool.path.with_name("python"), folder, app, github.api_url)
        seconds = []
        try:
            github.set_webhook(app, f"{service.url}/webhook")
            github.install(app, repository)
            for number in range(pushes + 1):
                text = files[deployment].replace("replicas: 2", f"replicas: {number + 3}")
                begun = time.monotonic()
                github.commit(repository, "change", {deployment: text.encode()})
                if number == 0:
                    pull = github.open_pull_request(repository, "change")
                if github.wait_for_check(pull, timeout=_SECONDS) is None:
                    raise RuntimeError("a check was not concluded: what failed is not measured")
                seconds.append(time.monotonic() - begun)
        finally:
            service.process.terminate()
            _, _, usage = os.wait4(service.process.pid, 0)
            service.process.returncode = 0
    cpu = (usage.ru_utime + usage.ru_stime) / len(seconds)
    later = sorted(seconds[1:])
    return PushRun(tool.title, seconds[0], statistics.median(later), later[-1], cpu)
