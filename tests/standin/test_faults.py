"""What is made to go wrong, and the log of what was said."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from github import GithubException, RateLimitExceededException

from bot.standin import StandIn
from tests.standin.worlds import world


def test_requests_fail_as_often_as_ordered(stand_in: StandIn) -> None:
    here = world(stand_in)
    client = here.client(retry=5)
    stand_in.fail(r"/pulls/1$", method="GET", times=2, status=502)

    title = client.get_repo(here.repository.id).get_pull(1).title

    asked = [one.status for one in stand_in.exchanges.all() if one.path.endswith("/pulls/1")]
    assert (title, asked) == ("Change the API", [502, 502, 200])


def test_an_answer_that_gets_lost_has_acted(stand_in: StandIn) -> None:
    here = world(stand_in)
    remote = here.remote()
    stand_in.fail(r"/check-runs$", method="POST", lost=True)

    with pytest.raises(GithubException):
        remote.create_check_run("fairlead", here.pull.head_sha, status="in_progress")

    assert [run.name for run in here.repository.runs.values()] == ["fairlead"]


def test_a_rate_limit_says_when_to_come_back(stand_in: StandIn) -> None:
    here = world(stand_in)
    client = here.client()
    stand_in.fail(r"/pulls", status=429, retry_after=60)

    status, headers, _ = client.requester.requestJson("GET", "/repos/example/gitops/pulls")

    assert (status, headers["retry-after"], headers["x-ratelimit-limit"]) == (429, "60", "5000")


def test_the_primary_limit_is_told_by_headers_and_message(stand_in: StandIn) -> None:
    here = world(stand_in)
    client = here.client()
    message = "API rate limit exceeded for installation ID 1."
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
    stand_in.fail(r"/pulls", status=403, headers=headers, message=message)

    with pytest.raises(RateLimitExceededException) as refused:
        client.requester.requestJsonAndCheck("GET", "/repos/example/gitops/pulls")

    assert refused.value.data["message"] == message
    assert refused.value.headers is not None
    assert refused.value.headers["x-ratelimit-remaining"] == "0"


def test_a_path_that_is_not_served_is_named(refusing_stand_in: StandIn) -> None:
    here = world(refusing_stand_in)
    client = here.client()

    _, _, body = client.requester.requestJson("GET", "/zen")
    refusing_stand_in.exchanges.clear()

    assert "The stand-in does not serve GET /api/v3/zen" in body


def test_many_at_once_lose_nothing(stand_in: StandIn) -> None:
    here = world(stand_in)
    token = here.token()

    def work(number: int) -> None:
        remote = here.remote(token)
        for part in range(5):
            name = f"{number}-{part}"
            run = remote.create_check_run(name, here.pull.head_sha, status="in_progress")
            run.edit(conclusion="success")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    runs = {run.name: run.conclusion for run in here.repository.runs.values()}
    assert runs == {f"{n}-{part}": "success" for n in range(8) for part in range(5)}
    assert len(here.repository.runs) == 40
