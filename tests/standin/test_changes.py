"""Repositories that move, and pull requests in the merge queue."""

from __future__ import annotations

import json

import pytest
from github import GithubException

from bot.standin import StandIn
from tests.standin.worlds import world

NOBODY = "http://127.0.0.1:9"  # nobody listens: the record of deliveries is what counts


def test_a_renamed_repository_is_found_by_id_and_redirects_by_name(stand_in: StandIn) -> None:
    here = world(stand_in)
    here.app.webhook_url = NOBODY
    client = here.client()
    stand_in.administration.rename(here.repository, "deployments")
    stand_in.deliveries.settle()
    requester = client.requester

    by_id = client.get_repo(here.repository.id).get_pull(1).title
    read = requester.requestJson("GET", "/repos/example/gitops/pulls?state=all")
    body = {"name": "fairlead", "head_sha": here.pull.head_sha}
    written = requester.requestJson("POST", "/repos/example/gitops/check-runs", input=body)
    stand_in.exchanges.clear()  # redirects stand outside the description of each operation

    assert (by_id, written[0], here.repository.runs) == ("Change the API", 307, {})
    assert [one["number"] for one in json.loads(read[2])] == [1]
    assert [(one.event, one.action) for one in stand_in.deliveries.all()] == [
        ("repository", "renamed")
    ]


def test_an_installation_reaches_what_it_was_given(stand_in: StandIn) -> None:
    here = world(stand_in)
    here.app.webhook_url = NOBODY
    other = stand_in.create_repository("example/other", {"a": "b"})

    stand_in.administration.add(here.installation, other)
    client = here.client(here.token(permissions={"contents": "read"}))
    listed = client.requester.requestJsonAndCheck("GET", "/installation/repositories")[1]
    stand_in.administration.remove(here.installation, other)
    with pytest.raises(GithubException) as refused:
        client.requester.requestJsonAndCheck("GET", "/repos/example/other")
    stand_in.deliveries.settle()

    assert ([one["name"] for one in listed["repositories"]], refused.value.status) == (
        ["gitops", "other"],
        404,
    )
    assert [(one.event, one.action) for one in stand_in.deliveries.all()] == [
        ("installation_repositories", "added"),
        ("installation_repositories", "removed"),
    ]


@pytest.mark.parametrize("conclusion", ["success", "failure"])
def test_a_queued_pull_request_is_merged_when_its_own_commit_is_green(
    stand_in: StandIn, conclusion: str
) -> None:
    here = world(stand_in)
    here.app.webhook_url = NOBODY
    stand_in.require_check(here.repository, "fairlead", app=here.app)

    merged = conclusion == "success"

    group = stand_in.merge_queue.enqueue(here.pull)
    here.remote().create_check_run("fairlead", group.head_sha, conclusion=conclusion)
    finished = stand_in.merge_queue.finish(group)
    stand_in.deliveries.settle()

    told = [(one.event, one.action) for one in stand_in.deliveries.all()]
    assert told[0] == ("merge_group", "checks_requested")
    assert ("merge_group", "destroyed") in told
    assert (finished, here.pull.merged_at is not None) == (merged, merged)
    assert (here.repository.git.branches()["main"] == group.head_sha) is merged


def test_a_queued_pull_request_whose_base_moved_is_not_merged(stand_in: StandIn) -> None:
    here = world(stand_in)
    here.app.webhook_url = NOBODY
    group = stand_in.merge_queue.enqueue(here.pull)

    moved = stand_in.commit(here.repository, "main", {"other.yaml": b"a: 1\n"})

    assert not stand_in.merge_queue.finish(group)
    assert here.repository.git.branches()["main"] == moved, "nothing that came gets lost"


def test_an_archived_repository_takes_no_merge(stand_in: StandIn) -> None:
    here = world(stand_in)
    here.app.webhook_url = NOBODY

    stand_in.administration.archive(here.repository)
    stand_in.deliveries.settle()

    assert stand_in.merge_refused(here.pull) == "Pull Request is not mergeable"
    assert [one.action for one in stand_in.deliveries.all()] == ["archived"]
