"""Who may call, and for what."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from github import Auth, Github, GithubException

from bot.standin import StandIn
from bot.standin.state import utc_now
from tests.standin.worlds import JOB, World, world


def _status(world: World, credential: str, path: str = "/app") -> tuple[int, str]:
    auth = Auth.AppAuthToken(credential)
    client = Github(auth=auth, base_url=world.github.api_url, retry=None)
    status, _, body = client.requester.requestJson("GET", path)
    return status, body


def test_an_app_sees_itself_and_its_installations(stand_in: StandIn) -> None:
    here = world(stand_in)

    app = here.integration().get_app()
    found = [one.id for one in here.integration().get_installations()]
    by_repository = here.integration().get_repo_installation("example", "gitops")

    assert (app.slug, app.client_id) == ("fairlead", here.app.client_id)
    assert (found, by_repository.id) == ([here.installation.id], here.installation.id)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"iss": "nobody"}, "'Issuer' claim"),
        ({"iat": 3600}, "'Issued at' claim"),
        ({"exp": -60}, "'Expiration time' claim"),
        ({"exp": 1200}, "too far in the future"),
    ],
)
def test_a_wrong_claim_is_refused(
    refusing_stand_in: StandIn, claims: dict[str, Any], message: str
) -> None:
    here = world(refusing_stand_in)
    now = int(time.time())
    given: dict[str, Any] = {"iss": str(here.app.id), "iat": -60, "exp": 300} | claims
    given |= {"iat": now + given["iat"], "exp": now + given["exp"]}

    status, body = _status(here, jwt.encode(given, here.app.private_key, "RS256"))

    assert (status, message in body) == (401, True)


def test_another_apps_key_is_refused(refusing_stand_in: StandIn) -> None:
    here = world(refusing_stand_in)
    other = refusing_stand_in.create_app("Other")
    now = int(time.time())
    claims = {"iss": str(here.app.id), "iat": now - 60, "exp": now + 300}

    status, body = _status(here, jwt.encode(claims, other.private_key, "RS256"))

    assert (status, "could not be decoded" in body) == (401, True)


def test_a_token_is_long_and_ends_after_an_hour(tmp_path: Path) -> None:
    now = utc_now()
    times = [now]
    with StandIn(tmp_path / "github", clock=lambda: times[0]) as stand_in:
        here = world(stand_in)
        token = here.token()
        client = here.client(token)
        before = client.get_repo(here.repository.id).full_name
        times[0] = now + timedelta(hours=1)
        with pytest.raises(GithubException) as refused:
            client.requester.requestJsonAndCheck("GET", "/installation/repositories")

    assert (before, len(token) > 400, token.startswith("ghs_")) == ("example/gitops", True, True)
    assert (refused.value.status, refused.value.data["message"]) == (401, "Bad credentials")


def test_a_revoked_token_is_refused(stand_in: StandIn) -> None:
    here = world(stand_in)
    client = here.client()
    client.requester.requestJsonAndCheck("DELETE", "/installation/token")

    with pytest.raises(GithubException) as refused:
        client.get_repo(here.repository.id).get_pulls().totalCount  # noqa: B018 - it asks

    assert refused.value.status == 401


def test_a_token_does_what_it_was_asked_for_and_no_more(stand_in: StandIn) -> None:
    here = world(stand_in)
    remote = here.remote(here.token(permissions={"pull_requests": "read"}))

    pulls = [pull.number for pull in remote.get_pulls()]
    with pytest.raises(GithubException) as refused:
        remote.create_check_run("fairlead", here.pull.head_sha, status="in_progress")

    assert pulls == [1]
    assert refused.value.status == 403
    assert refused.value.data["message"] == "Resource not accessible by integration"


def test_a_token_does_not_reach_other_repositories(stand_in: StandIn) -> None:
    here = world(stand_in)
    other = stand_in.create_repository("example/other", {"a": "b"})
    here.installation.repository_ids.add(other.id)
    client = here.client(here.token(repository_ids=[here.repository.id], permissions=JOB))

    listed = client.requester.requestJsonAndCheck("GET", "/installation/repositories")[1]
    with pytest.raises(GithubException) as refused:
        client.requester.requestJsonAndCheck("GET", "/repos/example/other")

    assert [one["name"] for one in listed["repositories"]] == ["gitops"]
    assert refused.value.status == 404


@pytest.mark.parametrize(
    "request_body",
    [{"permissions": {"contents": "write"}}, {"repository_ids": [1]}, {"repositories": ["none"]}],
)
def test_more_than_was_granted_is_refused(stand_in: StandIn, request_body: dict[str, Any]) -> None:
    here = world(stand_in)

    with pytest.raises(GithubException) as refused:
        here.token(**request_body)

    assert refused.value.status == 422


def test_a_suspended_and_a_removed_installation_get_no_token(stand_in: StandIn) -> None:
    here = world(stand_in)
    statuses = []
    for act in (stand_in.suspend, stand_in.uninstall):
        act(here.installation)
        with pytest.raises(GithubException) as refused:
            here.token()
        statuses.append(refused.value.status)

    assert statuses == [403, 404]
