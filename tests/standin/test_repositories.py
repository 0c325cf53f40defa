"""A repository as the API shows it: contents, refs, branches, people."""

from __future__ import annotations

import pytest
from github import GithubException

from bot.standin import StandIn
from bot.standin.git.repository import SpecialFile
from tests.standin.worlds import FILES, world


def test_contents_are_read_at_a_ref(stand_in: StandIn) -> None:
    here = world(stand_in)
    remote = here.remote()

    at_base = remote.get_contents("apps/api.yaml")
    at_head = remote.get_contents("apps/api.yaml", ref=here.pull.head_sha)
    listed = remote.get_contents("apps")

    assert not isinstance(at_base, list)
    assert not isinstance(at_head, list)
    assert isinstance(listed, list)
    assert at_base.decoded_content.decode() == FILES["apps/api.yaml"]
    assert b"line3: changed" in at_head.decoded_content
    assert [one.path for one in listed] == ["apps/api.yaml", "apps/web.yaml"]


def test_links_modules_and_large_files_are_shown_as_github_does(stand_in: StandIn) -> None:
    here = world(stand_in)
    changes: dict[str, SpecialFile | str] = {
        "link": SpecialFile("120000", "apps/web.yaml"),
        "module": SpecialFile("160000", here.pull.base_sha),
        "large": "x" * 1_100_000,
    }
    stand_in.commit(here.repository, "main", changes)
    requester = here.client().requester

    shapes = {
        path: requester.requestJsonAndCheck("GET", f"/repos/example/gitops/contents/{path}")[1]
        for path in changes
    }

    assert (shapes["link"]["type"], shapes["link"]["target"]) == ("symlink", "apps/web.yaml")
    assert shapes["module"]["type"] == "submodule"
    assert (shapes["large"]["encoding"], shapes["large"]["content"]) == ("none", "")


@pytest.mark.parametrize("path", ["contents/none", "git/ref/heads/none", "contents/apps?ref=none"])
def test_what_is_not_there_is_not_found(stand_in: StandIn, path: str) -> None:
    here = world(stand_in)

    with pytest.raises(GithubException) as refused:
        here.client().requester.requestJsonAndCheck("GET", f"/repos/example/gitops/{path}")

    assert refused.value.status == 404


def test_branches_and_refs_are_those_of_git(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.require_check(here.repository, "fairlead")
    remote = here.remote()

    branches = [(one.name, one.commit.sha, one.protected) for one in remote.get_branches()]
    ref = remote.get_git_ref("pull/1/head")

    assert branches == [
        ("main", here.pull.base_sha, True),
        ("topic", here.pull.head_sha, False),
    ]
    assert (ref.raw_data["ref"], ref.object.sha) == ("refs/pull/1/head", here.pull.head_sha)


def test_people_have_the_permission_that_they_were_given(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.add_collaborator(here.repository, "hubot", "write")
    remote = here.remote()

    found = [remote.get_collaborator_permission(login) for login in ("hubot", "octocat")]

    assert found == ["write", "none"]


def test_pull_requests_are_found_by_branch_state_and_commit(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.commit(here.repository, "other", {"apps/web.yaml": "kind: Other\n"})
    second = stand_in.open_pull_request(here.repository, "other")
    stand_in.close_pull_request(second)
    remote = here.remote()

    found = {
        "open": [one.number for one in remote.get_pulls()],
        "all": [one.number for one in remote.get_pulls(state="all")],
        "head": [one.number for one in remote.get_pulls(state="all", head="example:other")],
        "base": [one.number for one in remote.get_pulls(state="all", base="none")],
        "commit": [one.number for one in remote.get_commit(second.head_sha).get_pulls()],
    }

    assert found == {"open": [1], "all": [2, 1], "head": [2], "base": [], "commit": [2]}


def test_calls_are_counted_and_the_count_is_free(stand_in: StandIn) -> None:
    here = world(stand_in)
    client = here.client()
    client.get_repo(here.repository.id).get_pull(1).title  # noqa: B018 - it asks

    first, second = (client.get_rate_limit().resources.core.used for _ in range(2))

    assert (first, second) == (1, 1)


def test_conflicts_and_drafts_are_told(stand_in: StandIn) -> None:
    here = world(stand_in)
    states = [here.remote().get_pull(1).mergeable_state]
    stand_in.convert_to_draft(here.pull)
    states.append(here.remote().get_pull(1).mergeable_state)
    stand_in.commit(here.repository, "main", {"apps/api.yaml": "another: file\n"})
    pull = here.remote().get_pull(1)
    states.append(pull.mergeable_state)

    assert states == ["clean", "draft", "dirty"]
    assert (pull.raw_data["mergeable"], pull.raw_data["merge_commit_sha"]) == (False, None)
