"""The short form of the soak: one seed, few pull requests, two kills."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from bot.core.publish.markers import fingerprint_of
from bot.standin import StandIn
from bot.standin.repositories import ReviewComment, StandInPullRequest
from tests.soak.plan import Act, Disk, Late, Lose, Push, Say, Shape, Weather, plan
from tests.soak.verdict import wrong
from tests.soak.world import World, running

SEED = 20262450
SHAPE = Shape(pulls=6, repositories=2, acts=8, kills=2)


@pytest.mark.soak
def test_after_a_storm_every_head_says_what_a_fresh_review_says(
    stand_in: StandIn, tmp_path: Path
) -> None:
    with running(stand_in, tmp_path / "service", SHAPE.repositories) as world:
        for act in plan(SEED, SHAPE):
            world.act(act)
        assert world.settle(600) == ""
        assert list(wrong(world, tmp_path)) == []
        _sees_what_is_wrong(world, tmp_path)


def _sees_what_is_wrong(world: World, directory: Path) -> None:
    """A verdict that cannot fail would prove nothing: each kind of fault is made once."""
    pull = next(one for one in world.open_pulls() if _live(world, one))
    name = f"{pull.repository.full_name}#{pull.number} at {pull.head_sha[:12]}"
    newest, [comment, *_] = world.github.check_run(pull), _live(world, pull)
    assert newest is not None
    said, newest.conclusion = newest.conclusion, "neutral"
    mark = fingerprint_of(comment.body)
    assert mark is not None
    gone = replace(comment, id=1, body=comment.body.replace(mark, "0" * 16))
    pull.comments += [replace(comment, id=2), gone]
    assert list(wrong(world, directory))[:3] == [
        f"{name}: the check says neutral ({newest.title}), a fresh review {said} ({newest.title})",
        f"{name}: 2 comments are of finding {mark}",
        f"{name}: a comment is of finding {'0' * 16}, which is gone",
    ]


def _live(world: World, pull: StandInPullRequest) -> list[ReviewComment]:
    return [
        one
        for one in pull.comments
        if one.user is world.app.bot and one.minimized is None and one.in_reply_to is None
    ]


def test_the_short_form_lacks_no_kind_of_trouble() -> None:
    happened = list(plan(SEED, SHAPE))
    assert {type(act) for act in happened} == {*get_args(Act)}
    assert {_weather(act) for act in happened if isinstance(act, Weather)} == {
        "refused",
        "done, and the answer lost",
        "too many requests",
    }
    assert {act.full for act in happened if isinstance(act, Disk)} == {False, True}
    assert {act.forced for act in happened if isinstance(act, Push)} == {False, True}
    assert any("approve" in act.text for act in happened if isinstance(act, Say))
    lost = next(at for at, act in enumerate(happened) if isinstance(act, Lose))
    assert any(isinstance(act, Late) for act in happened[lost:]), "nothing comes out of its order"


def _weather(act: Weather) -> str:
    if act.status in {403, 429}:
        return "too many requests"
    return "done, and the answer lost" if act.lost else "refused"


def test_a_seed_says_all_that_happens() -> None:
    once, again, other = (list(plan(seed, SHAPE)) for seed in (1, 1, 2))
    assert once == again
    assert once != other
