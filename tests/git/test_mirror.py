"""Bare mirrors, as the service keeps them."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot.errors import GitError, RemoteGitError
from bot.git.mirror import MOST_COMMITS, Mirror, _authorization
from bot.git.repository import Repository
from tests.git.repositories import commit, git, make_repository


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    place = make_repository(tmp_path / "origin")
    git(place, "config", "uploadpack.allowAnySHA1InWant", "true")
    return place


def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path / "data" / "1.git", protocols=("file",))


def test_commits_and_refs_are_brought_in_bare_and_without_tags(
    origin: Path, tmp_path: Path
) -> None:
    first = commit(origin, {"a.yaml": "1"})
    git(origin, "tag", "v1")
    second = commit(origin, {"a.yaml": "2"})
    url = origin.as_uri()

    repository = mirror(tmp_path).fetch(url, [first, "refs/heads/main"])

    assert repository.resolve("refs/heads/main") == second
    assert repository.merge_base(first, second) == first
    refs = git(repository.git_directory, "for-each-ref", "--format=%(refname)").split()
    assert refs == [f"refs/fairlead/{first}", "refs/heads/main"]
    assert not (repository.git_directory / "FETCH_HEAD").exists()


def test_a_moved_and_a_rewritten_branch_follow(origin: Path, tmp_path: Path) -> None:
    commit(origin, {"a": "1"})
    kept = mirror(tmp_path)
    kept.fetch(origin.as_uri(), ["refs/heads/main"])
    git(origin, "commit", "--quiet", "--amend", "--message=other")
    amended = git(origin, "rev-parse", "HEAD")

    assert kept.fetch(origin.as_uri(), ["refs/heads/main"]).resolve("refs/heads/main") == amended


def test_a_commit_that_is_here_costs_no_fetch(origin: Path, tmp_path: Path) -> None:
    first = commit(origin, {"a": "1"})
    kept = mirror(tmp_path)
    kept.fetch(origin.as_uri(), [first])

    assert kept.fetch("file:///nowhere", [first]).resolve(first) == first


def test_what_is_not_there_is_an_error(origin: Path, tmp_path: Path) -> None:
    commit(origin, {"a": "1"})

    for wanted in ("f" * 40, "refs/heads/absent", "main", "refs/heads/main:refs/heads/x", "--all"):
        with pytest.raises(GitError):
            mirror(tmp_path).fetch(origin.as_uri(), [wanted])


@pytest.mark.parametrize("url", ["ext::sh -c true", "ssh://localhost/x", "git://localhost/x"])
def test_only_the_named_protocols_are_spoken(url: str, tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not allowed"):
        mirror(tmp_path).fetch(url, ["refs/heads/main"])


def test_concurrent_fetches_wait_for_each_other(origin: Path, tmp_path: Path) -> None:
    commits = [commit(origin, {"a": str(number)}) for number in range(6)]
    failures: list[BaseException] = []

    def fetch(one: str) -> None:
        try:
            mirror(tmp_path).fetch(origin.as_uri(), [one])
        except GitError as error:
            failures.append(error)

    threads = [threading.Thread(target=fetch, args=(one,)) for one in commits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert all(mirror(tmp_path).fetch("file:///nowhere", [one]).has(one) for one in commits)


def test_objects_are_checked(origin: Path, tmp_path: Path) -> None:
    commit(origin, {"a": "1"})
    blob = git(origin, "hash-object", "-w", "a")
    (origin / "raw").write_bytes(b"100644 ..\0" + bytes.fromhex(blob))
    tree = git(origin, "hash-object", "-t", "tree", "-w", "--literally", "raw")
    git(origin, "update-ref", "refs/heads/bad", git(origin, "commit-tree", "-m", "x", tree))

    with pytest.raises(GitError):
        mirror(tmp_path).fetch(origin.as_uri(), ["refs/heads/bad"])


def test_repacking_keeps_what_was_fetched(origin: Path, tmp_path: Path) -> None:
    first = commit(origin, {"a": "1"})
    kept = mirror(tmp_path)
    kept.fetch(origin.as_uri(), [first])

    kept.maintain(datetime.now(UTC))

    assert kept.fetch("file:///nowhere", [first]).has(first)


SEEN: list[str | None] = []


class _Refusing(BaseHTTPRequestHandler):
    """Notes what was sent and refuses."""

    def do_GET(self) -> None:
        SEEN.append(self.headers.get("Authorization"))
        self.send_response(401)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        del format, args


def test_the_token_goes_in_a_header_and_into_no_file_argument_or_message(tmp_path: Path) -> None:
    SEEN.clear()
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            place = tmp_path / "m.git"
            with pytest.raises(GitError) as caught:
                Mirror(place, protocols=("http",)).fetch(
                    f"http://127.0.0.1:{server.server_port}/x.git",
                    ["refs/heads/main"],
                    "ghs_secret",
                )
        finally:
            server.shutdown()
            thread.join()

    assert SEEN[0] == "Basic eC1hY2Nlc3MtdG9rZW46Z2hzX3NlY3JldA=="
    assert "secret" not in str(caught.value)
    assert "secret" not in "".join(
        path.read_text("latin-1") for path in place.rglob("*") if path.is_file()
    )


def test_the_token_is_bound_to_the_host_and_urls_hold_no_credentials() -> None:
    given = _authorization("https://github.com/a/b.git", "t")

    assert given["GIT_CONFIG_KEY_0"] == "http.https://github.com/.extraHeader"
    with pytest.raises(GitError, match="credentials"):
        _authorization("https://user:word@github.com/a/b.git", "t")


def damage(directory: Path) -> None:
    """Overwrites the middle of the largest pack."""
    pack = max(directory.glob("objects/pack/*.pack"), key=lambda path: path.stat().st_size)
    content = bytearray(pack.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = b"x" * 40
    pack.chmod(0o644)
    pack.write_bytes(content)


@pytest.mark.parametrize(
    "harm",
    [
        lambda directory: shutil.rmtree(directory / "objects"),
        lambda directory: (directory / "config").write_text("[core\n"),
        lambda directory: (directory / "HEAD").write_bytes(b"\0" * 40),
        lambda directory: (directory / "packed-refs").write_bytes(b"\0" * 40),
        damage,
    ],
)
def test_a_damaged_mirror_is_rebuilt_by_the_next_fetch(
    origin: Path, tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    commit(origin, {f"{number}.yaml": f"{number}" * 400 for number in range(20)})
    kept = mirror(tmp_path)
    harm(kept.fetch(origin.as_uri(), ["refs/heads/main"]).git_directory)
    second = commit(origin, {"b.yaml": "2"})

    repository = kept.fetch(origin.as_uri(), [second, "refs/heads/main"])

    assert sorted(repository.tree(second)) == sorted(
        ["b.yaml", *(f"{number}.yaml" for number in range(20))]
    )


def test_a_blob_that_cannot_be_read_is_found_and_the_mirror_discarded(
    origin: Path, tmp_path: Path
) -> None:
    first = commit(origin, {"a.yaml": "a" * 4000})
    kept = mirror(tmp_path)
    repository = kept.fetch(origin.as_uri(), [first])
    later = time.time() + 1
    assert not kept.mend(later), "a sound mirror stays"
    damage(repository.git_directory)

    assert kept.mend(later)

    assert kept.fetch(origin.as_uri(), [first]).file(first, "a.yaml") == b"a" * 4000


def test_a_mirror_that_another_job_discarded_meanwhile_counts_as_mended(
    origin: Path, tmp_path: Path
) -> None:
    first = commit(origin, {"a.yaml": "1"})
    kept = mirror(tmp_path)
    git_directory = kept.fetch(origin.as_uri(), [first]).git_directory
    begun = time.time()
    shutil.rmtree(git_directory)

    assert kept.mend(begun), "it is gone"

    rebuilt = kept.fetch(origin.as_uri(), [first]).git_directory / "HEAD"
    os.utime(rebuilt, (begun + 1, begun + 1))
    assert kept.mend(begun), "it was rebuilt"
    assert not kept.mend(begun + 2)


def test_a_remote_that_is_away_costs_no_mirror(origin: Path, tmp_path: Path) -> None:
    first = commit(origin, {"a.yaml": "1"})
    kept = mirror(tmp_path)
    kept.fetch(origin.as_uri(), [first])
    with pytest.raises(RemoteGitError):
        kept.fetch((tmp_path / "gone").as_uri(), ["refs/heads/main"])
    with pytest.raises(RemoteGitError):
        kept.fetch(origin.as_uri(), ["f" * 40])
    assert kept.fetch("file:///nowhere", [first]).resolve(first) == first


def test_what_a_damaged_mirror_has_left_stays_while_the_remote_is_away(
    origin: Path, tmp_path: Path
) -> None:
    first = commit(origin, {"a.yaml": "1"})
    kept = mirror(tmp_path)
    kept.fetch(origin.as_uri(), [first])
    noise = "".join(f"{number * 7919 % 10007}" for number in range(4000))
    damage(kept.fetch(origin.as_uri(), [commit(origin, {"b.yaml": noise})]).git_directory)

    with pytest.raises(RemoteGitError):
        kept.fetch((tmp_path / "gone").as_uri(), ["refs/heads/main"])

    assert kept.fetch("file:///nowhere", [first]).file(first, "a.yaml") == b"1"


def test_packs_refs_and_objects_stay_few_over_many_fetches(
    origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.git.mirror.MOST_COMMITS", 20)
    commit(origin, {"a.yaml": "1"})
    kept = mirror(tmp_path)
    fetches, every = 120, 20
    for number in range(fetches):
        # As people push: each head replaces the one before.
        git(origin, "commit", "--quiet", "--allow-empty", "--amend", f"--message={number}")
        head = git(origin, "rev-parse", "HEAD")
        repository = kept.fetch(origin.as_uri(), [head, "refs/heads/main"])
        if number % every == every - 1:
            kept.maintain(datetime.now(UTC))
    directory = repository.git_directory
    refs = git(directory, "for-each-ref", "--format=%(refname)").split()
    loose = [path for path in (directory / "refs").rglob("*") if path.is_file()]
    packs = list(directory.glob("objects/pack/*.pack"))
    used = list((directory / "fairlead-used").glob("*"))
    assert (len(refs), len(loose) <= 32, len(packs) <= 16, len(used) <= 21) == (21, *[True] * 3)
    assert repository.resolve(head) == head
    assert kept.fetch("file:///nowhere", [head]).resolve(head) == head


@pytest.mark.flat
def test_time_and_refs_stay_flat_over_two_thousand_fetches(origin: Path, tmp_path: Path) -> None:
    """With the limits of the service; an hour has three rounds of maintenance and many fetches."""
    commit(origin, {"a.yaml": "1"})
    kept = mirror(tmp_path)
    seconds: list[float] = []
    refs: list[int] = []
    for number in range(2_000):
        git(origin, "commit", "--quiet", "--allow-empty", "--amend", f"--message={number}")
        head = git(origin, "rev-parse", "HEAD")
        begun = time.perf_counter()
        directory = kept.fetch(origin.as_uri(), [head, "refs/heads/main"]).git_directory
        seconds.append(time.perf_counter() - begun)
        if number % 50 == 49:
            kept.maintain(datetime.now(UTC))
            refs.append(len(git(directory, "for-each-ref", "--format=%(refname)").split()))
    hundreds = [statistics.median(seconds[at : at + 100]) for at in range(0, 2_000, 100)]
    milliseconds = [round(1000 * each) for each in hundreds]
    sys.stdout.write(f"milliseconds by hundred: {milliseconds}; refs by fifty: {refs}\n")

    assert max(refs) == MOST_COMMITS + 1
    # A busy machine changes its speed. Growth would add up over ten times what is kept.
    assert statistics.median(hundreds[-5:]) < 1.5 * statistics.median(hundreds[:5])


def test_many_refs_become_one_file(
    origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.git.mirror.MOST_LOOSE_REFS", 3)
    kept = mirror(tmp_path)
    heads = [commit(origin, {"a.yaml": str(number)}) for number in range(5)]
    for head in heads:
        directory = kept.fetch(origin.as_uri(), [head]).git_directory

    kept.maintain(datetime.now(UTC))

    assert [path for path in (directory / "refs").rglob("*") if path.is_file()] == []
    assert [kept.fetch("file:///nowhere", [head]).resolve(head) for head in heads] == heads


def test_the_objects_of_a_dropped_commit_go_after_a_day(
    origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.git.mirror.MOST_COMMITS", 1)
    kept = mirror(tmp_path)
    first = commit(origin, {"a.yaml": "1"})
    kept.fetch(origin.as_uri(), [first])
    git(origin, "commit", "--quiet", "--amend", "--message=replaced")
    second = git(origin, "rev-parse", "HEAD")
    repository = kept.fetch(origin.as_uri(), [second])
    for path in repository.git_directory.glob("objects/pack/*"):
        os.utime(path, (0, 0))

    kept.maintain(datetime.now(UTC))

    assert (Repository(repository.git_directory).has(first), repository.has(second)) == (
        False,
        True,
    )


def test_what_a_dropped_commit_had_stays_for_a_day(
    origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A review that reads it may have begun."""
    monkeypatch.setattr("bot.git.mirror.MOST_COMMITS", 1)
    kept = mirror(tmp_path)
    first = commit(origin, {"a.yaml": "1"})
    kept.fetch(origin.as_uri(), [first])
    git(origin, "commit", "--quiet", "--amend", "--message=replaced")
    repository = kept.fetch(origin.as_uri(), [git(origin, "rev-parse", "HEAD")])

    kept.maintain(datetime.now(UTC))

    assert Repository(repository.git_directory).has(first)


def test_objects_are_collected_once_a_day(
    origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.git.mirror.MOST_COMMITS", 1)
    kept = mirror(tmp_path)
    collected = []
    for hours in (0, 1, 25):
        for _ in range(2):
            git(origin, "commit", "--quiet", "--allow-empty", "--message=next")
            head = git(origin, "rev-parse", "HEAD")
            repository = kept.fetch(origin.as_uri(), [head])
        stamp = repository.git_directory / "fairlead-used" / "gc"
        before = stamp.stat().st_mtime_ns if stamp.exists() else 0
        kept.maintain(datetime.now(UTC) + timedelta(hours=hours))
        collected.append(stamp.stat().st_mtime_ns != before)

    assert collected == [True, False, True]
