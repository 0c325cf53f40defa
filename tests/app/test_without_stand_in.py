"""The service runs without the stand-in and its libraries: its image leaves both out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bot.standin import StandIn
from bot.standin.service_process import ServiceProcess, wait_until
from tests.postgres import postgres

__all__ = ["postgres"]

HIDDEN = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "graphql" or name.startswith("bot.standin"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
from bot.cli import main
main()
"""


@contextmanager
def running(
    directory: Path, stand_in: StandIn, command: str, more: Mapping[str, str]
) -> Iterator[ServiceProcess]:
    app = stand_in.create_app()
    log = directory / "service.log"
    with log.open("xb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", HIDDEN, command],
            env={
                "APP_ID": str(app.id),
                "PRIVATE_KEY": app.private_key,
                "WEBHOOK_SECRET": "secret",
                "GITHUB_API_URL": stand_in.api_url,
                "PORT": "0",
                "ADMIN_PORT": "0",
                "DATA_DIR": str(directory / "data"),
                "FAIRLEAD_ALLOW_NO_SANDBOX": "true",
                "PYTHONUTF8": "1",
                **more,
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    service = ServiceProcess(process, log)
    try:
        yield service
    finally:
        service.stop()


def test_serve_starts_without_the_stand_in(tmp_path: Path, stand_in: StandIn) -> None:
    with running(tmp_path, stand_in, "serve", {}) as service:
        assert wait_until(lambda: service.started), service.log.read_text()


def test_worker_starts_without_the_stand_in(
    tmp_path: Path, stand_in: StandIn, postgres: str
) -> None:
    with running(tmp_path, stand_in, "worker", {"DATABASE_URL": postgres}) as service:
        assert wait_until(lambda: service.started), service.log.read_text()


def test_demo_without_its_extra_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", HIDDEN, "demo", "--once"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "fairlead: the demo is not installed: run pip install 'fairlead[demo]'\n"
    )
