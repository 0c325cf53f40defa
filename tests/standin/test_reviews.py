"""Files, patches, and where a comment may stand."""

from __future__ import annotations

from typing import Any

import pytest
from github import GithubException

from bot.standin import StandIn
from tests.standin.worlds import world


def test_patches_are_gits_own(stand_in: StandIn) -> None:
    here = world(stand_in)

    (file,) = here.remote().get_pull(1).get_files()

    assert (file.filename, file.status, file.additions, file.deletions) == (
        "apps/api.yaml",
        "modified",
        1,
        2,
    )
    assert file.patch.splitlines()[:5] == [
        "@@ -1,6 +1,6 @@",
        " line1: 1",
        " line2: 2",
        "-line3: 3",
        "+line3: changed",
    ]


def test_renames_binaries_and_removals_are_shown_as_github_does(stand_in: StandIn) -> None:
    here = world(stand_in)
    text = here.repository.git.run("show", "main:apps/web.yaml").decode()
    changes = {
        "apps/web.yaml": None,
        "web/service.yaml": text,
        "logo.png": b"\x89PNG\0\0",
        "empty.yaml": "",
        "large.yaml": "x" * 600_000,
    }
    stand_in.commit(here.repository, "other", changes)
    stand_in.open_pull_request(here.repository, "other")

    files = [
        (file["filename"], file["status"], file.get("previous_filename"), "patch" in file)
        for file in (one.raw_data for one in here.remote().get_pull(2).get_files())
    ]

    assert files == [
        ("empty.yaml", "added", None, False),
        ("large.yaml", "added", None, False),
        ("logo.png", "added", None, False),
        ("web/service.yaml", "renamed", "apps/web.yaml", False),
    ]


def test_files_come_in_pages(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.commit(here.repository, "many", {f"many/{n:03}.yaml": "a: b\n" for n in range(205)})
    stand_in.open_pull_request(here.repository, "many")

    names = [file.filename for file in here.remote().get_pull(2).get_files()]

    assert names == [f"many/{n:03}.yaml" for n in range(205)]


def test_a_review_posts_all_of_its_comments(stand_in: StandIn) -> None:
    here = world(stand_in)
    pull = here.remote().get_pull(1)
    comments: list[Any] = [
        {"path": "apps/api.yaml", "line": 3, "side": "RIGHT", "body": "added"},
        {"path": "apps/api.yaml", "line": 20, "side": "LEFT", "body": "removed"},
        {"path": "apps/api.yaml", "line": 4, "start_line": 2, "body": "several lines"},
    ]

    pull.create_review(body="Three things", event="COMMENT", comments=comments)

    found = [(one.body, one.line, one.side, one.start_line) for one in pull.get_review_comments()]
    assert found == [
        ("added", 3, "RIGHT", None),
        ("removed", 20, "LEFT", None),
        ("several lines", 4, "RIGHT", 2),
    ]
    assert [(one.body, one.state) for one in pull.get_reviews()] == [("Three things", "COMMENTED")]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ({"line": 12}, "Pull request review thread line must be part of the diff"),
        ({"line": 3, "side": "LEFT", "start_line": 19}, "must be part of the diff"),
        ({"line": 20, "start_line": 3}, "must be part of the same hunk"),
        ({"path": "apps/web.yaml", "line": 1}, "Path could not be resolved"),
        ({"subject_type": "file"}, '"subject_type" is not a permitted key'),
        ({"line": 3, "body": "x" * 65_537}, "body is too long"),
    ],
)
def test_one_wrong_comment_refuses_the_whole_review(
    refusing_stand_in: StandIn, comment: dict[str, Any], message: str
) -> None:
    here = world(refusing_stand_in)
    pull = here.remote().get_pull(1)
    good: Any = {"path": "apps/api.yaml", "line": 3, "body": "good"}
    bad: Any = {"path": "apps/api.yaml", "body": "bad"} | comment

    with pytest.raises(GithubException) as refused:
        pull.create_review(event="COMMENT", comments=[good, bad])

    assert refused.value.status == 422
    assert message in str(refused.value.data)
    assert (here.pull.comments, here.pull.reviews) == ([], [])


def test_a_single_comment_outside_the_diff_names_the_line(stand_in: StandIn) -> None:
    here = world(stand_in)
    remote = here.remote()
    pull, commit = remote.get_pull(1), remote.get_commit(here.pull.head_sha)

    with pytest.raises(GithubException) as refused:
        pull.create_review_comment("text", commit, "apps/api.yaml", line=12)

    (error,) = refused.value.data["errors"]
    assert error["message"] == "pull_request_review_thread.line could not be resolved"


def test_a_comment_may_stand_on_a_file(stand_in: StandIn) -> None:
    here = world(stand_in)
    remote = here.remote()
    pull, commit = remote.get_pull(1), remote.get_commit(here.pull.head_sha)

    made = pull.create_review_comment("text", commit, "apps/api.yaml", subject_type="file")

    assert (made.raw_data["subject_type"], made.raw_data["line"]) == ("file", None)


def test_comments_move_with_their_line_and_age_when_it_changes(stand_in: StandIn) -> None:
    here = world(stand_in)
    pull = here.remote().get_pull(1)
    pull.create_review(
        event="COMMENT",
        comments=[
            {"path": "apps/api.yaml", "line": 2, "body": "stays"},
            {"path": "apps/api.yaml", "line": 3, "body": "goes"},
        ],
    )
    before = here.repository.git.run("show", "topic:apps/api.yaml").decode()
    after = "# a comment\n" + before.replace("line3: changed", "line3: again")
    stand_in.commit(here.repository, "topic", {"apps/api.yaml": after})

    found = [
        (one.body, one.raw_data["line"], one.raw_data["original_line"])
        for one in pull.get_review_comments()
    ]

    assert found == [("stays", 3, 2), ("goes", None, 3)]


def test_an_app_changes_and_deletes_its_own_comments_alone(stand_in: StandIn) -> None:
    here = world(stand_in)
    pull = here.remote().get_pull(1)
    pull.create_review(
        event="COMMENT", comments=[{"path": "apps/api.yaml", "line": 3, "body": "mine"}]
    )
    (own,) = pull.get_review_comments()
    theirs = stand_in.review_comment(here.pull, "apps/api.yaml", 3, "theirs", by="octocat")

    own.edit("mine, edited")
    answer = pull.create_review_comment_reply(theirs.id, "an answer")
    with pytest.raises(GithubException) as refused:
        pull.get_review_comment(theirs.id).delete()
    answer.delete()

    assert refused.value.status == 403
    assert [one.body for one in here.pull.comments] == ["mine, edited", "theirs"]


def test_the_conversation_is_written_and_read(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.comment(here.pull, "/recheck", by="octocat")
    pull = here.remote(here.token(permissions={"pull_requests": "write"})).get_pull(1)

    made = pull.create_issue_comment("a summary")
    made.edit("another summary")

    found = [(one.user.login, one.body) for one in pull.get_issue_comments()]
    assert found == [("octocat", "/recheck"), ("fairlead[bot]", "another summary")]
    made.delete()
    assert [one.body for one in here.pull.conversation] == ["/recheck"]
