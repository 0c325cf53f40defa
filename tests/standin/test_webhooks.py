"""What an App hears of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.standin import StandIn
from bot.standin.deliveries import sign
from tests.standin.worlds import world


@dataclass
class Hook:
    """A webhook address that answers with `status` and keeps what it heard."""

    url: str = ""
    status: int = 202
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.heard.append((dict(self.headers), body))
            self.send_response(found.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/webhook"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_deliveries_are_signed(stand_in: StandIn, hook: Hook) -> None:
    here = world(stand_in)

    stand_in.set_webhook(here.app, hook.url)
    stand_in.deliveries.settle()

    ((headers, body),) = hook.heard
    assert headers["X-GitHub-Event"] == "ping"
    assert headers["X-Hub-Signature-256"] == sign(here.app.webhook_secret, body)
    assert headers["User-Agent"].startswith("GitHub-Hookshot/")


def test_the_life_of_a_pull_request_is_told(stand_in: StandIn, hook: Hook) -> None:
    here = world(stand_in)
    stand_in.commit(here.repository, "release", {"apps/api.yaml": "kind: Other\n"})
    here.app.webhook_url = hook.url

    stand_in.commit(here.repository, "topic", {"apps/new.yaml": "a: b\n"})
    stand_in.edit(here.pull, base="release")
    stand_in.edit(here.pull, title="Another title", base="main")
    stand_in.convert_to_draft(here.pull)
    stand_in.mark_ready(here.pull)
    stand_in.close_pull_request(here.pull)
    stand_in.reopen(here.pull)
    stand_in.merge(here.pull)
    stand_in.deliveries.settle()

    told = [(one.event, one.action) for one in stand_in.deliveries.all()]
    assert told == [
        ("push", None),
        ("check_suite", "requested"),
        ("pull_request", "synchronize"),
        ("pull_request", "edited"),
        ("pull_request", "edited"),
        ("pull_request", "converted_to_draft"),
        ("pull_request", "ready_for_review"),
        ("pull_request", "closed"),
        ("pull_request", "reopened"),
        ("push", None),
        ("check_suite", "requested"),
        ("pull_request", "closed"),
    ]


def test_comments_checks_and_installations_are_told(stand_in: StandIn, hook: Hook) -> None:
    here = world(stand_in)
    here.app.webhook_url = hook.url
    path = "apps/api.yaml"

    run = here.remote().create_check_run("fairlead", here.pull.head_sha, conclusion="success")
    stand_in.comment(here.pull, "/recheck", by="octocat")
    comment = stand_in.review_comment(here.pull, path, 3, "why?", by="octocat")
    stand_in.reply(here.pull, comment, "because", by="hubot")
    stand_in.rerequest(here.pull, here.repository.runs[run.id])
    stand_in.rerequest_suite(here.pull, here.app)
    stand_in.suspend(here.installation)
    stand_in.unsuspend(here.installation)
    stand_in.uninstall(here.installation)
    stand_in.deliveries.settle()

    told = [(one.event, one.action) for one in stand_in.deliveries.all()]
    assert told == [
        ("check_run", "created"),
        ("check_run", "completed"),
        ("issue_comment", "created"),
        ("pull_request_review_comment", "created"),
        ("pull_request_review_comment", "created"),
        ("check_run", "rerequested"),
        ("check_suite", "rerequested"),
        ("installation", "suspend"),
        ("installation", "unsuspend"),
        ("installation", "deleted"),
    ]


def test_an_app_hears_only_what_it_asked_for_and_may_know(stand_in: StandIn, hook: Hook) -> None:
    here = world(stand_in)
    here.app.webhook_url = hook.url
    here.app.events.remove("push")
    del here.installation.permissions["issues"]

    stand_in.comment(here.pull, "/recheck", by="octocat")
    stand_in.commit(here.repository, "unrelated", {"a": "b"})
    stand_in.deliveries.settle()

    told = [(one.event, one.action) for one in stand_in.deliveries.all()]
    assert told == [("check_suite", "requested")]


def test_failed_deliveries_are_recorded_and_sent_again_when_asked(
    stand_in: StandIn, hook: Hook
) -> None:
    here = world(stand_in)
    here.app.webhook_url = hook.url
    hook.status = 503
    stand_in.comment(here.pull, "/recheck", by="octocat")
    stand_in.deliveries.settle()
    hook.status = 202
    requester = here.integration().requester

    (failed,) = requester.requestJsonAndCheck("GET", "/app/hook/deliveries")[1]
    whole = requester.requestJsonAndCheck("GET", f"/app/hook/deliveries/{failed['id']}")[1]
    requester.requestJsonAndCheck("POST", f"/app/hook/deliveries/{failed['id']}/attempts")
    stand_in.deliveries.settle()

    log = [(one.guid, one.redelivery, one.status) for one in stand_in.deliveries.all()]
    assert log == [
        (failed["guid"], False, "Invalid HTTP Response: 503"),
        (failed["guid"], True, "OK"),
    ]
    assert whole["request"]["payload"]["comment"]["body"] == "/recheck"
    assert hook.heard[0][1] == hook.heard[1][1]


def test_deliveries_get_lost_and_doubled_when_asked(stand_in: StandIn, hook: Hook) -> None:
    here = world(stand_in)
    here.app.webhook_url = hook.url
    stand_in.deliveries.drop(event="issue_comment")
    stand_in.deliveries.duplicate(event="issue_comment")

    stand_in.comment(here.pull, "lost", by="octocat")
    stand_in.comment(here.pull, "doubled", by="octocat")
    stand_in.deliveries.settle()

    heard = [headers["X-GitHub-Delivery"] for headers, _ in hook.heard]
    assert len(heard) == 2
    assert len(set(heard)) == 1
    assert [one.status for one in stand_in.deliveries.all()] == ["timed out", "OK", "OK"]
