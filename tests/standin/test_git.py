"""Real git against the stand-in's smart HTTP."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path

from bot.standin import StandIn
from tests.standin.worlds import World, world


def _fetch(
    world: World, directory: Path, token: str | None, *wanted: str
) -> subprocess.CompletedProcess[str]:
    url = f"{world.github.url}/{world.repository.full_name}.git"
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }
    if token:
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        }
    subprocess.run(["git", "init", "-q", "--bare", str(directory)], check=True, env=environment)
    return subprocess.run(
        ["git", "-C", str(directory), "fetch", "-q", "--no-tags", url, *wanted],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_commits_are_fetched_by_their_ids(stand_in: StandIn, tmp_path: Path) -> None:
    here = world(stand_in)
    wanted = (here.pull.base_sha, here.pull.head_sha)

    done = _fetch(here, tmp_path / "mirror.git", here.token(), *wanted)
    listed = subprocess.run(
        ["git", "-C", str(tmp_path / "mirror.git"), "diff", "--name-only", *wanted],
        check=True,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, listed.stdout) == (0, "apps/api.yaml\n")


def test_head_and_test_merge_are_refs(stand_in: StandIn, tmp_path: Path) -> None:
    here = world(stand_in)

    done = _fetch(here, tmp_path / "m.git", here.token(), "refs/pull/1/head", "refs/pull/1/merge")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_forks_head_is_in_the_base_repository(stand_in: StandIn, tmp_path: Path) -> None:
    here = world(stand_in)
    fork = stand_in.fork(here.repository, "octocat")
    stand_in.commit(fork, "patch", {"apps/web.yaml": "kind: Service\n"})
    pull = stand_in.open_pull_request(here.repository, "patch", fork=fork)

    done = _fetch(here, tmp_path / "mirror.git", here.token(), "refs/pull/2/head")
    shown = here.remote().get_pull(2)

    assert (done.returncode, shown.head.label, shown.head.sha) == (
        0,
        "octocat:patch",
        pull.head_sha,
    )


def test_git_needs_a_token_that_may_read(refusing_stand_in: StandIn, tmp_path: Path) -> None:
    here = world(refusing_stand_in)
    blind = here.token(permissions={"checks": "write"})

    answers = [
        _fetch(here, tmp_path / f"{number}.git", token, "main").stderr
        for number, token in enumerate((None, "ghs_wrong", blind))
    ]

    assert "could not read Username" in answers[0]
    assert "could not read Username" in answers[1]
    assert "403" in answers[2]
