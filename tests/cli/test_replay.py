"""`fairlead replay`: a stored delivery, through the same door."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from bot.app import create_app
from bot.metrics import Metrics
from bot.standin import StandIn
from bot.standin.accounts import App
from tests.cli.running import Ran, fairlead

PAYLOAD = {
    "action": "opened",
    "number": 7,
    "installation": {"id": 1},
    "repository": {"id": 2, "full_name": "example/gitops"},
    "pull_request": {"number": 7},
}


class Queue:
    """A queue that remembers."""

    def __init__(self) -> None:
        self.deliveries: list[str] = []

    def submit(self, delivery: str, task: object) -> bool:
        assert task
        self.deliveries.append(delivery)
        return True


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def door(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A running service's webhook, whose settings are those of the environment."""
    monkeypatch.setenv("WEBHOOK_SECRET", "new,old")
    server = make_server("127.0.0.1", 0, create_app(["new"], queue, Metrics()))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/webhook"
    server.shutdown()
    thread.join()
    server.server_close()


def lost(github: StandIn, monkeypatch: pytest.MonkeyPatch) -> tuple[App, str]:
    """An App with one delivery that nobody took, and its GUID."""
    app = github.create_app()
    repository = github.create_repository("example/gitops", {"a.yaml": b"a: b\n"})
    github.install(app, repository)
    github.commit(repository, "change", {"a.yaml": b"a: c\n"})
    github.set_webhook(app, "http://127.0.0.1:9/webhook")
    github.open_pull_request(repository, "change")
    github.deliveries.settle()
    given = {
        "APP_ID": str(app.id),
        "PRIVATE_KEY": app.private_key,
        "GITHUB_API_URL": github.api_url,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    (one,) = (held for held in github.deliveries.all() if held.action == "opened")
    return app, one.guid


def test_a_lost_delivery_goes_in_by_its_guid(
    stand_in: StandIn, door: str, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, guid = lost(stand_in, monkeypatch)

    ran = fairlead("replay", guid, "--url", door)

    # The service of this test logs into the same output.
    assert (ran.status, ran.stdout.endswith(f"{door} answered 202: enqueued\n")) == (0, True)
    assert set(queue.deliveries) == {guid}


def test_what_succeeded_can_be_done_again_under_a_new_id(
    stand_in: StandIn, door: str, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, guid = lost(stand_in, monkeypatch)

    assert fairlead("replay", guid, "--again", "--url", door).status == 0
    assert guid not in queue.deliveries
    assert queue.deliveries


def test_a_guid_that_github_does_not_know_is_said(
    stand_in: StandIn, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(stand_in, monkeypatch)

    guid = "0b989ba4-242f-11e5-81e1-c7b6966d2516"
    ran = fairlead("replay", guid, "--url", door)

    assert ran.status == 2
    assert ran.stderr.startswith(f"fairlead: {guid!r} is not a file, and GitHub stores no delivery")


@pytest.mark.parametrize("name", ["nosuch.json", "", "."])
def test_what_is_neither_file_nor_guid_is_said_before_credentials_are_wanted(name: str) -> None:
    ran = fairlead("replay", name)

    said = f"fairlead: {name!r} is neither a file nor the GUID of a delivery\n"
    assert (ran.status, ran.stderr) == (2, said)


def test_a_dry_run_says_what_would_be_done_and_sends_nothing(
    stand_in: StandIn, queue: Queue, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, guid = lost(stand_in, monkeypatch)
    (installation,) = stand_in.state.installations
    assert app.id

    ran = fairlead("replay", guid, "--dry-run", "--url", door)

    assert (ran.status, queue.deliveries) == (0, [])
    assert ran.stdout.startswith("would answer 202: enqueued\nwould enqueue ")
    assert f" installation={installation} " in ran.stdout


def test_a_file_is_a_delivery_or_a_payload_with_its_event(
    tmp_path: Path, door: str, queue: Queue
) -> None:
    payload, whole = tmp_path / "payload.json", tmp_path / "delivery.json"
    payload.write_text(json.dumps(PAYLOAD))
    whole.write_text(
        json.dumps(
            {
                "guid": "a-guid",
                "event": "pull_request",
                "request": {"headers": {"X-GitHub-Event": "pull_request"}, "payload": PAYLOAD},
            }
        )
    )

    first = fairlead("replay", payload, "--event", "pull_request", "--url", door)
    second = fairlead("replay", whole, "--url", door)

    assert (first.status, second.status, queue.deliveries[-1]) == (0, 0, "a-guid")


def test_a_payload_without_its_event_is_wrong_use(tmp_path: Path) -> None:
    path = tmp_path / "payload.json"
    path.write_text("{}")

    assert fairlead("replay", path) == Ran(
        2, "", f"fairlead: {path} contains only a payload: name its event by --event\n"
    )


def test_an_event_that_asks_for_nothing_says_so(tmp_path: Path) -> None:
    path = tmp_path / "payload.json"
    path.write_text(json.dumps({**PAYLOAD, "action": "assigned"}))

    ran = fairlead("replay", path, "--event", "pull_request", "--dry-run")

    assert ran == Ran(0, "would answer 202: nothing to do\n", "")


def test_a_service_with_another_secret_or_none_there_is_said(
    tmp_path: Path, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "payload.json"
    path.write_text(json.dumps(PAYLOAD))
    monkeypatch.setenv("WEBHOOK_SECRET", "guess")

    wrong = fairlead("replay", path, "--event", "pull_request", "--url", door)
    nobody = fairlead("replay", path, "--event", "push", "--url", "http://127.0.0.1:9/webhook")

    assert wrong.stderr == (f"fairlead: {door} answered 401: the signature is missing or wrong\n")
    assert nobody.stderr == (
        "fairlead: http://127.0.0.1:9/webhook does not answer (ConnectionError): check that the "
        "service is running\n"
    )
