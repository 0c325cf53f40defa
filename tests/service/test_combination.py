"""What is merged together is judged together, on the wire."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.core.engine.decide import decide
from bot.core.engine.review import Analysis, Counts, Location, Review, ReviewFinding, Summary
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.github.tasks import Job, MaintenanceTask, PushJob
from tests.service.world import BAD, GOOD, World

ROLE = "kind: ClusterRole\nmetadata: {name: power}\n"
BINDING = "kind: ClusterRoleBinding\nmetadata: {name: all}\nroleRef: {name: power}\n"


def judge(
    base: ComparedTree,
    head: ComparedTree,
    policy: Policy,
    today: date,
    options: AnalysisOptions,
    /,
) -> Review:
    """A binding grants something where the role that it names is there."""
    del options
    pair = {"role/a.yaml", "binding/b.yaml"}
    found: tuple[ReviewFinding, ...] = ()
    if pair <= head.tree.keys() and not pair <= base.tree.keys():
        place = Location("binding/b.yaml", 1, "RIGHT")
        message = "Everybody can now do everything"
        found = (
            ReviewFinding(
                "rbac-privilege-added", Severity.ERROR, message, (), None, place, "f" * 20
            ),
        )
    analysis = Analysis(found, (), Summary(1, 1, Counts(changed=1), "other"))
    return decide(analysis, policy, base=base.name, head=head.name, today=today)


def moved(world: World, files: dict[str, str | None]) -> tuple[Job, ...]:
    """The reviews that follow when the default branch receives these files."""
    before = world.repository.git.resolve("refs/heads/main") or ""
    after = world.push(dict(files), "main")
    done = world.service.do(PushJob(world.installation.id, world.repository.id, before, after))
    return tuple(task for task in done.tasks if isinstance(task, Job))


def test_two_harmless_pull_requests_do_not_both_merge(world: World) -> None:
    """The second is judged again once the first is merged, without losing its check meanwhile."""
    here = replace(world, service=replace(world.service, judge=judge))
    pull = here.pull({"binding/b.yaml": BINDING})
    assert here.review(pull) == "pass"

    (job,) = moved(here, {"role/a.yaml": ROLE})
    assert here.service.do(job).outcome == "blocked"

    assert here.check(pull)[:2] == ("completed", "failure")
    summary = here.run(pull).summary or ""
    assert "Together with what the base branch has received since" in summary
    assert {run.status for run in here.runs(pull)} == {"completed"}
    assert here.github.merge_refused(pull) is not None


def test_a_base_that_received_something_else_changes_nothing(world: World) -> None:
    here = replace(world, service=replace(world.service, judge=judge))
    pull = here.pull({"binding/b.yaml": BINDING})
    here.review(pull)

    (job,) = moved(here, {"other/c.yaml": GOOD.replace("one", "unrelated")})
    assert here.service.do(job).outcome == "unneeded"
    assert len(here.runs(pull)) == 1


def test_a_merge_into_another_branch_has_the_others_into_it_judged_again(world: World) -> None:
    here = replace(world, service=replace(world.service, judge=judge))
    here.push({}, "release")
    here.push({"role/a.yaml": ROLE}, "first")
    here.push({"binding/b.yaml": BINDING}, "second")
    first, second = (
        here.github.open_pull_request(here.repository, branch, base="release")
        for branch in ("first", "second")
    )
    elsewhere = here.pull({"binding/b.yaml": BINDING})
    assert [here.review(pull) for pull in (first, second, elsewhere)] == ["pass"] * 3
    here.github.merge(first)

    where = (here.installation.id, here.repository.id)
    (job,) = here.service.do(MaintenanceTask("close", *where, first.number)).tasks

    assert job == Job(*where, second.number, "moved", "sweep")
    assert here.service.do(job).outcome == "blocked"


def test_an_equal_verdict_posts_nothing(world: World) -> None:
    here = replace(world, service=replace(world.service, judge=judge))
    pull = here.pull({"binding/b.yaml": BINDING})
    here.review(pull)

    (job,) = moved(here, {"other/c.yaml": GOOD.replace("one", "power")})
    assert here.service.do(job).outcome == "unchanged"
    assert len(here.runs(pull)) == 1


def test_a_base_that_gave_back_what_met_the_change_ends_the_findings_of_both(world: World) -> None:
    here = replace(world, service=replace(world.service, judge=judge))
    pull = here.pull({"binding/b.yaml": BINDING})
    here.review(pull)
    (job,) = moved(here, {"role/a.yaml": ROLE})
    assert here.service.do(job).outcome == "blocked"

    (job,) = moved(here, {"role/a.yaml": None})

    assert here.service.do(job).outcome == "pass"
    assert here.check(pull)[1] == "success"


def test_a_base_that_was_rewritten_ends_the_verdict(world: World) -> None:
    """What the branch lost would come back with the merge, and is the pull request's change now."""
    main = world.repository.git.resolve("refs/heads/main")
    world.push({"b.yaml": BAD}, "main")
    pull = world.pull({"c.yaml": GOOD})
    assert world.review(pull) == "pass"

    before = world.repository.git.resolve("refs/heads/main")
    assert main is not None
    assert before is not None
    after = world.github.commit(world.repository, "main", {"z.yaml": b"a: 1\n"}, parent=main)
    done = world.service.do(PushJob(world.installation.id, world.repository.id, before, after))
    (job,) = (task for task in done.tasks if isinstance(task, Job))

    assert world.service.do(job).outcome == "blocked"
    assert world.check(pull)[1] == "failure"
