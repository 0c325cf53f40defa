"""The rarer answers: other people's runs, old commits, positions, pages of deliveries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from github import GithubException

from bot.standin import MergeRefused, StandIn
from bot.standin.git.repository import SpecialFile
from tests.standin.worlds import World, world

NOBODY = "http://127.0.0.1:9"  # nobody listens: the record of deliveries is what counts
RUNS = "/repos/example/gitops/check-runs"


def _status(here: World, verb: str, path: str, body: Any = None, token: str | None = None) -> int:
    status: int = here.client(token).requester.requestJson(verb, path, input=body)[0]
    return status


def test_only_its_own_app_changes_a_run(stand_in: StandIn) -> None:
    here = world(stand_in)
    other = stand_in.create_app("Other")
    there = replace(here, app=other, installation=stand_in.install(other, here.repository))
    run = here.remote().create_check_run("fairlead", here.pull.head_sha, status="in_progress")
    path = f"{RUNS}/{run.id}"

    answers = [
        _status(there, "GET", path),
        _status(there, "PATCH", path, {"conclusion": "success"}),
        _status(here, "GET", f"{RUNS}/1"),
    ]

    assert answers == [200, 403, 404]
    assert here.repository.runs[run.id].conclusion is None


def test_a_run_is_asked_for_again_and_reset(stand_in: StandIn) -> None:
    here = world(stand_in)
    run = here.remote().create_check_run("fairlead", here.pull.head_sha, conclusion="failure")
    here.app.webhook_url = NOBODY

    asked = _status(here, "POST", f"{RUNS}/{run.id}/rerequest")
    held = here.repository.runs[run.id]
    before = (held.status, held.conclusion)
    run.edit(status="in_progress", started_at=run.started_at)
    stand_in.request_action(here.pull, held, "recheck")
    stand_in.deliveries.settle()

    told = [(one.event, one.action) for one in stand_in.deliveries.all()]
    assert (asked, before) == (201, ("completed", "failure"))
    assert (held.status, held.conclusion, held.completed_at) == ("in_progress", None, None)
    assert told == [("check_run", "rerequested"), ("check_run", "requested_action")]


def test_runs_are_listed_by_name_app_and_status(stand_in: StandIn) -> None:
    here = world(stand_in)
    remote, sha = here.remote(), here.pull.head_sha
    remote.create_check_run("one", sha, status="queued")
    remote.create_check_run("two", sha, conclusion="success")
    requester = remote.requester
    path = f"/repos/example/gitops/commits/{sha}/check-runs"

    def names(query: str) -> list[str]:
        listed = requester.requestJsonAndCheck("GET", f"{path}?{query}")[1]["check_runs"]
        return [one["name"] for one in listed]

    assert names("filter=all") == ["two", "one"]
    assert names("status=queued") == ["one"]
    assert names("check_name=two") == ["two"]
    assert names("app_id=1") == []
    assert _status(here, "GET", "/repos/example/gitops/commits/none/check-runs") == 422


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"head_sha": "f" * 40},
        {"status": "done"},
        {"actions": [{"label": "l", "description": "d", "identifier": "i"}] * 4},
        {"output": {"summary": "s", "annotations": [{"path": "p"}]}},
    ],
)
def test_runs_that_github_does_not_take_are_refused(
    refusing_stand_in: StandIn, body: dict[str, Any]
) -> None:
    here = world(refusing_stand_in)
    whole = {"name": "fairlead", "head_sha": here.pull.head_sha} | body

    assert _status(here, "POST", RUNS, whole) == 422


@pytest.mark.parametrize(
    "change",
    [
        {"annotation_level": "error"},
        {"start_line": 2},
        {"end_line": 2, "start_column": 1},
        {"title": "t" * 256},
    ],
)
def test_annotations_that_github_does_not_take_are_refused(
    refusing_stand_in: StandIn, change: dict[str, Any]
) -> None:
    here = world(refusing_stand_in)
    note = {
        "path": "p",
        "start_line": 1,
        "end_line": 1,
        "annotation_level": "notice",
        "message": "m",
    }
    output = {"title": "t", "summary": "s", "annotations": [note | change]}
    body = {"name": "fairlead", "head_sha": here.pull.head_sha, "output": output}

    assert _status(here, "POST", RUNS, body) == 422


def test_a_comment_on_an_older_commit_of_the_pull_request_is_taken(stand_in: StandIn) -> None:
    here = world(stand_in)
    older = here.pull.head_sha
    stand_in.commit(here.repository, "topic", {"apps/web.yaml": "kind: Other\n"})
    pull = here.remote().get_pull(1)
    comments: list[Any] = [{"path": "apps/api.yaml", "position": 3, "body": "by position"}]
    remote = here.remote()

    pull.create_review(
        commit=remote.get_commit(older), body="late", event="COMMENT", comments=comments
    )
    with pytest.raises(GithubException) as refused:
        pull.create_review_comment(
            "text", remote.get_commit(here.pull.base_sha), "apps/api.yaml", line=3
        )

    (made,) = here.pull.comments
    assert (made.side, made.line, made.original_commit_id) == ("LEFT", 3, older)
    assert refused.value.status == 422


def test_comments_follow_their_file_through_hunks_and_leave_with_it(stand_in: StandIn) -> None:
    here = world(stand_in)
    on_file = {
        "path": "apps/api.yaml",
        "subject_type": "file",
        "body": "on the file",
        "commit_id": here.pull.head_sha,
    }
    path = "/repos/example/gitops/pulls/1/comments"
    assert _status(here, "POST", path, on_file) == 201
    comment = stand_in.review_comment(here.pull, "apps/api.yaml", 21, "low", by="octocat")
    text = here.repository.git.run("show", "topic:apps/api.yaml").decode()
    stand_in.commit(here.repository, "topic", {"apps/api.yaml": "first: line\n" + text})
    moved = comment.line
    stand_in.commit(here.repository, "topic", {"unrelated.yaml": "a: b\n"})
    stayed = comment.line
    stand_in.commit(here.repository, "topic", {"apps/api.yaml": None})

    assert (moved, stayed, comment.line) == (22, 22, None)
    assert here.pull.comments[0].commit_id == here.pull.head_sha


def test_a_file_that_becomes_a_link_is_one_file(stand_in: StandIn) -> None:
    here = world(stand_in)
    changes: dict[str, SpecialFile | str] = {
        "apps/web.yaml": SpecialFile("120000", "api.yaml"),
        "apps/last.yaml": "a: b\n",
    }
    stand_in.commit(here.repository, "links", changes)
    stand_in.open_pull_request(here.repository, "links")

    files = [
        (one.filename, one.status, one.additions, one.deletions)
        for one in here.remote().get_pull(2).get_files()
    ]

    assert files == [("apps/last.yaml", "added", 1, 0), ("apps/web.yaml", "changed", 1, 3)]


def test_a_commit_may_ask_for_no_checks(stand_in: StandIn) -> None:
    here = world(stand_in)
    here.app.webhook_url = NOBODY

    message = "Change\n\nskip-checks: true"
    stand_in.commit(here.repository, "quiet", {"a": "b"}, message=message)
    stand_in.deliveries.settle()

    assert [one.event for one in stand_in.deliveries.all()] == ["push"]


def test_a_forced_push_is_told_as_one(stand_in: StandIn) -> None:
    here = world(stand_in)
    here.app.webhook_url = NOBODY
    first, base = here.pull.head_sha, here.pull.base_sha

    second = stand_in.commit(here.repository, "topic", {"apps/web.yaml": "a: b\n"}, parent=base)
    stand_in.move_branch(here.repository, "topic", first)
    stand_in.deliveries.settle()

    pushes = [one.body for one in stand_in.deliveries.all() if one.event == "push"]
    synced = [one.body for one in stand_in.deliveries.all() if one.action == "synchronize"]
    assert [(one["before"], one["after"], one["forced"]) for one in pushes] == [
        (first, second, True),
        (second, first, True),
    ]
    assert [(one["before"], one["after"]) for one in synced] == [(first, second), (second, first)]
    assert here.pull.head_sha == first


def test_deliveries_come_in_pages(stand_in: StandIn) -> None:
    here = world(stand_in)
    here.app.webhook_url = NOBODY
    for text in ("one", "two", "three"):
        stand_in.comment(here.pull, text, by="octocat")
    stand_in.deliveries.settle()
    requester = here.integration().requester

    headers, first = requester.requestJsonAndCheck("GET", "/app/hook/deliveries?per_page=2")
    cursor = headers["link"].partition("cursor=")[2].partition(">")[0]
    rest = requester.requestJsonAndCheck("GET", f"/app/hook/deliveries?cursor={cursor}")[1]
    failed = requester.requestJsonAndCheck("GET", "/app/hook/deliveries?status=failure")[1]
    fine = requester.requestJsonAndCheck("GET", "/app/hook/deliveries?status=success")[1]

    # What never reached anybody has no status code, and so is no `failure`.
    assert [len(one) for one in (first, rest, failed, fine)] == [2, 1, 0, 0]
    assert first[0]["id"] > first[1]["id"] > rest[0]["id"]


def test_apps_see_nothing_of_each_other(stand_in: StandIn) -> None:
    here = world(stand_in)
    there = replace(here, app=stand_in.create_app("Other"))
    path = f"/app/installations/{here.installation.id}"
    paths = (path, "/repos/example/gitops/installation", "/app/hook/deliveries/1")
    answers = [
        one.integration().requester.requestJson("GET", each)[0]
        for one in (here, there)
        for each in paths
    ]

    assert answers == [200, 200, 404, 404, 404, 404]


@pytest.mark.parametrize("obstacle", ["draft", "conflict", "closed"])
def test_a_merge_is_refused_for_what_is_in_its_way(stand_in: StandIn, obstacle: str) -> None:
    here = world(stand_in)
    if obstacle == "draft":
        stand_in.convert_to_draft(here.pull)
    elif obstacle == "conflict":
        stand_in.commit(here.repository, "main", {"apps/api.yaml": "another: file\n"})
    else:
        stand_in.close_pull_request(here.pull)

    with pytest.raises(MergeRefused, match=r"still a draft|not mergeable"):
        stand_in.merge(here.pull)

    assert here.pull.merged_at is None


def test_a_merge_of_an_old_head_is_refused(stand_in: StandIn) -> None:
    here = world(stand_in)
    here.installation.permissions["contents"] = "write"
    token = here.token(permissions={"contents": "write"})
    path = "/repos/example/gitops/pulls/1/merge"

    answers = [
        _status(here, "PUT", path, {"sha": sha}, token)
        for sha in (here.pull.base_sha, here.pull.head_sha)
    ]

    assert answers == [409, 200]


def test_a_run_may_be_waited_for(stand_in: StandIn) -> None:
    here = world(stand_in)
    assert stand_in.wait_for_check(here.pull, timeout=0.01) is None

    here.remote().create_check_run("fairlead", here.pull.head_sha, conclusion="success")
    found = stand_in.wait_for_check(here.pull)

    assert found is stand_in.check_run(here.pull)
