"""The merge queue: what pull requests do together is judged before it is merged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.core.engine.review import Review
from bot.core.policy.model import Policy
from bot.errors import AnalysisError
from bot.github.events import body_mark
from bot.github.tasks import GroupJob, MaintenanceTask
from bot.standin.merge_queue import MergeGroup
from bot.standin.repositories import StandInCheckRun
from tests.service.world import BAD, GOOD, World


def queued(world: World, group: MergeGroup) -> GroupJob:
    return GroupJob(
        world.installation.id,
        world.repository.id,
        group.pull.number,
        group.base_sha,
        group.head_sha,
        group.pull.base_ref,
    )


def left(world: World, group: MergeGroup, reason: str) -> MaintenanceTask:
    detail = f"{group.head_sha} {reason}"
    where = (world.installation.id, world.repository.id)
    return MaintenanceTask("ungroup", *where, group.pull.number, detail)


def runs(world: World, group: MergeGroup) -> list[StandInCheckRun]:
    found = world.repository.runs.values()
    return [run for run in found if run.suite.head_sha == group.head_sha]


def test_a_good_combination_is_merged(world: World) -> None:
    pull = world.pull({"a.yaml": GOOD + "# more\n"})
    world.review(pull)
    group = world.github.merge_queue.enqueue(pull)
    assert world.drain(queued(world, group)) == ["pass"]
    assert world.github.merge_queue.finish(group)
    assert world.drain(left(world, group, "merged")) == ["ungrouped"]
    assert pull.conversation == []


def test_what_only_the_combination_does_blocks_it_and_one_line_says_so(world: World) -> None:
    """Each alone is good: it is together with the other that it makes an old line count."""
    world.push({"old.yaml": BAD}, "main")

    def together(
        base: ComparedTree,
        head: ComparedTree,
        policy: Policy,
        today: date,
        options: AnalysisOptions,
    ) -> Review:
        world.analyser.everywhere = {"x.yaml", "y.yaml"} <= set(head.tree)
        return world.analyser(base, head, policy, today, options)

    service = replace(world.service, judge=together)
    pulls = [world.pull({f"{name}.yaml": GOOD}, name) for name in ("x", "y")]
    assert [service.do(world.job(pull)).outcome for pull in pulls] == ["pass", "pass"]
    first = world.github.merge_queue.enqueue(pulls[0])
    assert service.do(queued(world, first)).outcome == "pass"
    assert world.github.merge_queue.finish(first)
    second = world.github.merge_queue.enqueue(pulls[1])
    assert service.do(queued(world, second)).outcome == "blocked"
    assert not world.github.merge_queue.finish(second)
    ejected = left(world, second, "dequeued")
    assert world.drain(ejected, ejected) == ["ejected", "ejected"]
    [said] = pulls[1].conversation
    assert "1 finding to deal with" in said.body
    assert len(said.body.strip().splitlines()) == 2, "the mark and one line"


def test_what_its_pull_requests_had_accepted_holds_in_the_combination(world: World) -> None:
    policy = "version: 1\napprovals: [{rules: ['*'], users: [hubot]}]\n"
    world.push({".github/fairlead.yml": policy}, "main")
    below, above = world.pull({"a.yaml": BAD}, "below"), world.pull({"b.yaml": BAD}, "above")
    for pull in (below, above):
        world.review(pull)
        comment = world.github.comment(pull, "/fairlead approve all fine", by="hubot")
        detail = f"issue:{comment.id}:{body_mark(comment.body)}"
        where = (world.installation.id, world.repository.id, pull.number)
        assert world.drain(MaintenanceTask("obey", *where, detail)) == ["obeyed", "pass"]
    first = world.github.merge_queue.enqueue(below)
    world.repository.git.set_ref("refs/heads/main", first.head_sha)
    second = world.github.merge_queue.enqueue(above)
    whole = replace(queued(world, second), base=first.base_sha)
    assert world.service.do(whole).outcome == "pass"


def test_a_combination_without_an_answer_is_a_failure_and_never_a_success(world: World) -> None:
    group = world.github.merge_queue.enqueue(world.pull({"a.yaml": GOOD + "# more\n"}))
    job = queued(world, group)
    world.analyser.failures.append(AnalysisError("the child died"))
    with pytest.raises(AnalysisError):
        world.service.do(job)
    assert [run.status for run in runs(world, group)] == ["in_progress"]
    world.service.give_up(job, "72d3162e")
    assert [run.conclusion for run in runs(world, group)] == ["failure"]


def test_a_combination_that_is_no_more_ends_its_run_and_is_not_reviewed(world: World) -> None:
    group = world.github.merge_queue.enqueue(world.pull({"a.yaml": BAD}))
    job = queued(world, group)
    world.analyser.failures.append(AnalysisError("the child died"))
    with pytest.raises(AnalysisError):
        world.service.do(job)
    assert world.drain(left(world, group, "invalidated")) == ["ungrouped"]
    assert [run.conclusion for run in runs(world, group)] == ["cancelled"]
    assert world.drain(job) == ["unneeded"]


@pytest.mark.parametrize("branch", ["main", ""])
def test_the_policy_for_the_queue_s_branch_holds_also_where_the_job_does_not_name_it(
    world: World, branch: str
) -> None:
    policy = "version: 1\nblock: never\nbranches: [{names: [main], block: error}]\n"
    world.push({".github/fairlead.yml": policy}, "main")
    group = world.github.merge_queue.enqueue(world.pull({"a.yaml": BAD}))
    assert world.drain(replace(queued(world, group), branch=branch)) == ["blocked"]


def test_an_invalid_policy_asks_for_action_in_the_queue_as_well(world: World) -> None:
    group = world.github.merge_queue.enqueue(world.pull({"a.yaml": BAD}))
    world.push({".github/fairlead.yml": "version: 1\nmode: lax\n"}, "main")
    assert world.drain(queued(world, group)) == ["invalid-policy"]
    assert [run.conclusion for run in runs(world, group)] == ["action_required"]
