"""GitHub in bad weather: answers that fail, get lost, or ask for patience."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import GitHubError
from bot.github.budget import HOUR
from bot.store.database import address
from bot.store.holds import Holds
from tests.service.world import BAD, GOOD, World, comments, places


@pytest.mark.parametrize("answer", ["failed", "lost"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/access_tokens"),
        ("GET", "/pulls/1$"),
        ("GET", "/check-runs$"),
        ("POST", "/check-runs$"),
        ("POST", "/pulls/1/reviews"),
        ("PATCH", "/check-runs/"),
        ("GET", "/pulls/1/files"),
        ("DELETE", "/installation/token"),
    ],
)
def test_one_bad_gateway_changes_nothing(world: World, method: str, path: str, answer: str) -> None:
    """A lost answer: GitHub did it, and only its answer did not arrive."""
    world.github.fail(path, method=method, lost=answer == "lost")
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "blocked"
    assert world.check(pull) == ("completed", "failure", "1 finding to deal with")
    assert places(pull) == [("a.yaml", 6, "line")]
    assert (len(world.runs(pull)), len(world.run(pull).annotations)) == (1, 1)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/check-runs$"), ("POST", "/pulls/1/reviews"), ("PATCH", "/check-runs/")],
)
def test_a_gateway_that_stays_bad_is_for_the_queue_and_the_next_try_completes(
    world: World, method: str, path: str
) -> None:
    world.github.fail(path, method=method, times=3)
    pull = world.pull({"a.yaml": BAD})
    with pytest.raises(GitHubError) as raised:
        world.review(pull)
    assert raised.value.retryable
    assert world.review(pull) == "blocked"
    assert (len(world.runs(pull)), len(pull.comments), len(pull.reviews)) == (1, 1, 1)


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(("retry_after", "expected"), [(17, 17.0), (None, 60.0)])
def test_a_rate_limit_is_for_the_queue_and_nobody_sleeps(
    world: World, status: int, retry_after: int | None, expected: float
) -> None:
    world.github.fail("/pulls/1/reviews", method="POST", status=status, retry_after=retry_after)
    pull = world.pull({"a.yaml": BAD})
    with pytest.raises(GitHubError) as raised:
        world.review(pull)
    assert (raised.value.retryable, raised.value.retry_after) == (True, expected)
    asked = [
        one
        for one in world.github.exchanges.all()
        if (one.method, one.path.rpartition("/")[2]) == ("POST", "reviews")
    ]
    assert len(asked) == 1


def test_a_refusal_is_final_and_says_what_github_said(world: World) -> None:
    world.installation.permissions["checks"] = "read"
    pull = world.pull({"a.yaml": BAD})
    with pytest.raises(GitHubError) as raised:
        world.review(pull)
    assert not raised.value.retryable
    assert str(raised.value).startswith("GitHub answered 422: The permissions requested")


def test_a_github_that_is_away_is_for_the_queue(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    world.github.close()
    with pytest.raises(GitHubError) as raised:
        world.review(pull)
    assert raised.value.retryable


def test_an_installation_that_must_wait_holds_no_other(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    ours = world.job(pull)
    theirs = replace(ours, installation=ours.installation + 1)
    assert [world.service.wait(job) for job in (ours, theirs)] == [0, 0]
    world.service.hold(ours, 60)
    waits = [world.service.wait(job) for job in (ours, theirs)]
    assert (0 < waits[0] <= 60, waits[1]) == (True, 0)


def test_a_process_that_is_started_anew_knows_who_must_wait(world: World, tmp_path: Path) -> None:
    job = world.job(world.pull({"a.yaml": BAD}))
    before = Holds(address(tmp_path, None))
    replace(world.service, holds=before).hold(job, 60)
    before.close()
    after = Holds(address(tmp_path, None))
    assert 0 < replace(world.service, holds=after).wait(job) <= 60
    after.close()


def test_what_is_left_of_the_hour_is_what_github_said(world: World) -> None:
    world.review(world.pull({"a.yaml": BAD}))
    budget, number = world.service.gateway.budget, world.installation.id
    held = budget._account(number)
    assert 0 < held.renewed - time.monotonic() <= HOUR


def test_writes_and_what_is_left_are_counted_by_installation(world: World) -> None:
    world.review(world.pull({"a.yaml": BAD}))
    budget, number = world.service.gateway.budget, world.installation.id
    wrote = [
        one.path
        for one in world.github.exchanges.all()
        if one.method in {"POST", "PATCH", "DELETE"}
        and one.path.startswith("/api/v3/")
        # Tokens are begun and ended beside the budget.
        and not one.path.endswith(("access_tokens", "/installation/token"))
    ]
    assert dict(budget.written()) == {number: len(wrote)}
    assert 4900 < budget.remaining()[number] < 5000


@pytest.mark.parametrize("answer", ["failed", "lost"])
def test_a_finding_that_comes_back_is_not_taken_for_the_thread_that_was_hidden(
    world: World, answer: str
) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    world.github.reply(pull, pull.comments[0], "Why?", by="octocat")
    world.push({"a.yaml": GOOD.replace("good", "better")})
    world.review(pull)
    world.push({"a.yaml": BAD})
    world.github.fail("/pulls/1/reviews", method="POST", lost=answer == "lost")

    assert world.review(pull) == "blocked"
    live = [comment for comment in comments(pull) if comment.body != "Why?"]
    assert [(comment.path, comment.line) for comment in live] == [("a.yaml", 6)]
