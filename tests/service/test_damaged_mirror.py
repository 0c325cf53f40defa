"""A damaged mirror costs an attempt and no review."""

from __future__ import annotations

import shutil

import pytest

from bot.errors import GitError, UsageError
from tests.git.test_mirror import damage
from tests.service.world import BAD, GOOD, World


def test_a_review_whose_mirror_cannot_be_read_is_done_at_the_next_attempt(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "blocked"
    damage(world.service.mirror(world.repository.id))

    with pytest.raises(GitError, match="the mirror was damaged and is fetched anew"):
        world.review(pull, reason="requested")

    assert world.review(pull, reason="requested") == "blocked"
    world.push({"a.yaml": GOOD})
    assert world.review(pull) == "pass"


def test_a_review_whose_mirror_another_job_discards_is_tried_again(world: World) -> None:
    """Git then says of a branch that there is no such commit, which no attempt would repeat."""
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    shutil.rmtree(world.service.mirror(world.repository.id))
    world.analyser.failures.append(UsageError("'refs/heads/main' is not a commit"))

    with pytest.raises(GitError, match="fetched anew"):
        world.review(pull, reason="requested")

    assert world.review(pull, reason="requested") == "blocked"


def test_the_mirrors_are_maintained_and_one_that_cannot_be_stops_none(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    broken = world.service.mirrors / "0.git"
    broken.mkdir()
    (broken / "HEAD").write_text("nonsense")
    refs = world.service.mirror(world.repository.id) / "refs" / "fairlead"
    for number in range(40):
        (refs / f"{number:040x}").write_text(f"{pull.head_sha}\n")

    world.service.maintain()

    assert not any(path.is_file() for path in refs.rglob("*")), "loose refs are packed"
    assert world.review(pull, reason="requested") == "blocked"
