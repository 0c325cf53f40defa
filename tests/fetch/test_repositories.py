"""Repositories, from a real git server."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from bot.core.fetching import FetchResult, SourceReference
from bot.core.tree import File
from bot.fetch import Fetching
from bot.fetch.addresses import AllowedHosts, ParsedAddress
from bot.fetch.limits import FetchLimits
from bot.fetch.messages import Bounds
from bot.fetch.repositories import resolve_tag, supports_pinned_addresses
from tests.fetch.servers import Answer, Server
from tests.git.repositories import commit, git, make_repository


@pytest.fixture
def upstream(tmp_path: Path, server: Server) -> Path:
    """A repository that is served as `/git/team/base`, with one commit before what is tested."""
    server.git(tmp_path / "served")
    path = make_repository(tmp_path / "served" / "team" / "base")
    (path / ".git" / "git-daemon-export-ok").touch()
    commit(path, {"kustomization.yaml": "resources: []\n"})
    return path


def reference(server: Server, version: str, path: str = "team/base/.git") -> SourceReference:
    return SourceReference("git", f"{server.url}/git/{path}", version)


def brought_alone(fetching: Fetching, wanted: SourceReference) -> FetchResult:
    with fetching.session(frozenset()) as session:
        (brought,) = session.fetch([wanted])
        return brought


def test_a_commit_is_brought_with_its_files(
    fetching: Fetching, server: Server, upstream: Path
) -> None:
    first = git(upstream, "rev-parse", "HEAD")
    commit(upstream, {"kustomization.yaml": "resources: [a.yaml]\n", "dir/a b.yaml": "a: 1\n"})
    with fetching.session(frozenset()) as session:
        (brought,) = session.fetch([reference(server, first)])
        (file,) = brought.files.values()
        data = session.data(file.blob)
    blob = git(upstream, "rev-parse", f"{first}:kustomization.yaml")
    files = MappingProxyType({"kustomization.yaml": File("100644", blob, 14)})
    assert (brought, data) == (FetchResult("fetched", files, first), b"resources: []\n")


def test_a_commit_that_is_kept_is_not_asked_for_again(
    fetching: Fetching, server: Server, upstream: Path
) -> None:
    wanted = reference(server, git(upstream, "rev-parse", "HEAD"))
    first = brought_alone(fetching, wanted)
    asked = len(server.asked)
    assert (brought_alone(fetching, wanted), len(server.asked)) == (first, asked)
    assert first.status == "fetched"


@pytest.mark.parametrize("annotated", [(), ("--annotate", "--message=x")])
def test_a_tag_is_resolved_once_in_a_session_and_anew_in_the_next(
    fetching: Fetching, server: Server, upstream: Path, annotated: tuple[str, ...]
) -> None:
    first = git(upstream, "rev-parse", "HEAD")
    git(upstream, "tag", *annotated, "v1.0.0")
    wanted = reference(server, "refs/tags/v1.0.0")
    with fetching.session(frozenset()) as session:
        (one,) = session.fetch([wanted])
        second = commit(upstream, {"more.yaml": "a: 1\n"})
        git(upstream, "tag", "--force", *annotated, "v1.0.0")
        (again,) = session.fetch([wanted])
    moved = brought_alone(fetching, wanted)
    assert (one.digest, again, moved.digest) == (first, one, second)
    assert sorted(moved.files) == ["kustomization.yaml", "more.yaml"]


def test_the_contents_of_a_tag_that_has_not_moved_come_from_the_store(
    fetching: Fetching, server: Server, upstream: Path
) -> None:
    git(upstream, "tag", "v1.0.0")
    wanted = reference(server, "refs/tags/v1.0.0")
    first = brought_alone(fetching, wanted)
    before = len(server.asked)
    assert brought_alone(fetching, wanted) == first
    assert not any(b"command=fetch" in asked.body for asked in server.asked[before:])


def test_a_commit_that_is_not_there_says_so(
    fetching: Fetching, server: Server, upstream: Path
) -> None:
    del upstream
    brought = brought_alone(fetching, reference(server, "1" * 40))
    assert (brought.status, brought.files) == ("failed", {})
    assert "git fetch failed: remote error: upload-pack: not our ref" in brought.message


def test_a_tag_that_is_not_there_says_so(
    fetching: Fetching, server: Server, upstream: Path
) -> None:
    del upstream
    brought = brought_alone(fetching, reference(server, "refs/tags/v9"))
    assert brought == FetchResult("failed", message="the repository does not have this tag")


def test_a_redirect_of_a_repository_is_not_followed(
    fetching: Fetching, server: Server, upstream: Path
) -> None:
    wanted = git(upstream, "rev-parse", "HEAD")
    server.routes["/moved/"] = lambda asked: Answer(
        301,
        headers={"Location": f"/git/{asked.path.removeprefix('/moved/')}?{asked.query}"},
    )
    moved = SourceReference("git", f"{server.url}/moved/team/base/.git", wanted)
    assert brought_alone(fetching, moved).status == "failed"


def test_a_forge_that_leads_to_the_name_with_git_is_asked_by_that(
    fetching: Fetching, server: Server, upstream: Path
) -> None:
    """As GitLab does; git itself follows nobody."""
    wanted = git(upstream, "rev-parse", "HEAD")
    (upstream / ".git").rename(upstream.parent / "base.git")
    there = Answer(301, headers={"Location": f"{server.url}/git/team/base.git/info/refs"})
    server.routes["/git/team/base/"] = lambda _: there
    brought = brought_alone(fetching, reference(server, wanted, "team/base"))
    assert (brought.status, brought.digest) == ("fetched", wanted)


def test_submodules_and_links_are_listed_as_what_they_are(
    fetching: Fetching, server: Server, upstream: Path
) -> None:
    (upstream / "link").symlink_to("/etc/passwd")
    git(upstream, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    git(upstream, "add", "link")
    git(upstream, "commit", "--quiet", "--message=x")
    brought = brought_alone(fetching, reference(server, git(upstream, "rev-parse", "HEAD")))
    assert {path: file.mode for path, file in brought.files.items()} == {
        "kustomization.yaml": "100644",
        "link": "120000",
        "module": "160000",
    }


@pytest.mark.parametrize(
    ("version", "known"),
    [("git version 2.36.6", False), ("git version 2.37.0", True), ("git version 3.1", True),
     ("git version 2.39.5 (Apple Git-154)", True), ("", False)],
)  # fmt: skip
def test_a_git_that_would_ask_for_the_name_once_more_is_known(version: str, *, known: bool) -> None:
    assert supports_pinned_addresses(version) is known


def test_git_connects_to_the_address_that_was_checked(server: Server, upstream: Path) -> None:
    """No name service but this test knows the name, so git asked none itself."""
    git(upstream, "tag", "v1.0.0")
    place = ParsedAddress("http", "git.corp.example", server.port, "/git/team/base/.git")
    named = AllowedHosts((f"http://git.corp.example:{server.port}",))
    means = FetchLimits(named, Bounds(), lambda _host, _port: ["127.0.0.1"])
    assert resolve_tag(place, "refs/tags/v1.0.0", means) == git(upstream, "rev-parse", "HEAD")
    assert {asked.headers["host"] for asked in server.asked} == {f"git.corp.example:{server.port}"}
