"""App authentication, token scope, check runs and signatures, proved by an independent GitHub.

The stand-in is of one hand with the product: what both get wrong, no test of it shows. npm's
`emulate` is not. It verifies the App's JWT with its own code, holds each token to its repositories
and permissions, and signs webhooks by itself.

What it cannot show: anything of a review. Its pull requests are not connected to git (no changed
files, no `synchronize`), inline comments know no line, annotations are replaced where GitHub adds
to them, a check run names no App, and there is no merge queue, no suite, no GraphQL, no statuses,
no revoked token and no redelivery. Its deliveries have a number for an id, and its answer to a
token request holds too little of the repository for `Gateway.connect`: the same request is made
here, and the connection is put together by hand. All that is the stand-in's to show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from github import Auth
from github.Repository import Repository

from bot.app import create_app
from bot.core.publish.operations import Annotation, ConcludeCheck
from bot.errors import GitHubAnswerError
from bot.github import check_runs, checks
from bot.github.auth import PERMISSIONS, Gateway
from bot.github.connection import AppIdentity, Client, GitHubConnection
from bot.github.errors import translated
from bot.github.external_id import ExternalId
from bot.github.tasks import Announcement, Job
from bot.github.webhook import NAME, signed
from bot.metrics import Metrics
from tests.emulate.emulator import (
    APP,
    GRANTED,
    INSTALLATION,
    SECRET,
    Arrival,
    Emulator,
    Receiver,
    private_key,
    running,
)

pytestmark = pytest.mark.emulate

BLOCKED = ConcludeCheck(
    "failure",
    "1 finding blocks",
    "A container became privileged.",
    ((Annotation("a.yaml", 3, 3, "failure", "privileged", "The container is privileged."),),),
)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(tmp_path_factory.mktemp("emulate")) as started:
        yield started


@pytest.fixture
def gateway(emulator: Emulator) -> Gateway:
    return Gateway(str(APP), emulator.key, emulator.url, pause=0)


@contextmanager
def connected(
    emulator: Emulator, gateway: Gateway, permissions: Mapping[str, str] = PERMISSIONS
) -> Iterator[GitHubConnection]:
    """What `Gateway.connect` gives for `deploy`, of the same request."""
    number = emulator.repository("deploy")
    scope = {"repository_ids": [number], "permissions": dict(permissions)}
    with gateway.app() as app:
        answer = gateway._token(app, INSTALLATION, scope)
    [held] = answer["repositories"]
    github = Client(emulator.url, Auth.Token(answer["token"]), gateway.budget, INSTALLATION)
    try:
        yield GitHubConnection(
            identity=AppIdentity(APP, "fairlead[bot]", ""),
            github=github,
            repository=Repository(github.requester, url=f"/repos/{held['full_name']}"),
            installation=INSTALLATION,
            repository_id=held["id"],
            full_name=held["full_name"],
            default_branch="main",
            clone_url="",
            token=answer["token"],
        )
    finally:
        github.close()


def status_of(connection: GitHubConnection, verb: str, path: str, **body: object) -> int:
    """The status of GitHub's refusal, 200 where there is none."""
    try:
        with translated():
            connection.github.requester.requestJsonAndCheck(verb, path, input=body or None)
    except GitHubAnswerError as error:
        return error.status
    return 200


def statuses(connection: GitHubConnection, template: str) -> list[int]:
    """The same of one path in each of the three repositories."""
    names = ("deploy", "sibling", "stranger")
    return [status_of(connection, "GET", template.format(f"shop/{name}")) for name in names]


def pull_request(emulator: Emulator, branch: str) -> int:
    """A new pull request of `deploy`, by a person."""
    opened = emulator.asked("/repos/shop/deploy/pulls", title="A change", head=branch, base="main")
    number: int = opened["number"]
    return number


def test_the_app_s_signature_is_accepted_and_names_the_app(gateway: Gateway) -> None:
    identity = gateway.identify()
    assert (identity.id, identity.login) == (APP, "fairlead[bot]")


def test_another_key_and_another_app_are_refused(emulator: Emulator) -> None:
    strangers = [(str(APP), private_key()), (str(APP + 1), emulator.key)]
    refused = []
    for app_id, key in strangers:
        with pytest.raises(GitHubAnswerError) as caught:
            Gateway(app_id, key, emulator.url, pause=0).connect(INSTALLATION, 1)
        refused.append(caught.value.status)
    assert refused == [401, 401]


def test_a_token_is_of_one_repository_and_of_a_job_s_permissions(
    emulator: Emulator, gateway: Gateway
) -> None:
    """Refused is the sibling, which the App reaches, as well as what it does not reach."""
    with connected(emulator, gateway) as github:
        assert emulator.tokens()[-1] == ([emulator.repository("deploy")], PERMISSIONS)
        assert statuses(github, "/repos/{}/pulls") == [200, 403, 403]
        foreign = {"name": NAME, "head_sha": emulator.tip("sibling"), "status": "in_progress"}
        assert status_of(github, "POST", "/repos/shop/sibling/check-runs", **foreign) == 403


def test_connect_asks_for_that_scope(emulator: Emulator, gateway: Gateway) -> None:
    """Its request is accepted; what the emulator's answer lacks of a repository, it stops at."""
    number = emulator.repository("deploy")
    with pytest.raises(KeyError, match="archived"):
        gateway.connect(INSTALLATION, number)
    assert emulator.tokens()[-1] == ([number], PERMISSIONS)


def test_a_token_for_what_the_app_does_not_reach_is_refused(
    emulator: Emulator, gateway: Gateway
) -> None:
    issued = emulator.tokens()
    with pytest.raises(GitHubAnswerError) as caught:
        gateway.connect(INSTALLATION, emulator.repository("stranger"))
    assert (caught.value.status, emulator.tokens()) == (422, issued)


@pytest.mark.parametrize("more", [{"contents": "write"}, {"administration": "read"}])
def test_permissions_that_nobody_granted_are_refused(
    emulator: Emulator, gateway: Gateway, more: dict[str, str]
) -> None:
    granted = {"repositories": ["deploy"], "permissions": PERMISSIONS}
    with gateway.narrowed(INSTALLATION, granted) as requester:
        assert requester is not None
    issued = emulator.tokens()
    taken = {"repositories": ["deploy"], "permissions": {**PERMISSIONS, **more}}
    with gateway.narrowed(INSTALLATION, taken) as requester:
        assert requester is None
    assert emulator.tokens() == issued


def test_a_token_with_less_than_the_app_s_permissions_can_do_less(
    emulator: Emulator, gateway: Gateway
) -> None:
    run = {"name": NAME, "head_sha": emulator.tip("deploy"), "status": "in_progress"}
    path = "/repos/shop/deploy/check-runs"
    with connected(emulator, gateway, {"contents": "read"}) as github:
        assert status_of(github, "POST", path, **run) == 403
    with connected(emulator, gateway, GRANTED) as github:
        assert status_of(github, "POST", path, **run) == 200


def test_a_check_run_is_created_adopted_and_concluded(emulator: Emulator, gateway: Gateway) -> None:
    """The annotation's count is right because all go with the conclusion, in one request."""
    head = emulator.tip("deploy")
    about = check_runs.About(head, ExternalId("pull", 1, "b" * 40))
    with connected(emulator, gateway) as github:
        begun = checks.begin(github, about)
        assert checks.begin(github, about) == begun
        assert (begun.status, begun.conclusion, str(begun.about)) == (
            "in_progress",
            None,
            str(about.id),
        )
        checks.conclude(github, about, begun, checks.End(BLOCKED))
        assert check_runs.newest(check_runs.runs_on(github, head), about) == check_runs.CheckRun(
            id=begun.id,
            status="completed",
            about=about.id.ended("done", "failure"),
            annotations=1,
            conclusion="failure",
            title="1 finding blocks",
            summary="A container became privileged.",
        )
        assert check_runs.reviewed(github, about)
        assert checks.adopt(github, about) is None


def test_a_superseded_check_run_is_cancelled(emulator: Emulator, gateway: Gateway) -> None:
    head = emulator.tip("deploy")
    about = check_runs.About(head, ExternalId("pull", 2, "c" * 40))
    with connected(emulator, gateway) as github:
        begun = checks.begin(github, about)
        checks.cancel_all(github, about, check_runs.runs_on(github, about.head))
        ended = check_runs.newest(check_runs.runs_on(github, head), about)
    assert ended is not None
    assert (ended.id, ended.status, ended.conclusion) == (begun.id, "completed", "cancelled")


def test_a_check_run_that_is_over_at_once_is_one_webhook(
    emulator: Emulator, gateway: Gateway
) -> None:
    """The emulator signs it too, and the product's door takes it and has nothing to do."""
    about = check_runs.About(emulator.tip("deploy"), ExternalId("pull", 3, "d" * 40))
    with connected(emulator, gateway) as github:
        checks.conclude(github, about, None, checks.End(BLOCKED))
        made = check_runs.newest(check_runs.runs_on(github, about.head), about)
    assert made is not None
    assert (made.status, made.conclusion, made.annotations) == ("completed", "failure", 1)
    assert emulator.receiver.wait_for("check_run", "created", made.id).status == 202


def test_a_signed_webhook_becomes_the_task_of_its_pull_request(emulator: Emulator) -> None:
    number = pull_request(emulator, "change")
    arrival = emulator.receiver.wait_for("pull_request", "opened", number)
    assert signed(arrival.body, arrival.headers["X-Hub-Signature-256"], [SECRET])
    assert arrival.status == 202
    job = Job(INSTALLATION, emulator.repository("deploy"), number)
    [task] = emulator.receiver.tasks[arrival.delivery]
    assert isinstance(task, Announcement)
    assert task.job == job


def test_a_body_that_was_tampered_with_is_refused(emulator: Emulator) -> None:
    """One byte, another secret, another request's signature: none is let in."""
    first, second = (
        emulator.receiver.wait_for("pull_request", "opened", pull_request(emulator, branch))
        for branch in ("first", "second")
    )
    assert knocked(first, first.body) == 202
    assert knocked(first, first.body.replace(b'"opened"', b'"closed"', 1)) == 401
    assert knocked(first, first.body + b" ") == 401
    assert knocked(first, second.body) == 401
    assert knocked(first, first.body, secret="another") == 401


def knocked(arrival: Arrival, body: bytes, *, secret: str = SECRET) -> int:
    """What the product's door answers to these bytes with the headers that came."""
    door = create_app([secret], Receiver(), Metrics()).test_client()
    headers = {name: value for name, value in arrival.headers.items() if name.startswith("X-")}
    answer = door.post("/webhook", data=body, headers=headers, content_type="application/json")
    return answer.status_code
