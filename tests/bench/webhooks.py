"""How fast `fairlead serve` answers deliveries while it reviews, and how many jobs are left.

A stand-in GitHub is behind the service; deliveries of four pull requests arrive at a fixed rate.
Another installation of Fairlead can be measured in the same run, to compare with.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from bot.standin import StandIn
from bot.standin.accounts import App, Installation
from bot.standin.repositories import StandInRepository
from bot.standin.service_process import ServiceProcess, wait_until

PULLS: Final = 4
PATIENCE: Final = 10.0
"""Seconds after which GitHub gives a delivery up.

https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks
"""
_ENDS: Final = 60.0
"""Seconds that a service has to end, before it is killed."""
_AT_ONCE: Final = "at-once"
"""The lane in which checks are announced."""


@dataclass(frozen=True, slots=True)
class WebhookRun:
    """Answers in milliseconds, and what waits when the last delivery was answered.

    `lost` deliveries were refused, or not answered within GitHub's patience, which counts as their
    time. `reviews` have not begun; `tasks` are these and the announcements of checks.
    """

    name: str
    median: float
    slowest: float
    lost: int
    reviews: int
    tasks: int
    cpu: float


def rows(pythons: Mapping[str, Path], deliveries: int, rate: float) -> Iterator[WebhookRun]:
    """The installations of these Python interpreters, by name."""
    for name, python in pythons.items():
        with tempfile.TemporaryDirectory() as folder:
            yield _measured(name, python, Path(folder), deliveries, rate)


def _measured(name: str, python: Path, folder: Path, deliveries: int, rate: float) -> WebhookRun:
    with StandIn(folder / "github") as github:
        app = github.create_app()
        repository = github.create_repository("example/gitops", {"a.yaml": b"a: b\n"})
        installation = github.install(app, repository)
        for number in range(PULLS):
            github.commit(repository, f"change-{number}", {f"{number}.yaml": b"a: b\n"})
            github.open_pull_request(repository, f"change-{number}")
        service = start_service(python, folder, app, github.api_url)
        try:
            seconds = _send(service, app, (installation, repository), deliveries, rate)
            left = _left(folder / "data" / "queue.sqlite")
        finally:
            cpu = _end(service)
    ordered = sorted(second * 1000 for second in seconds)
    lost = sum(second >= PATIENCE for second in seconds)
    return WebhookRun(
        name,
        statistics.median(ordered),
        ordered[int(len(ordered) * 0.99)],
        lost,
        sum(lane != _AT_ONCE for lane in left),
        len(left),
        cpu,
    )


def _end(service: ServiceProcess) -> float:
    """The CPU seconds of a service that is asked to end, and killed where it does not."""
    service.process.terminate()
    killer = threading.Timer(_ENDS, service.process.kill)
    killer.start()
    _, _, usage = os.wait4(service.process.pid, 0)
    killer.cancel()
    service.process.returncode = 0
    return usage.ru_utime + usage.ru_stime


def _send(
    service: ServiceProcess,
    app: App,
    target: tuple[Installation, StandInRepository],
    deliveries: int,
    rate: float,
) -> list[float]:
    """The seconds of each answer; every delivery is sent at its time, however slow the others."""
    installation, repository = target
    seconds: list[float] = []
    lock, begun = threading.Lock(), time.monotonic()

    def send(number: int) -> None:
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        pull = number % PULLS + 1
        body = json.dumps(
            {
                "action": "synchronize",
                "number": pull,
                "before": f"{number:040x}",
                "installation": {"id": installation.id},
                "repository": {"id": repository.id, "full_name": repository.full_name},
                "pull_request": {"number": pull, "filler": "x" * 20_000},
            }
        ).encode()
        signature = hmac.new(app.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
        sent = time.monotonic()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "pull_request",
            "X-GitHub-Delivery": f"{number:08x}-0000",
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        try:
            answer = requests.post(
                f"{service.url}/webhook", data=body, headers=headers, timeout=PATIENCE
            )
            taken = answer.status_code == requests.codes.accepted
        except requests.RequestException:
            taken = False
        with lock:
            # What is refused at once is as lost as what is never answered.
            seconds.append(min(time.monotonic() - sent, PATIENCE) if taken else PATIENCE)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(deliveries)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds


def start_service(python: Path, folder: Path, app: App, api_url: str) -> ServiceProcess:
    """`fairlead serve` of an installation, once it answers."""
    log = folder / "service.log"
    with log.open("xb") as output:
        process = subprocess.Popen(
            [python, "-P", "-c", "from bot.cli import main; main()", "serve"],
            env={
                "APP_ID": str(app.id),
                "PRIVATE_KEY": app.private_key,
                "WEBHOOK_SECRET": app.webhook_secret,
                "GITHUB_API_URL": api_url,
                "PORT": "0",
                "ADMIN_PORT": "0",
                "DATA_DIR": str(folder / "data"),
                "FAIRLEAD_ALLOW_NO_SANDBOX": "true",
            },
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    service = ServiceProcess(process, log)
    wait_until(lambda: service.started or process.poll() is not None)
    if not service.started:
        raise RuntimeError(log.read_text())
    return service


def _left(queue: Path) -> list[str]:
    """The lanes of the tasks that have not begun; read from the file, which any version has."""
    lanes = (_AT_ONCE, "pull-requests", "bots")
    with closing(sqlite3.connect(queue)) as connection:
        rows = connection.execute(
            "select queue_name from workflow_status where status in ('ENQUEUED', 'DELAYED')"
        ).fetchall()
    return [lane for (lane,) in rows if lane in lanes]
