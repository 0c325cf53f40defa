"""The short form of the soak: one seed, few pull requests, two kills."""

from __future__ import annotations

from pathlib import Path

from bot.standin import StandIn
from tests.soak.plan import Shape, plan
from tests.soak.verdict import wrong
from tests.soak.world import running

SEED = 20261120
SHAPE = Shape(pulls=6, repositories=2, acts=6, kills=2)


def test_after_a_storm_every_head_says_what_a_fresh_review_says(
    stand_in: StandIn, tmp_path: Path
) -> None:
    with running(stand_in, tmp_path / "service", SHAPE.repositories) as world:
        for act in plan(SEED, SHAPE):
            world.act(act)
        assert world.settle(120) == ""
        assert list(wrong(world, tmp_path)) == []
        assert list(world.open_pulls())


def test_a_seed_says_all_that_happens() -> None:
    once, again, other = (list(plan(seed, SHAPE)) for seed in (1, 1, 2))
    assert once == again
    assert once != other
