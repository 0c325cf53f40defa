"""A change of the policy reaches every open pull request, and costs only what it changes."""

from __future__ import annotations

from bot.core.publish.markers import fingerprint_of
from bot.github.budget import CHANGES_A_MINUTE
from bot.github.tasks import Done, Job, MaintenanceTask
from bot.jobs import lanes
from bot.service.maintenance import RECHECK_SPREAD
from bot.standin.repositories import StandInPullRequest
from tests.service.test_organisation import organised
from tests.service.test_requests import MOST_REQUESTS
from tests.service.world import BAD, World, comments

PULLS = 400
SECONDS = 300
LATENCY = 0.15
"""Seconds that GitHub takes for an answer."""
POLICY = ".github/fairlead.yml"


def recheck(world: World) -> Done:
    return world.service.do(MaintenanceTask("recheck", world.installation.id, world.repository.id))


def writes(world: World) -> int:
    """The requests so far that changed something in the repository."""
    every = world.github.exchanges.all()
    return sum(one.method != "GET" and "/repos/" in one.path for one in every)


def blocked(world: World) -> StandInPullRequest:
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "blocked"
    return pull


def test_400_reviews_begin_early_in_a_lane_of_their_own() -> None:
    assert PULLS * RECHECK_SPREAD < SECONDS / 2
    assert PULLS / CHANGES_A_MINUTE < SECONDS / 60
    assert PULLS * MOST_REQUESTS * LATENCY / lanes.workers(lanes.RECHECKS, 2) < SECONDS * 3 / 4
    job = Job(1, 2, 3, "policy", "recheck")
    tasks = (MaintenanceTask("recheck", 1, 2), MaintenanceTask("recheck-installation", 1))
    assert lanes.lane_of(job) == lanes.RECHECKS
    assert [lanes.lane_of(task) for task in tasks] == [lanes.AT_ONCE, lanes.AT_ONCE]


def test_a_rule_that_the_organisation_switches_off_turns_the_check_green(world: World) -> None:
    pull = blocked(world)
    organised(world, "rules: {image-not-approved: off}\n")
    world.service.organisations.forget(world.installation.id)
    done = recheck(world)
    assert (done.tasks, done.spread) == (
        (world.job(pull, reason="policy", priority="recheck"),),
        RECHECK_SPREAD,
    )

    before = writes(world)
    first = world.service.do(done.tasks[0])
    assert (first.outcome, writes(world) - before) == ("pass", 1), "the check alone, at first"
    assert world.check(pull) == ("completed", "success", "Nothing found")
    assert first.tasks == (world.job(pull, reason="policy", priority="sweep"),)

    assert world.drain(*first.tasks) == ["tidied"]
    assert comments(pull) == []
    assert pull.reviews[0].body.startswith("Nothing found.")
    assert len(world.runs(pull)) == 2


def test_what_says_the_same_is_left_alone(world: World) -> None:
    pull = blocked(world)
    world.push({POLICY: "version: 1\ninline: warning\n"}, "main")
    runs, before = world.runs(pull), writes(world)

    assert world.drain(*recheck(world).tasks) == ["unchanged"]
    assert (world.runs(pull), writes(world)) == (runs, before)


def test_who_may_accept_is_said_anew(world: World) -> None:
    pull = blocked(world)
    world.push({POLICY: "approvals: [{rules: ['*'], users: [hubot]}]\n"}, "main")

    assert world.drain(*recheck(world).tasks) == ["blocked"]
    assert "Waiting for approval by hubot" in str(world.check(pull)[2])
    assert fingerprint_of(comments(pull)[0].body)


def test_a_head_without_a_review_is_reviewed(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})

    assert world.drain(*recheck(world).tasks) == ["blocked"]
    assert world.check(pull)[1] == "failure"
