"""npm's `emulate` as a process, with one App installed, and the product's door as its receiver."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from bot.app import create_app
from bot.github.tasks import Task
from bot.metrics import Metrics

VERSION: Final = "0.11.2"
"""The newest that Node 20 runs. npm's `latest` of this name is another program."""

APP: Final = 4711
INSTALLATION: Final = 99
SECRET: Final = "the emulator signs with this"
GRANTED: Final = {
    "checks": "write",
    "contents": "read",
    "metadata": "read",
    "pull_requests": "write",
}

_HOW: Final = (
    f"run `npm i --ignore-scripts emulate@{VERSION}` in a folder of its own, and name that folder "
    "in FAIRLEAD_EMULATE"
)
_OWNER: Final = "shop"
_TOKEN: Final = "a-person"
_PATIENCE: Final = 10.0


def private_key() -> str:
    """A new key of an App, as GitHub hands it out."""
    return (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        .decode()
    )


@dataclass(frozen=True, slots=True)
class Arrival:
    """A webhook as it came over the wire, and what the product's door answered."""

    headers: Mapping[str, str]
    body: bytes
    status: int

    @property
    def about(self) -> tuple[str, str, int]:
        """What happened to which pull request or check run, by number or id."""
        event, payload = self.headers["X-Github-Event"], json.loads(self.body)
        subject = payload[event]
        return event, payload["action"], subject.get("number", subject["id"])

    @property
    def delivery(self) -> str:
        """The emulator's id of it."""
        return self.headers["X-Github-Delivery"]


@dataclass(slots=True)
class Receiver:
    """The product's own application, with a record of what came. It is the intake as well."""

    arrivals: SimpleQueue[Arrival] = field(default_factory=SimpleQueue)
    tasks: dict[str, list[Task]] = field(default_factory=dict)
    port: int = 0

    def submit(self, delivery: str, task: Task) -> bool:
        """Keeps the task by its delivery."""
        self.tasks.setdefault(delivery, []).append(task)
        return True

    def wait_for(self, event: str, action: str, number: int) -> Arrival:
        """The arrival that is about this; others are passed over."""
        wanted = (event, action, number)
        try:
            while (arrival := self.arrivals.get(timeout=_PATIENCE)).about != wanted:
                continue
        except Empty:
            pytest.fail(f"the emulator sent no {event}.{action} of {number}")
        return arrival

    @contextmanager
    def serving(self) -> Iterator[None]:
        """The application on a port of the loopback."""
        application = create_app([SECRET], self, Metrics())

        @Request.application
        def recorded(request: Request) -> Response:
            body = request.get_data()
            request.environ["wsgi.input"] = BytesIO(body)
            answer = Response.from_app(application, request.environ)
            self.arrivals.put(Arrival(dict(request.headers), body, answer.status_code))
            return answer

        server = make_server("127.0.0.1", 0, recorded, threaded=True)
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator. Its App reaches `deploy` and `sibling`, and not `stranger`."""

    url: str
    key: str = field(repr=False)
    receiver: Receiver

    def asked(self, path: str, **body: Any) -> Any:
        """What a person with every right gets: by POST where there is a body."""
        answer = requests.request(
            "POST" if body else "GET",
            f"{self.url}{path}",
            json=body or None,
            headers={"Authorization": f"Bearer {_TOKEN}"},
            timeout=_PATIENCE,
        )
        answer.raise_for_status()
        return answer.json()

    def repository(self, name: str) -> int:
        """The id of a repository."""
        found: int = self.asked(f"/repos/{_OWNER}/{name}")["id"]
        return found

    def tip(self, name: str) -> str:
        """The newest commit of a repository's default branch."""
        found: str = self.asked(f"/repos/{_OWNER}/{name}/git/ref/heads/main")["object"]["sha"]
        return found

    def tokens(self) -> list[tuple[list[int], dict[str, str]]]:
        """Of every token that it issued, the repositories and the permissions."""
        issued = self.asked("/_emulate/installation-tokens")["installation_tokens"]
        return [(one["repository_ids"], one["permissions"]) for one in issued]


@contextmanager
def running(directory: Path) -> Iterator[Emulator]:
    """The emulator on a free port; fails the test, saying how to have one, where there is none."""
    program = _program()
    key, receiver = private_key(), Receiver()
    with receiver.serving():
        seed = directory / "seed.json"
        seed.write_text(json.dumps(_seed(key, receiver.port)))
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        command = [
            *program,
            *("start", "--service", "github", "--port", str(port)),
            *("--seed", str(seed), "--base-url", url),
        ]
        with (directory / "said").open("w+") as said:
            process = subprocess.Popen(
                command,
                cwd=directory,
                env={"PATH": os.environ["PATH"]},
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            try:
                _wait(process, url, directory / "said")
                yield Emulator(url, key, receiver)
            finally:
                process.terminate()
                process.wait(_PATIENCE)


def _program() -> Iterable[str]:
    node, folder = shutil.which("node"), os.environ.get("FAIRLEAD_EMULATE", "")
    if node is None:
        pytest.fail("the emulator needs Node 20 on the PATH", pytrace=False)
    if not folder:
        pytest.fail(f"FAIRLEAD_EMULATE is not set: {_HOW}", pytrace=False)
    package = Path(folder).resolve() / "node_modules" / "emulate"
    try:
        version = json.loads((package / "package.json").read_text())["version"]
    except OSError:
        pytest.fail(f"FAIRLEAD_EMULATE holds no emulator: {_HOW}", pytrace=False)
    if version != VERSION:
        pytest.fail(f"FAIRLEAD_EMULATE holds emulate {version}: {_HOW}", pytrace=False)
    return node, str(package / "dist" / "index.js")


def _seed(key: str, port: int) -> dict[str, Any]:
    names = ("deploy", "sibling", "stranger")
    installation = {
        "installation_id": INSTALLATION,
        "account": _OWNER,
        "repository_selection": "selected",
        "repositories": [f"{_OWNER}/{name}" for name in names[:2]],
    }
    app = {
        "app_id": APP,
        "slug": "fairlead",
        "name": "Fairlead",
        "private_key": key,
        "permissions": GRANTED,
        "events": ["pull_request", "check_run"],
        "webhook_url": f"http://127.0.0.1:{port}/webhook",
        "webhook_secret": SECRET,
        "installations": [installation],
    }
    return {
        "tokens": {_TOKEN: {"login": _OWNER, "scopes": ["repo"]}},
        "github": {
            "users": [{"login": _OWNER}],
            "repos": [{"owner": _OWNER, "name": name, "private": True} for name in names],
            "apps": [app],
        },
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], url: str, said: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            requests.get(f"{url}/rate_limit", timeout=1)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the emulator did not start:\n{said.read_text()}")
