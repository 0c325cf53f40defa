"""Check runs, and the merges that they hold up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from github import GithubException

from bot.standin import MergeRefused, StandIn
from tests.standin.worlds import world


def _annotations(count: int, message: str = "text") -> list[Any]:
    return [
        {
            "path": "apps/api.yaml",
            "start_line": number,
            "end_line": number,
            "annotation_level": "warning",
            "message": f"{message} {number}",
        }
        for number in range(1, count + 1)
    ]


def test_annotations_are_appended_fifty_at_a_time(stand_in: StandIn) -> None:
    here = world(stand_in)
    run = here.remote().create_check_run("fairlead", here.pull.head_sha, status="in_progress")

    for part in (_annotations(50, "first"), _annotations(20, "second")):
        run.edit(output={"title": "title", "summary": "summary", "annotations": part})
    run.edit(conclusion="failure", output={"title": "title", "summary": "the end"})

    found = [one.message for one in run.get_annotations()]
    assert found[::50] == ["first 1", "second 1"]
    assert len(found) == 70
    assert (run.status, run.conclusion, run.output.summary) == ("completed", "failure", "the end")


@pytest.mark.parametrize(
    "fields",
    [
        {"output": {"title": "t", "summary": "s", "annotations": _annotations(51)}},
        {"output": {"title": "t", "summary": "s" * 65_536}},
        {"output": {"title": "t"}},
        {"conclusion": "passed"},
        {"status": "completed"},
        {"actions": [{"label": "x" * 21, "description": "d", "identifier": "i"}]},
    ],
)
def test_what_github_does_not_take_is_refused(
    refusing_stand_in: StandIn, fields: dict[str, Any]
) -> None:
    here = world(refusing_stand_in)
    body = {"name": "fairlead", "head_sha": here.pull.head_sha} | fields
    requester = here.client().requester

    with pytest.raises(GithubException) as refused:
        requester.requestJsonAndCheck("POST", "/repos/example/gitops/check-runs", input=body)

    assert (refused.value.status, here.repository.runs) == (422, {})


def test_the_latest_run_of_a_name_counts(stand_in: StandIn) -> None:
    here = world(stand_in)
    remote, sha = here.remote(), here.pull.head_sha
    first = remote.create_check_run("fairlead", sha, conclusion="success", external_id="v1:1")
    second = remote.create_check_run("fairlead", sha, status="in_progress", external_id="v1:2")
    path = f"/repos/example/gitops/commits/{sha}/check-runs?check_name=fairlead"
    requester = remote.requester

    latest = requester.requestJsonAndCheck("GET", f"{path}&app_id={here.app.id}&filter=latest")[1]
    every = requester.requestJsonAndCheck("GET", f"{path}&filter=all")[1]

    assert [one["external_id"] for one in latest["check_runs"]] == ["v1:2"]
    assert [one["id"] for one in every["check_runs"]] == [second.id, first.id]


def test_a_merge_waits_for_the_required_check_of_the_right_app(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.require_check(here.repository, "fairlead", app=here.app)
    other = stand_in.create_app("Forger")
    forger = replace(here, app=other, installation=stand_in.install(other, here.repository))
    forger.remote().create_check_run("fairlead", here.pull.head_sha, conclusion="success")
    said = [stand_in.merge_refused(here.pull)]
    remote, sha = here.remote(), here.pull.head_sha

    run = remote.create_check_run("fairlead", sha, status="in_progress")
    said.append(stand_in.merge_refused(here.pull))
    run.edit(conclusion="failure")
    said.append(stand_in.merge_refused(here.pull))
    with pytest.raises(MergeRefused):
        stand_in.merge(here.pull)
    run.edit(conclusion="success")
    merged = stand_in.merge(here.pull)

    assert said == [
        'Required status check "fairlead" is expected.',
        'Required status check "fairlead" is in progress.',
        'Required status check "fairlead" is failing.',
    ]
    assert here.repository.git.branches()["main"] == merged
    assert (here.pull.state, here.pull.merge_commit_sha) == ("closed", merged)


def test_a_merge_over_the_api_is_refused_with_githubs_sentence(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.require_check(here.repository, "fairlead")
    here.installation.permissions["contents"] = "write"
    pull = here.remote(here.token(permissions={"contents": "write", "pull_requests": "read"}))

    with pytest.raises(GithubException) as refused:
        pull.get_pull(1).merge()

    assert refused.value.status == 405
    assert refused.value.data["message"] == 'Required status check "fairlead" is expected.'


def test_the_rules_of_a_branch_name_the_check_and_its_app(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.require_check(here.repository, "fairlead", app=here.app)
    requester = here.client().requester

    (rule,) = requester.requestJsonAndCheck("GET", "/repos/example/gitops/rules/branches/main")[1]

    checks = rule["parameters"]["required_status_checks"]
    assert checks == [{"context": "fairlead", "integration_id": here.app.id}]
