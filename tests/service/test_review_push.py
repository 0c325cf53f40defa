"""Pushes to the default branch: another policy, and what came without a pull request."""

from __future__ import annotations

from bot.github.tasks import MaintenanceTask, PushJob
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
    assert done.tasks == (MaintenanceTask("recheck", world.installation.id, world.repository.id),)
    again = world.service.do(done.tasks[0])
    assert again.spread > 0
    assert world.drain(*again.tasks) == ["pass", "pass", "tidied", "tidied"]
    assert {world.check(pull)[1] for pull in pulls} == {"success"}


def test_a_push_of_an_invalid_policy_is_said_on_the_pull_requests(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    job = pushed(world, {POLICY: "version: 1\nmode: lax\n"})
    assert world.drain(job) == ["invalid-policy", "rechecking", "invalid-policy"]
    assert world.check(pull)[1] == "action_required"


def test_another_codeowners_has_every_open_pull_request_reviewed_again(world: World) -> None:
    """Whom it names no longer has not accepted anything any more."""
    world.pull({"a.yaml": BAD})
    done = world.service.do(pushed(world, {".github/CODEOWNERS": "* @hubot\n"}))
    assert done.tasks == (MaintenanceTask("recheck", world.installation.id, world.repository.id),)


def test_what_was_pushed_while_the_policy_was_invalid_does_not_become_base(world: World) -> None:
    broken = pushed(world, {POLICY: "version: 1\nmode: lax\n"})
    brought = pushed(world, {"a.yaml": BAD})
    mended = pushed(world, {POLICY: "version: 1\n"})
    gone = pushed(world, {"a.yaml": GOOD})
    assert world.drain(broken)[0] == "invalid-policy"
    assert shown(world, broken.after) == [("action_required", "The policy is invalid")]
    # As the policy was then: what comes later on the branch is not looked at.
    world.github.move_branch(world.repository, "main", brought.after)
    assert world.drain(brought) == ["invalid-policy"]
    world.github.move_branch(world.repository, "main", mended.after)
    assert world.service.do(mended).outcome == "blocked"
    world.github.move_branch(world.repository, "main", gone.after)
    assert world.drain(gone) == ["pass"]


def test_a_push_that_could_not_be_reviewed_is_red_and_looked_at_with_the_next(
    world: World,
) -> None:
    brought = pushed(world, {"a.yaml": BAD})
    after = pushed(world, {"b.yaml": GOOD})
    world.service.give_up(brought, "72d3162e")
    assert shown(world, brought.after) == [("failure", "The review failed")]
    assert world.drain(after) == ["blocked"]
    assert world.drain(brought) == ["blocked"], "its re-run looks at it again"
    world.service.give_up(brought, "72d3162e")
    assert shown(world, brought.after)[-1] == ("failure", "1 finding to deal with")


def test_a_merge_that_could_not_be_looked_at_carries_on_what_was_carried(world: World) -> None:
    first = pushed(world, {"a.yaml": BAD})
    pull = world.pull({"b.yaml": GOOD})
    world.drain(first)
    world.review(pull)
    before = tip(world)
    merged = world.github.merge(pull)
    world.service.give_up(
        PushJob(world.installation.id, world.repository.id, before, merged), "72d3162e"
    )
    assert shown(world, merged) == [("failure", "The review failed")]
    assert world.drain(pushed(world, {"c.yaml": GOOD})) == ["blocked"]


def test_a_failed_look_at_a_merge_says_nothing_where_nothing_is_carried(world: World) -> None:
    pull = world.pull({"a.yaml": GOOD + "# more\n"})
    world.review(pull)
    before = tip(world)
    merged = world.github.merge(pull)
    job = PushJob(world.installation.id, world.repository.id, before, merged)
    world.service.give_up(job, "72d3162e")
    assert shown(world, merged) == []
