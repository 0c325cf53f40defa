"""A pull request that gives back what the default branch applied lately."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.core.engine.decide import decide
from bot.core.engine.needs import GIVEN_BACK, Approvers, Need
from bot.core.engine.review import Analysis, Counts, Review, ReviewFinding, Summary
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.github.tasks import GroupJob, PushJob
from bot.standin.repositories import StandInPullRequest
from tests.service.test_commands import POLICY, answers, events, said
from tests.service.test_consent import with_clocks
from tests.service.world import BAD, GOOD, World

OTHER = GOOD.replace("name: one", "name: other")
DAY = 24 * 3600


def reverted(world: World, between: dict[str, str] | None = None) -> StandInPullRequest:
    """A revert by octocat of a push that made everything good, with other pushes in between."""
    world.push({".github/fairlead.yml": POLICY, "a.yaml": BAD}, "main")
    world.github.administration.team("example/security", "hubot")
    for login in ("hubot", "member", "octocat"):
        world.github.add_collaborator(world.repository, login, "write")
    world.push({"a.yaml": GOOD}, "main")
    if between:
        world.push(dict(between), "main")
    return world.pull({"a.yaml": BAD})


def becomes(world: World, pull: StandInPullRequest, by: str) -> tuple[str | None, str | None]:
    """The check after the comment of a person who accepts everything."""
    said(world, pull, "/fairlead approve all it burns", by)
    return world.check(pull)[1:]


@pytest.mark.parametrize("by", ["octocat", "member", "hubot"])
def test_one_approval_is_enough_the_author_s_included(world: World, by: str) -> None:
    pull = reverted(world)
    assert world.review(pull) == "blocked"
    summary = world.run(pull).summary or ""
    assert "gives back exactly what the default branch had at" in summary
    assert "`anybody with write access`" in summary

    accepted = f"Accepted by {by}: Line 'a: bad' of a.yaml is bad."
    assert becomes(world, pull, by) == ("success", accepted)
    assert events(world, "approved") == [(by, "it burns")]
    assert f"accepted by `{by}` as a revert: it burns" in (world.run(pull).summary or "")
    (entry,) = world.service.audit.entries("accepted", world.repository.id)
    assert f"`{entry.data['because']['gives-back'][:12]}`" in summary


def test_a_stranger_does_not_accept_it(world: World) -> None:
    pull = reverted(world)
    world.review(pull)

    assert becomes(world, pull, "stranger")[0] == "failure"
    assert events(world, "approved") == []


def test_what_came_in_between_does_not_matter_where_it_meets_nothing(world: World) -> None:
    pull = reverted(world, {"elsewhere/other.yaml": OTHER})
    assert world.review(pull) == "blocked"

    assert becomes(world, pull, "octocat")[0] == "success"


@pytest.mark.parametrize(
    "more", [{"a.yaml": BAD + "  b: bad\n"}, {"new.yaml": BAD.replace("one", "new")}]
)
def test_a_line_or_a_file_more_is_no_revert(world: World, more: dict[str, str]) -> None:
    pull = reverted(world)
    world.push(more)
    assert world.review(pull) == "blocked"

    assert becomes(world, pull, "octocat")[0] == "failure"
    assert "wrote one of its commits" in answers(pull)[-1]


def test_a_push_that_adds_something_ends_the_author_s_approval(world: World) -> None:
    pull = reverted(world)
    world.review(pull)
    assert becomes(world, pull, "octocat")[0] == "success"

    world.push({"new.yaml": BAD.replace("one", "new")})
    assert world.review(pull) == "blocked"
    ended = "accepted by `octocat` while this only gave back what had been applied"
    assert ended in (world.run(pull).summary or "")


@pytest.mark.parametrize(("days", "conclusion"), [(6, "success"), (8, "failure")])
def test_it_is_about_the_last_seven_days_by_github_s_clock(
    world: World, days: int, conclusion: str
) -> None:
    here, clock = with_clocks(world, 0)
    clock.pass_seconds(-days * DAY)
    world.push({".github/fairlead.yml": POLICY, "a.yaml": BAD}, "main")
    world.push({"a.yaml": GOOD}, "main")
    world.github.add_collaborator(world.repository, "octocat", "write")
    clock.pass_seconds(days * DAY)
    pull = world.pull({"a.yaml": BAD})
    here.review(pull)

    assert becomes(here, pull, "octocat")[0] == conclusion


def together(
    base: ComparedTree, head: ComparedTree, policy: Policy, today: date, _: AnalysisOptions, /
) -> Review:
    """An analysis that finds two bad files dangerous together, and one of them not at all."""

    def bad(side: ComparedTree) -> bool:
        texts = [side.blobs.data(one.blob) for one in side.tree.values()]
        return sum(b": bad" in text for text in texts) > 1

    finding = ReviewFinding("reference-broken", Severity.ERROR, "Both.", (), None, None, "f" * 16)
    found = (finding,) if bad(head) and not bad(base) else ()
    analysis = Analysis(found, (), Summary(1, 1, Counts(changed=1), "other"))
    return decide(analysis, policy, base=base.name, head=head.name, today=today)


def test_what_is_given_back_to_something_that_it_never_met_is_no_revert(world: World) -> None:
    here = replace(world, service=replace(world.service, judge=together))
    pull = reverted(here, {"elsewhere/other.yaml": OTHER.replace("good", "bad")})
    assert here.review(pull) == "blocked"

    assert becomes(here, pull, "octocat")[0] == "failure"


def test_a_direct_push_that_stands_red_is_not_given_back(world: World) -> None:
    pull = reverted(world)
    bad = world.repository.activity[1]
    world.service.do(PushJob(world.installation.id, world.repository.id, bad.before, bad.after))
    world.review(pull)

    assert becomes(world, pull, "octocat")[0] == "failure"


def test_a_direct_push_whose_review_has_not_ended_is_not_given_back(world: World) -> None:
    pull = reverted(world)
    bad = world.repository.activity[1]
    world.service.do(PushJob(world.installation.id, world.repository.id, bad.before, bad.after))
    for run in world.repository.runs.values():
        if run.suite.head_sha == bad.after:
            run.status, run.conclusion = "in_progress", None
    world.review(pull)

    assert becomes(world, pull, "octocat")[0] == "failure"


def test_a_merge_queue_takes_what_was_accepted_as_a_revert(world: World) -> None:
    pull = reverted(world)
    world.review(pull)
    becomes(world, pull, "octocat")
    group = world.github.merge_queue.enqueue(pull)
    job = GroupJob(
        world.installation.id, world.repository.id, pull.number,
        group.base_sha, group.head_sha, "main",
    )  # fmt: skip

    assert world.service.do(job).outcome == "pass"


def test_a_revert_into_another_branch_is_none(world: World) -> None:
    pull = reverted(world)
    world.github.move_branch(world.repository, "release", world.repository.git.branches()["main"])
    pull.base_ref = "release"
    world.review(pull)

    assert becomes(world, pull, "octocat")[0] == "failure"


def test_the_policy_is_not_given_back() -> None:
    """Whoever could undo a stricter policy alone would decide who accepts the next change."""
    approvers = Approvers(Policy(), gives_back="a" * 40)

    def of(rule: str) -> tuple[Need, ...]:
        finding = ReviewFinding(rule, Severity.ERROR, "", (), None, None, "f", blocks=True)
        return approvers.of_finding(finding)

    assert (of("policy-changed"), of("reference-broken")) == ((), GIVEN_BACK)
