"""Pushes to the default branch: another policy, and what came without a pull request."""

from __future__ import annotations

from bot.github.tasks import Errand, PushJob
from tests.service.world import BAD, GOOD, World

POLICY = ".github/fairlead.yml"
WAIVER = """\
version: 1
waivers:
  - {rule: image-not-approved, paths: [a.yaml], reason: "known", expires: 2027-01-01}
"""


def tip(world: World) -> str:
    return world.repository.git.text("rev-parse", "refs/heads/main")


def pushed(world: World, files: dict[str, str | None]) -> PushJob:
    """What a push of these files to the default branch asks for."""
    before = tip(world)
    after = world.push(files, "main")
    return PushJob(world.installation.id, world.repository.id, before, after)


def shown(world: World, commit: str) -> list[tuple[str | None, str | None]]:
    found = world.repository.runs.values()
    return [(run.conclusion, run.title) for run in found if run.suite.head_sha == commit]


def test_a_direct_push_is_reviewed_after_the_fact(world: World) -> None:
    job = pushed(world, {"a.yaml": BAD})
    assert world.drain(job) == ["blocked"]
    assert shown(world, job.after) == [("failure", "1 finding to deal with")]
    assert world.drain(job) == ["unneeded"]
    assert len(world.repository.runs) == 1


def test_a_good_direct_push_is_green(world: World) -> None:
    job = pushed(world, {"a.yaml": GOOD + "# more\n"})
    assert world.drain(job) == ["pass"]
    assert shown(world, job.after) == [("success", "Nothing found")]


def test_a_merge_needs_no_look(world: World) -> None:
    pull = world.pull({"a.yaml": GOOD + "# more\n"})
    world.review(pull)
    before = tip(world)
    merged = world.github.merge(pull)
    job = PushJob(world.installation.id, world.repository.id, before, merged)
    assert world.drain(job) == ["unneeded"]
    assert shown(world, merged) == []


def test_what_a_direct_push_brought_stays_until_it_is_gone(world: World) -> None:
    first = pushed(world, {"a.yaml": BAD})
    second = pushed(world, {"b.yaml": GOOD})
    third = pushed(world, {"a.yaml": GOOD})
    fourth = pushed(world, {"b.yaml": GOOD + "# more\n"})
    assert world.drain(first, second, third, fourth) == ["blocked", "blocked", "pass", "pass"]


def test_a_merge_carries_what_a_direct_push_brought(world: World) -> None:
    first = pushed(world, {"a.yaml": BAD})
    pull = world.pull({"b.yaml": GOOD})
    world.drain(first)
    world.review(pull)
    before = tip(world)
    merged = world.github.merge(pull)
    job = PushJob(world.installation.id, world.repository.id, before, merged)
    assert world.drain(job) == ["blocked"]


def test_a_waiver_accepts_what_a_direct_push_brought(world: World) -> None:
    first = pushed(world, {"a.yaml": BAD})
    second = pushed(world, {POLICY: WAIVER})
    assert world.drain(first) == ["blocked"]
    assert world.service.do(second).outcome == "pass"


def test_another_policy_has_every_open_pull_request_reviewed_again_slowly(world: World) -> None:
    pulls = [world.pull({f"{name}.yaml": BAD}, name) for name in ("x", "y")]
    for pull in pulls:
        world.review(pull)
    job = pushed(world, {POLICY: "version: 1\nblock: never\n"})
    done = world.service.do(job)
    assert done.tasks == (Errand("recheck", world.installation.id, world.repository.id),)
    again = world.service.do(done.tasks[0])
    assert again.spread > 0
    assert world.drain(*again.tasks) == ["pass", "pass"]
    assert {world.check(pull)[1] for pull in pulls} == {"success"}


def test_a_push_of_an_invalid_policy_is_said_on_the_pull_requests(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    job = pushed(world, {POLICY: "version: 1\nmode: lax\n"})
    assert world.drain(job) == ["invalid-policy", "rechecking", "invalid-policy"]
    assert world.check(pull)[1] == "action_required"
