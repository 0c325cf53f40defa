"""The real service as a process of its own: real webhooks, real git, killed and started again."""

from __future__ import annotations

import hashlib
import hmac
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from bot.standin import StandIn
from bot.standin.accounts import App
from bot.standin.deliveries import DeliveryAttempt
from bot.standin.repositories import StandInCheckRun, StandInPullRequest, StandInRepository
from bot.standin.service_process import ServiceProcess, start_service, wait_until
from tests.patience import PATIENCE

_REVIEWED = {"blocked", "pass", "incomplete", "unneeded", "failed", "again", "superseded"}
SETTINGS = {"FAIRLEAD_ALLOW_NO_SANDBOX": "true", "LOG_LEVEL": "debug"}
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  namespace: shop
spec:
  selector:
    matchLabels: {app: api}
  template:
    metadata:
      labels: {app: api}
    spec:
      containers:
        - name: api
          image: registry.example.com/shop/api:1.0.0
"""
BAD = DEPLOYMENT.replace("registry.example.com/shop", "evil.example.net/shop")
POLICY = "version: 1\nimages:\n  approved: [registry.example.com]\n"


@dataclass
class Running:
    """A stand-in GitHub, a repository on it, and the service that may be killed."""

    github: StandIn
    app: App
    repository: StandInRepository
    directory: Path
    service: ServiceProcess

    def start(self) -> None:
        """The service runs (again) on the same data, and the App's webhook points to it."""
        self.service = start_service(self.directory, self.app, self.github.api_url, SETTINGS)
        self.github.set_webhook(self.app, f"{self.service.url}/webhook")

    def kill(self) -> None:
        """What a power cut does."""
        self.service.process.kill()
        self.service.process.wait()

    def pull(self) -> StandInPullRequest:
        """A pull request with one bad image."""
        self.github.commit(self.repository, "change", {"api.yaml": BAD.encode()})
        return self.github.open_pull_request(self.repository, "change")

    def concluded(self, pull: StandInPullRequest) -> StandInCheckRun:
        """The check run on the head, once it has ended."""
        run = self.github.wait_for_check(pull)
        assert run is not None, self.service.log.read_text()
        return run

    def done(self, times: int = 1) -> bool:
        """Whether so many reviews have ended, whatever became of them."""
        return wait_until(lambda: len(self.reviews()) >= times)

    def reviews(self) -> list[Mapping[str, object]]:
        """What the log says of each review's end."""
        return [line for line in self.service.lines() if line.get("outcome") in _REVIEWED]

    def runs(self, pull: StandInPullRequest) -> list[StandInCheckRun]:
        """The check runs on the head, oldest first."""
        return [run for run in pull.repository.runs.values() if run.suite.head_sha == pull.head_sha]

    def metrics(self) -> list[str]:
        """The lines that Prometheus would read."""
        return requests.get(f"{self.service.admin_url}/metrics", timeout=PATIENCE).text.splitlines()

    def idle(self) -> bool:
        """Whether every job has ended."""
        waiting = {f'fairlead_jobs{{status="{one}"}} 0.0' for one in ("pending", "enqueued")}
        return waiting <= set(self.metrics())

    def delivery(self, event: str, action: str) -> DeliveryAttempt:
        """The newest attempt to deliver this."""
        self.github.deliveries.settle()
        found = [
            one
            for one in self.github.deliveries.all()
            if (one.event, one.action) == (event, action)
        ]
        return found[-1]


@contextmanager
def running(github: StandIn, directory: Path, settings: Mapping[str, str]) -> Iterator[Running]:
    """The service beside the stand-in, stopped at the end."""
    app = github.create_app()
    repository = github.create_repository(
        "example/gitops",
        {"api.yaml": DEPLOYMENT.encode(), ".github/fairlead.yml": POLICY.encode()},
    )
    service = start_service(directory, app, github.api_url, settings)
    here = Running(github, app, repository, directory, service)
    try:
        github.set_webhook(app, f"{service.url}/webhook")
        github.install(app, repository)
        assert wait_until(lambda: "welcomed" in {line.get("outcome") for line in service.lines()})
        # What the start's sweep finds must not be what a test does.
        assert wait_until(here.idle)
        yield here
    finally:
        here.service.process.kill()
        here.service.process.wait()


@pytest.fixture
def here(stand_in: StandIn, tmp_path: Path) -> Iterator[Running]:
    """The service beside a stand-in whose every exchange is checked."""
    with running(stand_in, tmp_path / "service", SETTINGS) as made:
        yield made


def test_a_webhook_becomes_a_review_and_no_secret_leaves(here: Running) -> None:
    pull = here.pull()
    run = here.concluded(pull)
    assert (run.conclusion, [(one.path, one.line) for one in pull.comments]) == (
        "failure",
        [("api.yaml", 15)],
    )
    assert here.done()
    ended = here.reviews()[0]
    known = {key: ended[key] for key in ("delivery", "pull_request", "outcome")}
    guid = here.delivery("pull_request", "opened").guid
    assert known == {"delivery": guid, "pull_request": 1, "outcome": "blocked"}
    concluded = next(line for line in here.service.lines() if line["event"] == "check concluded")
    assert (concluded["repository"], concluded["head"]) == ("example/gitops", pull.head_sha)
    assert _leaks(here) == []


def _leaks(here: Running) -> list[str]:
    """Where a token, the key or the webhook's secret stands: the log, the data, what was sent."""
    exchanges = here.github.exchanges.all()
    answers = [one.response for one in exchanges if one.path.endswith("access_tokens")]
    tokens = [answer["token"] for answer in answers if "token" in answer]
    assert tokens
    key = here.app.private_key.splitlines()[1]
    secrets = [*tokens, key, here.app.webhook_secret]
    sent = "".join(f"{one.path}{one.query}{one.request}" for one in exchanges)
    data = here.directory / "data"
    written = {str(path): path.read_bytes() for path in data.rglob("*") if path.is_file()}
    written |= {str(path): path.read_bytes() for path in here.directory.glob("*.log")}
    places = {"sent": sent.encode(), **written}
    return [
        place for place, text in places.items() for secret in secrets if secret.encode() in text
    ]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/pulls/1/files"), ("POST", "/pulls/1/reviews"), ("PATCH", "/check-runs/")],
)
def test_a_killed_service_leaves_one_review_once_it_runs_again(
    here: Running, method: str, path: str
) -> None:
    """The signal falls while GitHub is at work; what was asked of it still happens."""
    here.github.fail(path, method=method, status=None, delay=1.0)
    pull = here.pull()
    faults = here.github.faults
    assert wait_until(lambda: not faults._faults)
    here.kill()
    asked = [one for one in here.github.exchanges.all() if one.method == method]
    assert here.github.wait_until(
        lambda: (
            len([one for one in here.github.exchanges.all() if one.method == method]) > len(asked)
        )
    )
    here.start()
    assert here.done()
    assert here.concluded(pull).conclusion == "failure"
    assert (len(pull.reviews), len(pull.comments)) == (1, 1)
    assert [run.status for run in here.runs(pull)] == ["completed"]
    assert len(here.concluded(pull).annotations) == 1


def test_a_delivery_that_came_in_before_the_kill_is_not_lost(here: Running) -> None:
    here.github.fail("/access_tokens", method="POST", status=None, delay=1.0)
    pull = here.pull()
    here.github.deliveries.settle()
    here.kill()
    here.start()
    assert here.concluded(pull).conclusion == "failure"


def test_a_job_that_failed_for_good_runs_again_when_it_is_redelivered(here: Running) -> None:
    here.github.fail("/pulls/1/files", method="GET", status=404)
    pull = here.pull()
    run = here.concluded(pull)
    assert (run.conclusion, run.title) == ("failure", "The review failed")
    opened = here.delivery("pull_request", "opened")
    assert opened.guid in (run.summary or "")
    assert wait_until(lambda: 'fairlead_jobs{status="error"} 1.0' in here.metrics())
    here.github.deliveries.redeliver(opened)
    assert here.done(2)
    assert here.concluded(pull).title == "1 finding to deal with"
    assert len(pull.comments) == 1
    here.github.deliveries.redeliver(opened)
    assert "this delivery is known" in here.delivery("pull_request", "opened").response


def test_a_worker_finishes_what_a_killed_replica_began(
    stand_in: StandIn, tmp_path: Path, postgres: str
) -> None:
    settings = {**SETTINGS, "DATABASE_URL": postgres}
    with running(stand_in, tmp_path / "one", settings) as here:
        worker = start_service(
            tmp_path / "two", here.app, stand_in.api_url, settings, command="worker"
        )
        try:
            # The worker is busy elsewhere: the replica that took the delivery in begins the job.
            worker.process.send_signal(signal.SIGSTOP)
            stand_in.fail("/pulls/1/files", method="GET", status=None, delay=1.0)
            pull = here.pull()
            assert wait_until(lambda: not stand_in.faults._faults)
            here.kill()
            worker.process.send_signal(signal.SIGCONT)
            assert here.concluded(pull).conclusion == "failure"
            assert (len(pull.reviews), len(pull.comments)) == (1, 1)
        finally:
            worker.process.kill()
            worker.process.wait()


def test_what_happened_while_it_was_away_is_reviewed_when_it_is_back(here: Running) -> None:
    here.kill()
    pull = here.pull()
    assert here.github.deliveries.settle()
    here.start()
    assert here.concluded(pull).conclusion == "failure"
    assert (len(pull.reviews), len(pull.comments)) == (1, 1)


def test_the_merge_queue_waits_for_its_own_check_alone(here: Running) -> None:
    here.github.commit(here.repository, "change", {"api.yaml": (DEPLOYMENT + "# x\n").encode()})
    pull = here.github.open_pull_request(here.repository, "change")
    assert here.concluded(pull).conclusion == "success"
    group = here.github.merge_queue.enqueue(pull)

    def concluded() -> list[str | None]:
        runs = here.repository.runs.values()
        return [run.conclusion for run in runs if run.suite.head_sha == group.head_sha]

    assert here.github.wait_until(lambda: concluded() == ["success"])
    assert here.github.merge_queue.finish(group)


def test_the_re_run_button_reviews_again(here: Running) -> None:
    pull = here.pull()
    here.concluded(pull)
    assert here.done()
    here.github.rerequest(pull, here.concluded(pull))
    # The sweep of the start may have reviewed it as well: what counts is how it comes to rest.
    assert here.done(2)
    assert wait_until(
        lambda: here.idle() and [run.status for run in here.runs(pull)] == ["completed"] * 2
    )
    assert (len(pull.reviews), len(pull.comments)) == (1, 1)


def test_a_burst_of_pushes_ends_with_the_newest_head_reviewed_once(here: Running) -> None:
    """Deliveries come twice and faster than a review: each job looks at what there is now."""
    here.github.deliveries.duplicate(times=3, event="pull_request")
    pull = here.pull()
    for number in range(5):
        here.github.commit(here.repository, "change", {"api.yaml": f"{BAD}# {number}\n".encode()})
    assert wait_until(
        lambda: here.idle() and {run.status for run in here.runs(pull)} == {"completed"}
    )
    # What waits is replaced by what is newer: never a review for each push.
    assert 1 <= len(here.reviews()) <= 6
    assert here.concluded(pull).conclusion == "failure"
    # Where two tasks of one moment made a run each, the one that nobody reviewed is ended.
    assert {run.conclusion for run in here.runs(pull)} <= {"failure", "cancelled"}
    assert len(pull.comments) == 1


def test_a_new_base_is_a_new_comparison(here: Running) -> None:
    tip = here.github.commit(here.repository, "other", {"api.yaml": BAD.encode()})
    here.github.commit(here.repository, "change", {"more.txt": b"x"}, parent=tip)
    pull = here.github.open_pull_request(here.repository, "change")
    assert here.concluded(pull).conclusion == "failure"
    assert here.done()
    here.github.edit(pull, base="other")
    assert wait_until(lambda: here.concluded(pull).conclusion == "success")
    assert pull.comments == []


def test_a_stranger_s_webhook_is_refused(here: Running) -> None:
    here.github.deliveries.settle()
    signature = "sha256=" + hmac.new(b"guess", b"{}", hashlib.sha256).hexdigest()
    for headers in ({}, {"X-Hub-Signature-256": signature}):
        answer = requests.post(
            f"{here.service.url}/webhook", data=b"{}", headers=headers, timeout=PATIENCE
        )
        assert answer.status_code == 401


def test_more_than_github_sends_is_refused_before_it_is_read(here: Running) -> None:
    answer = requests.post(
        f"{here.service.url}/webhook", data=b"x" * (26 * 1024 * 1024), timeout=PATIENCE
    )
    assert answer.status_code == 413


def test_it_says_how_it_is(here: Running) -> None:
    here.concluded(here.pull())
    paths = ("/healthz", "/readyz", "/metrics")
    answers = [requests.get(f"{here.service.admin_url}{path}", timeout=PATIENCE) for path in paths]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    expected = {
        'fairlead_jobs_finished_total{outcome="blocked"} 1.0',
        'fairlead_jobs{status="pending"} 0.0',
    }
    assert wait_until(lambda: expected <= set(here.metrics()))


def test_silent_connections_close_neither_the_webhook_nor_health(here: Running) -> None:
    """Waitress alone accepts a hundred connections, and waits two minutes for each."""
    door, admin = (urlsplit(url or "") for url in (here.service.url, here.service.admin_url))
    with ExitStack() as stack:
        for port, number in ((door.port, 130), (admin.port, 70)):
            for _ in range(number):
                silent = socket.create_connection(("127.0.0.1", port or 0), timeout=PATIENCE)
                stack.enter_context(silent)
        pull = here.pull()

        assert here.concluded(pull).conclusion == "failure"
        health = requests.get(f"{here.service.admin_url}/healthz", timeout=PATIENCE)
        assert health.status_code == 200
        assert here.delivery("pull_request", "opened").status_code == 202


def test_it_ends_in_order_when_it_is_told_to(here: Running) -> None:
    here.service.process.send_signal(signal.SIGTERM)
    assert here.service.process.wait(timeout=PATIENCE) == 0
    assert [line["event"] for line in here.service.lines()][-1] == "stopped"


@pytest.mark.parametrize(
    ("command", "environment", "message"),
    [
        (
            "serve",
            {"APP_ID": "1"},
            (
                "fairlead: fairlead serve needs PRIVATE_KEY, WEBHOOK_SECRET from the App's page "
                "on GitHub; each can also name a file, such as PRIVATE_KEY_FILE\n"
            ),
        ),
        (
            "serve",
            {"APP_ID": "1", "WEBHOOK_SECRET": "s", "PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----"},
            "fairlead: PRIVATE_KEY cannot sign: it must be the App's whole RSA key in PEM\n",
        ),
        (
            "worker",
            {"APP_ID": "1", "WEBHOOK_SECRET": "s", "PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----"},
            (
                "fairlead: fairlead worker needs DATABASE_URL: without it the queue is embedded in "
                "one `fairlead serve` process\n"
            ),
        ),
        ("serve", {"PORT": "x"}, "fairlead: PORT is 'x': it must be a number from 0 to 65535\n"),
    ],
)
def test_it_does_not_start_with_wrong_settings_and_says_which(
    tmp_path: Path, command: str, environment: dict[str, str], message: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from bot.cli import main; main()", command],
        env={"FAIRLEAD_ALLOW_NO_SANDBOX": "true", "LOG_LEVEL": "error", **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)
