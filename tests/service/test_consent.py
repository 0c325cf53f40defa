"""Who may accept what was shown when, by GitHub's own word, on the wire."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.approvals import short_id
from bot.github.people import People
from bot.github.tasks import Announcement, MaintenanceTask
from bot.service.context import utc_now
from bot.standin.repositories import StandInPullRequest
from tests.service.test_commands import POLICY, answers, events, heard, prepared, said
from tests.service.world import BAD, GOOD, World, encoded

ESCALATION = (
    POLICY.replace("teams: [example/security]", "users: [octocat]")
    + "escalation: {users: [hubot]}\n"
)


class Clock:
    """GitHub's clock, which a test moves."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment.replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.moment

    def pass_seconds(self, seconds: int) -> None:
        self.moment += timedelta(seconds=seconds)


def with_clocks(world: World, skew: int) -> tuple[World, Clock]:
    """A world whose service is this many seconds ahead of GitHub."""
    clock = Clock(utc_now())
    world.github.state.clock = clock
    ours: Callable[[], datetime] = lambda: clock.moment + timedelta(seconds=skew)  # noqa: E731
    return replace(world, service=replace(world.service, now=ours)), clock


def accepted(world: World) -> int:
    return len(events(world, "approved"))


@pytest.mark.parametrize("skew", [-90, 0, 5])
def test_what_was_shown_before_a_comment_is_decided_by_github_s_clock(
    world: World, skew: int
) -> None:
    """A clock behind would show the comment what came later; one ahead would hide what it saw."""
    here, clock = with_clocks(world, skew)
    pull = prepared(here)
    clock.pass_seconds(2)
    comment = here.github.comment(pull, "/fairlead approve all fine", by="hubot")
    clock.pass_seconds(2)
    here.push({"a.yaml": BAD + "  b: bad\n  c: bad\n"})
    assert here.review(pull) == "blocked"

    assert heard(here, pull, comment) == "obeyed"
    assert (accepted(here), here.check(pull)[1]) == (1, "failure")


def test_in_the_second_of_a_conclusion_all_means_what_was_there_before(world: World) -> None:
    here, clock = with_clocks(world, 0)
    pull = prepared(here)
    clock.pass_seconds(2)
    here.push({"a.yaml": BAD + "  b: bad\n"})
    assert here.review(pull) == "blocked"

    assert said(here, pull, "/fairlead approve all fine", "hubot") == "obeyed"
    assert accepted(here) == 1


def test_an_approval_is_refused_where_github_shows_nothing_yet(world: World) -> None:
    here, clock = with_clocks(world, 60)
    comment = here.github.comment(
        here.pull({"long.yaml": GOOD}, "other"), "/fairlead approve all fine", by="hubot"
    )
    clock.pass_seconds(2)
    pull = prepared(here)

    assert heard(here, pull, comment) in {"unneeded", "heard"}
    assert accepted(here) == 0


def commit(world: World, author: str, message: str = "Change", text: str = "  c: good\n") -> None:
    world.github.commit(
        world.repository, "change", encoded({"a.yaml": BAD + text}), message=message, author=author
    )


def hubot_is_refused(world: World, pull: StandInPullRequest) -> bool:
    said(world, pull, "/fairlead approve all fine", "hubot")
    return accepted(world) == 0 and "wrote one of its commits" in answers(pull)[-1]


def test_who_wrote_a_commit_accepts_nothing(world: World) -> None:
    pull = prepared(world)
    commit(world, "hubot")
    world.review(pull)

    assert hubot_is_refused(world, pull)


@pytest.mark.parametrize(
    ("address", "refused"),
    [("hubot@users.noreply.github.invalid", True), ("hubot@example.com", False)],
)
def test_a_co_author_is_who_github_says(world: World, address: str, *, refused: bool) -> None:
    """A line with an address that GitHub knows nobody by is text, and keeps nobody out."""
    pull = prepared(world)
    commit(world, "octocat", f"Change\n\nCo-authored-by: Hubot <{address}>\n")
    world.review(pull)

    assert hubot_is_refused(world, pull) is refused


def test_who_pushed_accepts_nothing(world: World) -> None:
    pull = prepared(world)
    commit(world, "octocat")
    world.service.do(Announcement(world.job(pull), None, "hubot", pull.head_sha))
    world.review(pull)

    assert hubot_is_refused(world, pull)


def written_elsewhere(world: World, parent: str) -> str:
    """A commit on another commit, by an address that GitHub knows nobody by."""
    return world.repository.git.commit(
        "nobody",
        encoded({"a.yaml": BAD + "  c: good\n"}),
        message="Change",
        author="nobody",
        moment=utc_now(),
        parent=parent,
    )


def test_who_pushed_before_the_pull_request_was_opened_accepts_nothing(world: World) -> None:
    """No webhook names a pull request then; GitHub's own list of pushes does."""
    prepared(world)
    main = world.repository.git.branches()["main"]
    commit = written_elsewhere(world, main)
    world.github.move_branch(world.repository, "early", commit, author="hubot")
    pull = world.github.open_pull_request(world.repository, "early")
    assert world.review(pull) == "blocked"

    assert hubot_is_refused(world, pull)


def test_a_push_is_not_hidden_below_a_hundred_others(world: World) -> None:
    prepared(world)
    commit = written_elsewhere(world, world.repository.git.branches()["main"])
    world.github.move_branch(world.repository, "early", commit, author="hubot")
    for number in range(110):
        change = {"c.yaml": GOOD.replace("one", f"n{number}")}
        world.github.commit(world.repository, "early", encoded(change))
    pull = world.github.open_pull_request(world.repository, "early")
    assert world.review(pull) == "blocked"

    assert hubot_is_refused(world, pull)


def test_who_brings_a_commit_by_a_pull_request_into_the_branch_accepts_nothing(
    world: World,
) -> None:
    pull = prepared(world)
    commit = written_elsewhere(world, pull.head_sha)
    world.github.move_branch(world.repository, "inner", commit, author="member")
    inner = world.github.open_pull_request(world.repository, "inner", base="change", author="hubot")
    world.github.merge(inner)
    world.review(pull)

    assert hubot_is_refused(world, pull)


def test_who_merged_what_others_brought_accepts_it(world: World) -> None:
    prepared(world)
    world.push({"b.yaml": BAD}, "inner")
    world.github.move_branch(
        world.repository, "topic", world.repository.git.branches()["main"], author="octocat"
    )
    inner = world.github.open_pull_request(world.repository, "inner", base="topic")
    world.github.merge(inner, by="hubot")
    pull = world.github.open_pull_request(world.repository, "topic")
    world.review(pull)

    assert said(world, pull, "/fairlead approve all fine", "hubot") == "obeyed"


def test_a_merge_of_the_base_hides_no_commit_that_was_pushed_with_it(world: World) -> None:
    pull = prepared(world)
    world.push({"other.yaml": GOOD}, "main")
    git = world.repository.git
    commit = written_elsewhere(world, pull.head_sha)
    merge = git.merge(
        commit, git.branches()["main"], message="Merge", author="octocat", moment=utc_now()
    )
    world.github.move_branch(world.repository, "change", merge or "", author="hubot")
    world.service.do(Announcement(world.job(pull), None, "hubot", pull.head_sha))
    world.review(pull)

    assert hubot_is_refused(world, pull)


def test_a_plain_merge_of_the_base_makes_nobody_an_author(world: World) -> None:
    pull = prepared(world)
    world.push({"other.yaml": GOOD}, "main")
    git = world.repository.git
    main = git.resolve("refs/heads/main") or ""
    merge = git.merge(pull.head_sha, main, message="Merge", author="hubot", moment=utc_now())
    world.github.move_branch(world.repository, "change", merge or "", author="hubot")
    world.service.do(Announcement(world.job(pull), None, "hubot", pull.head_sha))
    world.review(pull)

    assert said(world, pull, "/fairlead approve all fine", "hubot") == "obeyed"
    assert world.check(pull)[1] == "success"


def promotion(world: World) -> StandInPullRequest:
    """What hubot wrote and staging reviewed, proposed for production by octocat."""
    prepared(world, POLICY + "promotes: [staging, production]\n")
    main = world.repository.git.resolve("refs/heads/main") or ""
    world.github.move_branch(world.repository, "production", main)
    earlier = world.github.commit(
        world.repository, "staging", encoded({"b.yaml": BAD}), author="hubot"
    )
    world.github.administration.team("example/security", "hubot", "monalisa")
    staged = world.github.open_pull_request(world.repository, "staging")
    assert world.review(staged) == "blocked"
    said(world, staged, "/fairlead approve all fine", "monalisa")
    world.github.merge(staged)
    assert earlier
    tip = world.repository.git.resolve("refs/heads/main") or ""
    world.github.move_branch(world.repository, "promote", tip)
    return world.github.open_pull_request(world.repository, "promote", base="production")


def test_in_a_promotion_the_author_of_an_earlier_stage_accepts(world: World) -> None:
    """The commit was reviewed where it came from: who wrote it is no author of the promotion."""
    pull = promotion(world)
    before = accepted(world)
    assert world.review(pull) == "blocked"

    assert said(world, pull, "/fairlead approve all fine", "hubot") == "obeyed"
    assert (accepted(world), world.check(pull)[1]) == (before + 1, "success")


def test_what_did_not_pass_its_review_is_no_earlier_stage(world: World) -> None:
    """A branch that nothing protects takes whatever was found wanting."""
    prepared(world, POLICY + "promotes: [staging, production]\n")
    world.github.move_branch(
        world.repository, "scratch", world.repository.git.branches()["main"], author="octocat"
    )
    world.github.commit(world.repository, "draft", encoded({"b.yaml": BAD}), author="hubot")
    draft = world.github.open_pull_request(world.repository, "draft", base="scratch")
    assert world.review(draft) == "blocked"
    world.github.merge(draft)
    world.github.move_branch(
        world.repository, "promote", world.repository.git.branches()["scratch"], author="octocat"
    )
    pull = world.github.open_pull_request(world.repository, "promote")
    assert world.review(pull) == "blocked"

    assert hubot_is_refused(world, pull)


def test_who_adds_a_commit_to_a_promotion_accepts_nothing(world: World) -> None:
    pull = promotion(world)
    before = accepted(world)
    world.github.commit(world.repository, "promote", encoded({"c.yaml": BAD}), author="hubot")
    assert world.review(pull) == "blocked"

    said(world, pull, "/fairlead approve all fine", "hubot")
    assert (accepted(world), world.check(pull)[1]) == (before, "failure")


def test_all_means_the_ids_that_were_posted(world: World) -> None:
    """GitHub limits what a check can say: what it did not say, nobody has accepted."""
    pull = prepared(world)
    lines = [f"  key{number}: bad {'x' * 150}\n" for number in range(330)]
    world.push({"a.yaml": BAD + "".join(lines)})
    assert world.review(pull) == "blocked"
    shown = world.run(pull).summary or ""

    assert said(world, pull, "/fairlead approve all fine", "hubot") == "obeyed"
    entries = world.service.audit.entries("approved", world.repository.id)
    approved = {short_id(entry.fingerprint) for entry in entries}
    assert 0 < len(approved) < 330
    assert approved == {mark for mark in approved if mark in shown}
    assert world.check(pull)[1] == "failure"


def test_a_name_that_looks_like_an_id_shows_no_finding(world: World) -> None:
    """An author can name a resource like the id of a finding that the check had no room for."""
    pull = prepared(world)
    lines = [f"  key{number}: bad {'x' * 150}" for number in range(330)]
    hidden = {hashlib.sha256(f"a.yaml:{line}".encode()).hexdigest()[:16] for line in lines[-20:]}
    ids = " ".join(sorted(map(short_id, hidden)))
    world.push({"a.yaml": "\n".join([BAD.rstrip("\n"), f"  first: bad {ids}", *lines, ""])})
    assert world.review(pull) == "blocked"
    shown = world.run(pull).summary or ""
    assert all(short_id(fingerprint) in shown for fingerprint in hidden)

    said(world, pull, "/fairlead approve all fine", "hubot")

    entries = world.service.audit.entries("approved", world.repository.id)
    approved = {entry.fingerprint for entry in entries}
    assert approved
    assert not approved & hidden


def test_nobody_accepts_what_an_unknown_person_pushed_to_a_branch_here(world: World) -> None:
    """The webhook was lost and GitHub lists no push: it may have been the approver."""
    here, clock = with_clocks(world, 0)
    pull = prepared(here)
    here.repository.activity.clear()
    head = here.push({"b.yaml": BAD})
    here.repository.activity.clear()
    here.review(pull)
    clock.pass_seconds(2)

    said(here, pull, "/fairlead approve all fine", "hubot")
    assert events(here, "approved") == []
    assert f"who pushed `{head[:12]}`, so **no approval counts**" in (here.run(pull).summary or "")

    here.service.do(Announcement(here.job(pull), None, "octocat", head))
    here.review(pull, reason="requested")
    clock.pass_seconds(2)
    said(here, pull, "/fairlead approve all fine", "hubot")
    assert here.check(pull)[1] == "success", "the webhook says who it was"


def test_a_merge_of_another_pull_request_leaves_no_commit_without_a_pusher(world: World) -> None:
    """GitHub lists the merge as such, and no push."""
    pull = prepared(world)
    world.push({"b.yaml": GOOD}, "part")
    part = world.github.open_pull_request(world.repository, "part", base="change")
    world.github.merge(part)
    world.review(pull)

    said(world, pull, "/fairlead approve all fine", "hubot")
    assert world.check(pull)[1] == "success"


def test_an_approver_who_then_pushes_has_accepted_nothing(world: World) -> None:
    pull = prepared(world)
    said(world, pull, "/fairlead approve all fine", "hubot")
    assert world.check(pull)[1] == "success"
    commit(world, "hubot")
    world.review(pull)

    assert world.check(pull)[1] == "failure"
    assert "who has become an author of this change" in (world.run(pull).summary or "")


def test_where_only_the_author_could_accept_the_escalation_does(world: World) -> None:
    pull = prepared(world, ESCALATION)

    assert "`@hubot` (nobody else is left)" in (world.run(pull).summary or "")
    assert said(world, pull, "/fairlead approve all fine", "hubot") == "obeyed"
    assert world.check(pull)[1] == "success"


def test_a_green_that_was_closed_lets_nobody_else_merge(world: World) -> None:
    """The same head, proposed to a branch with another policy, is not green before its review."""
    world.push({"base.yaml": GOOD}, "lax")
    pull = world.pull({"c.yaml": GOOD.replace("one", "three")})
    assert world.review(pull) == "pass"
    world.github.close_pull_request(pull)
    job = MaintenanceTask("close", world.installation.id, world.repository.id, pull.number)
    assert world.service.do(job).outcome == "closed"

    assert world.check(pull) == ("completed", "cancelled", "Closed")
    world.github.reopen(pull)
    assert world.service.do(Announcement(world.job(pull))).outcome == "announced"


def test_a_green_that_the_default_branch_has_stays(world: World) -> None:
    pull = world.pull({"c.yaml": GOOD.replace("one", "three")})
    assert world.review(pull) == "pass"
    world.github.merge(pull)
    job = MaintenanceTask("close", world.installation.id, world.repository.id, pull.number)
    world.service.do(job)

    assert world.check(pull)[1] == "success"


def test_a_new_name_makes_no_author_an_approver(world: World) -> None:
    pull = prepared(world)
    commit(world, "hubot")
    world.review(pull)
    world.github.administration.rename_person("hubot", "hubot-2")

    said(world, pull, "/fairlead approve all fine", "hubot-2")
    assert accepted(world) == 0
    assert "wrote one of its commits" in answers(pull)[-1]


def test_who_takes_the_former_name_of_an_author_is_another_person(world: World) -> None:
    pull = prepared(world)
    commit(world, "hubot")
    world.review(pull)
    world.github.administration.rename_person("hubot", "hubot-2")
    world.github.administration.team("example/security", "hubot")

    assert said(world, pull, "/fairlead approve all fine", "hubot") == "obeyed"
    assert world.check(pull)[1] == "success"


def test_an_approval_holds_when_the_approver_is_renamed(world: World) -> None:
    """And when somebody else takes the former name, and then pushes."""
    pull = prepared(world)
    said(world, pull, "/fairlead approve all fine", "hubot")
    world.github.administration.rename_person("hubot", "hubot-2")
    commit(world, "octocat", text="")
    newcomer = world.github.state.account("hubot").id
    world.service.do(Announcement(world.job(pull), None, "hubot", pull.head_sha, newcomer))
    world.review(pull)

    assert world.check(pull)[1] == "success"


def test_an_approver_who_pushes_under_a_new_name_has_accepted_nothing(world: World) -> None:
    pull = prepared(world)
    number = world.github.state.account("hubot").id
    said(world, pull, "/fairlead approve all fine", "hubot")
    world.github.administration.rename_person("hubot", "hubot-2")
    commit(world, "octocat")
    world.service.do(Announcement(world.job(pull), None, "hubot-2", pull.head_sha, number))
    world.review(pull)

    assert world.check(pull)[1] == "failure"


def test_write_access_is_that_of_the_account_that_wrote_the_comment(world: World) -> None:
    """GitHub tells by login who may write, and a login may have got another owner meanwhile."""
    world.github.add_collaborator(world.repository, "hubot", "write")
    with world.service.connected(world.installation.id, world.repository.id) as github:
        people = People(github, world.service.gateway)
        account = world.github.state.account("hubot")

        assert people.may_write(GitHubAccount("hubot", account.id))
        assert not people.may_write(GitHubAccount("hubot", account.id + 1))
