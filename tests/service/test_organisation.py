"""The organisation's policy, on the wire."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.github.organisation import Organisations
from bot.github.tasks import PushJob
from bot.standin.repositories import StandInRepository
from tests.service.world import BAD, World, encoded

POLICY = ".github/fairlead.yml"


def organised(world: World, text: str, *, installed: bool = True) -> StandInRepository:
    """A `.github` repository with this policy, which the App may read."""
    home = world.github.create_repository("example/.github", encoded({"fairlead.yml": text}))
    if installed:
        world.github.administration.add(world.installation, home)
    return home


def test_it_lies_under_the_repository_s(world: World) -> None:
    organised(world, "mode: observe\ninline: error\n")
    world.push({POLICY: "inline: notice\n"}, "main")
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)

    assert [(held.mode, str(held.inline)) for held in world.analyser.policies] == [
        ("observe", "notice")
    ]
    assert world.github.state.tokens == {}


def test_what_it_locks_the_repository_cannot_loosen(world: World) -> None:
    organised(world, "locked: [mode]\n")
    world.push({POLICY: "version: 1\nmode: observe\n"}, "main")
    pull = world.pull({"a.yaml": BAD})

    assert world.review(pull) == "invalid-policy"
    assert world.check(pull)[1] == "action_required"
    summary = world.run(pull).summary or ""
    assert "**The policy `.github/fairlead.yml` is invalid**" in summary
    assert "mode is locked by the organisation's policy" in summary


def test_one_that_is_not_valid_lets_nothing_pass_and_is_named(world: World) -> None:
    organised(world, "mode: lax\n")
    pull = world.pull({"a.yaml": BAD})

    assert world.review(pull) == "invalid-policy"
    assert "**The policy `example/.github/fairlead.yml` is invalid**" in (
        world.run(pull).summary or ""
    )


@pytest.mark.parametrize("text", ["\udcff", "# " + "x" * 1_100_000])
def test_one_that_cannot_be_read_lets_nothing_pass(world: World, text: str) -> None:
    home = world.github.create_repository(
        "example/.github", {"fairlead.yml": text.encode("utf-8", "surrogateescape")}
    )
    world.github.administration.add(world.installation, home)

    assert world.review(world.pull({"a.yaml": BAD})) == "invalid-policy"


def test_one_that_the_app_may_not_read_is_none(world: World) -> None:
    organised(world, "mode: observe\n", installed=False)

    assert world.review(world.pull({"a.yaml": BAD})) == "blocked"


def test_it_is_remembered_for_a_while(world: World) -> None:
    organised(world, "mode: observe\n")
    clock = [0.0]
    service = replace(world.service, organisations=Organisations(clock=lambda: clock[0]))
    pull = world.pull({"a.yaml": BAD})
    outcomes = []
    for moment in (0.0, 299.0, 301.0):
        clock[0] = moment
        outcomes.append(service.do(world.job(pull, reason="requested")).outcome)
        if not moment:
            home = world.github.state.repository("example", ".github")
            assert home is not None
            world.github.commit(home, "main", encoded({"fairlead.yml": "mode: enforce\n"}))

    assert outcomes == ["pass", "pass", "blocked"]


def test_another_one_is_in_force_on_every_open_pull_request(world: World) -> None:
    home = organised(world, "mode: observe\n")
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "pass"
    before = home.git.text("rev-parse", "refs/heads/main")
    after = world.github.commit(home, "main", encoded({"fairlead.yml": "mode: enforce\n"}))
    push = PushJob(world.installation.id, home.id, before, after)

    # The push itself passes; then the installation, its two repositories, and the pull request,
    # its check before its threads.
    outcomes = ["pass", "rechecking", "rechecking", "rechecking", "blocked", "tidied"]
    assert world.drain(push) == outcomes
    assert world.check(pull)[1] == "failure"


def test_a_push_that_leaves_it_alone_asks_nobody(world: World) -> None:
    home = organised(world, "mode: observe\n")
    before = home.git.text("rev-parse", "refs/heads/main")
    after = world.github.commit(home, "main", encoded({"profile/README.md": "# hello\n"}))

    assert world.drain(PushJob(world.installation.id, home.id, before, after)) == ["pass"]
