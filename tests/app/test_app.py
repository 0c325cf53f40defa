"""The door: what is let in, what is answered, and what is written down of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field

import pytest
import structlog
from flask import Blueprint
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from bot.app import create_admin_app, create_app
from bot.errors import QueueError
from bot.github.tasks import Announcement, Job, Task
from bot.github.webhook import MAX_PAYLOAD
from bot.metrics import Metrics

SECRET = "new"
PULL = {
    "action": "opened",
    "installation": {"id": 7},
    "repository": {"id": 9, "full_name": "example/gitops"},
    "pull_request": {"number": 3, "title": "hush-hush"},
}


@dataclass
class Book:
    """An intake that keeps what it is given."""

    taken: list[tuple[str, Task]] = field(default_factory=list)
    up: bool = True

    def submit(self, delivery: str, task: Task) -> bool:
        if not self.up:
            raise QueueError("the queue's database cannot be used: database or disk is full")
        if (delivery, task) in self.taken:
            return False
        self.taken.append((delivery, task))
        return True


@dataclass(frozen=True)
class Door:
    """A client and what is behind the door."""

    client: FlaskClient
    book: Book

    def post(
        self,
        body: bytes,
        *,
        event: str = "pull_request",
        secret: str = SECRET,
        path: str = "/webhook",
        content_type: str = "application/json",
    ) -> TestResponse:
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": "11-aa",
            "X-Hub-Signature-256": signature,
        }
        return self.client.post(path, data=body, headers=headers, content_type=content_type)


@pytest.fixture
def door() -> Door:
    book = Book()
    return Door(create_app(["new", "old"], book, Metrics()).test_client(), book)


def answer(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.get_json()["message"]


@pytest.mark.parametrize("path", ["/webhook", "/api/github/webhooks"])
@pytest.mark.parametrize("secret", ["new", "old"])
def test_a_signed_delivery_is_recorded_and_accepted(door: Door, path: str, secret: str) -> None:
    response = door.post(json.dumps(PULL).encode(), path=path, secret=secret)
    assert answer(response) == (202, "enqueued")
    assert door.book.taken == [("11-aa", Announcement(Job(7, 9, 3)))]


def test_a_delivery_that_is_known_is_accepted_and_not_recorded_again(door: Door) -> None:
    body = json.dumps(PULL).encode()
    door.post(body)
    assert answer(door.post(body)) == (202, "this delivery is known")
    assert len(door.book.taken) == 1


def test_a_wrong_signature_is_refused_and_nothing_is_recorded(door: Door) -> None:
    response = door.post(json.dumps(PULL).encode(), secret="stranger")
    assert answer(response) == (401, "the signature is missing or wrong")
    assert door.book.taken == []


def test_a_missing_signature_is_refused_before_anything_else_is_looked_at(door: Door) -> None:
    response = door.client.post("/webhook", data=b"hush")
    assert answer(response) == (401, "the signature is missing or wrong")
    assert door.book.taken == []


@pytest.mark.parametrize(
    ("body", "event", "content_type", "expected"),
    [
        (b"hush-hush", "pull_request", "application/json", (400, "the body is not JSON")),
        (b"[]", "pull_request", "application/json", (400, "the body is not a JSON object")),
        (
            b"payload=hush-hush",
            "pull_request",
            "application/x-www-form-urlencoded",
            (415, "set the webhook's content type to application/json"),
        ),
        (b"{}", "an_event_of_tomorrow", "application/json", (202, "nothing to do")),
        (b"{}", "merge_group", "application/json", (202, "nothing to do")),
        (b"{}", "ping", "application/json", (200, "pong")),
    ],
)
def test_what_asks_for_nothing_gets_a_clear_answer(
    door: Door, body: bytes, event: str, content_type: str, expected: tuple[int, str]
) -> None:
    assert answer(door.post(body, event=event, content_type=content_type)) == expected
    assert door.book.taken == []


def test_more_than_github_sends_is_refused(door: Door) -> None:
    response = door.post(b"x" * (MAX_PAYLOAD + 1))
    assert answer(response) == (413, f"more than {MAX_PAYLOAD} bytes")
    assert door.book.taken == []


def test_exactly_what_github_sends_at_most_is_read(door: Door) -> None:
    head = b'{"action": "'
    body = head + b"x" * (MAX_PAYLOAD - len(head) - 2) + b'"}'
    assert answer(door.post(body)) == (202, "nothing to do")


def test_no_part_of_a_body_reaches_the_log(door: Door) -> None:
    with capture_logs() as lines:
        structlog.get_logger().info("the log is caught")
        door.post(json.dumps(PULL).encode())
        door.post(json.dumps({**PULL, "action": "hush-hush"}).encode())
        door.post(b"hush-hush")
        door.post(b"hush-hush", secret="stranger")
        door.post(b"hush-hush", content_type="text/plain")
    assert [line["event"] for line in lines] == [
        "the log is caught",
        "job enqueued",
        "delivery ignored",
        "delivery refused",
        "delivery refused",
        "delivery refused",
    ]
    assert "hush-hush" not in json.dumps(lines)


def test_a_job_is_logged_with_its_delivery_and_its_pull_request(door: Door) -> None:
    with capture_logs() as lines:
        door.post(json.dumps(PULL).encode())
    assert lines == [
        {
            "event": "job enqueued",
            "log_level": "info",
            "delivery": "11-aa",
            "event_name": "pull_request",
            "action": "opened",
            "repository": "example/gitops",
            "pull_request": 3,
        }
    ]


def test_the_admin_port_says_why_the_service_is_not_ready() -> None:
    reasons: list[str | None] = [None, "the disk is full"]
    admin = create_admin_app(lambda: reasons.pop(0), Metrics()).test_client()
    answers = [admin.get(path) for path in ("/healthz", "/readyz", "/readyz", "/healthz")]
    assert [(answer.status_code, answer.get_json()) for answer in answers] == [
        (200, {"status": "ok"}),
        (200, {"status": "ok"}),
        (503, {"status": "the disk is full"}),
        (200, {"status": "ok"}),
    ]


def test_the_public_port_shows_that_the_process_lives_and_nothing_more(door: Door) -> None:
    paths = ("/healthz", "/readyz", "/metrics")
    assert [door.client.get(path).status_code for path in paths] == [200, 404, 404]


def test_what_cannot_be_recorded_is_not_accepted_so_github_marks_it_failed(door: Door) -> None:
    door.book.up = False
    with capture_logs() as lines:
        assert answer(door.post(json.dumps(PULL).encode())) == (
            503,
            "not recorded: redeliver later",
        )
    assert [line["event"] for line in lines] == ["delivery not recorded", "delivery refused"]
    assert lines[0]["reason"] == "the queue's database cannot be used: database or disk is full"
    assert "hush-hush" not in json.dumps(lines)


def test_metrics_count_deliveries_and_let_no_stranger_invent_labels() -> None:
    metrics = Metrics()
    door = Door(create_app(["new"], Book(), metrics).test_client(), Book())
    door.post(json.dumps(PULL).encode())
    door.post(b"{}", event="x" * 500, secret="stranger")
    admin = create_admin_app(lambda: None, metrics).test_client()
    lines = admin.get("/metrics").text.splitlines()
    assert [line for line in lines if line.startswith("fairlead_deliveries_total{")] == [
        'fairlead_deliveries_total{event="pull_request",result="accepted"} 1.0',
        'fairlead_deliveries_total{event="other",result="unsigned"} 1.0',
    ]


def test_further_pages_are_blueprints(door: Door) -> None:
    pages = Blueprint("pages", __name__)
    pages.add_url_rule("/", "start", lambda: "a page")
    client = create_app(["new"], door.book, Metrics(), [pages]).test_client()
    assert client.get("/").text == "a page"


def test_an_unknown_path_and_a_wrong_method_are_answered_in_json(door: Door) -> None:
    assert answer(door.client.get("/nothing")) == (404, "Not Found")
    assert answer(door.client.get("/webhook")) == (405, "Method Not Allowed")


@pytest.mark.parametrize("secrets", [[], [""]])
def test_there_is_no_application_without_a_secret(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="would trust anybody"):
        create_app(secrets, Book(), Metrics())
