"""The service as a process of its own, as the demonstration starts it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.standin.accounts import App

SECONDS: Final = 120.0
"""How long a person waits at most for one thing to happen."""

_STARTED: Final = ("listening", "working")
_COMMAND: Final = "from bot.cli import main; main()"


class Unexpected(Exception):  # noqa: N818 - what the demonstration says where it fails
    """Something did not go as expected; the message says what."""


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """`fairlead serve` or `worker` in a process of its own; its log is a file of JSON lines."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def started(self) -> bool:
        """Whether it accepts jobs."""
        return any(line.get("event") in _STARTED for line in self.lines())

    @property
    def url(self) -> str | None:
        """The address at which it listens, None before it does."""
        for line in self.lines():
            if line.get("event") == "listening":
                return f"http://127.0.0.1:{line['port']}"
        return None

    @property
    def admin_url(self) -> str | None:
        """The address of health and metrics, None before it listens."""
        for line in self.lines():
            if "admin_port" in line:
                return f"http://127.0.0.1:{line['admin_port']}"
        return None

    def lines(self) -> Iterator[Mapping[str, object]]:
        """What it logged until now."""
        for text in self.log.read_text(encoding="utf-8").splitlines():
            try:
                line = json.loads(text)
            except ValueError:  # the last line may be half written
                continue
            if isinstance(line, dict):
                yield line

    def stop(self) -> int:
        """Asks the process to end and waits for it. Returns its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def start_service(
    directory: Path, app: App, api_url: str, more: Mapping[str, str], command: str = "serve"
) -> ServiceProcess:
    """The real service for this App, listening on a free port. `more` are further settings.

    The next process with the same `directory` continues from what this one left there.
    """
    directory.mkdir(parents=True, exist_ok=True)
    key, secret = directory / "app.pem", directory / "webhook-secret"
    for path, text in ((key, app.private_key), (secret, app.webhook_secret)):
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    environment = {
        "APP_ID": str(app.id),
        "PRIVATE_KEY_FILE": str(key),
        "WEBHOOK_SECRET_FILE": str(secret),
        "GITHUB_API_URL": api_url,
        "PORT": "0",
        "ADMIN_PORT": "0",
        "DATA_DIR": str(directory / "data"),
        "PYTHONUTF8": "1",
        **more,
    }
    log = directory / f"service-{len(list(directory.glob('service-*.log')))}.log"
    with log.open("xb") as output:
        process = subprocess.Popen(  # noqa: S603 - this program itself
            [sys.executable, "-P", "-c", _COMMAND, command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    service = ServiceProcess(process, log)
    wait_until(lambda: service.started or process.poll() is not None)
    if not service.started:
        service.stop()
        last = log.read_text(encoding="utf-8").strip().splitlines()[-3:]
        raise Unexpected("the service did not start: " + " ".join(last))
    return service


def wait_until(holds: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Whether the condition became true in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
