"""No check run stays in progress: two of a moment, a kill, a stray, an answer that got lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date

import pytest

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.core.engine.review import Review
from bot.core.policy.model import Policy
from bot.core.publish.operations import ConcludeCheck
from bot.errors import Overtaken
from bot.github import check_runs, checks, connection
from bot.github.pulls import read_pull
from bot.github.tasks import Announcement, Done, GroupJob, MaintenanceTask
from bot.service import review_pull_request
from bot.standin.repositories import StandInPullRequest
from bot.store.audit import Audit, AuditEntry
from tests.service.world import BAD, GOOD, World

MORE = GOOD + "# more\n"


def twin(world: World, pull: StandInPullRequest) -> None:
    """A run in progress below one that has ended: an announcement and a review of one moment."""
    with world.service.connected(world.installation.id, world.repository.id) as github:
        about = check_runs.about_pull(read_pull(github, pull.number))
        checks.begin(github, about)
        # What looked for runs before the other had made one.
        ending = checks.End(ConcludeCheck("success", "Nothing found", "All is well."))
        checks.conclude(github, about, None, ending)
    assert ends(world, pull) == ["in_progress", "success"]


def ends(world: World, pull: StandInPullRequest) -> list[str | None]:
    """How the runs on the head ended, oldest first; "in_progress" where one did not."""
    return [run.conclusion or run.status for run in world.runs(pull)]


def sweep(world: World) -> MaintenanceTask:
    return MaintenanceTask("sweep", world.installation.id, world.repository.id)


def test_the_job_that_finds_its_head_reviewed_ends_the_other_run_of_that_moment(
    world: World,
) -> None:
    pull = world.pull({"a.yaml": MORE})
    twin(world, pull)
    assert world.review(pull) == "unneeded"
    assert ends(world, pull) == ["cancelled", "success"]


def test_a_job_that_failed_for_good_ends_it_as_well(world: World) -> None:
    pull = world.pull({"a.yaml": MORE})
    twin(world, pull)
    world.service.give_up(world.job(pull), "72d3162e")
    assert ends(world, pull) == ["cancelled", "success"]


def test_a_sweep_finds_it(world: World) -> None:
    pull = world.pull({"a.yaml": MORE})
    twin(world, pull)
    assert world.drain(sweep(world)) == ["swept", "unneeded"]
    assert ends(world, pull) == ["cancelled", "success"]


def test_a_retarget_is_in_progress_above_it(world: World) -> None:
    """GitHub shows the newest run: to take up the older one would leave the old green there."""
    world.push({"a.yaml": BAD}, "lax")
    pull = world.pull({"a.yaml": MORE})
    twin(world, pull)
    world.github.edit(pull, base="lax")
    done = world.announce(pull, reason="requested")
    assert ends(world, pull) == ["cancelled", "success", "in_progress"]
    assert world.drain(*done.tasks) == ["pass"]
    assert ends(world, pull) == ["cancelled", "success", "success"]


def test_a_pull_request_that_closes_while_its_job_is_dead_leaves_nothing(world: World) -> None:
    """Killed after it made the run; by the time it is begun again, the pull request is closed."""
    pull = world.pull({"a.yaml": MORE})
    world.announce(pull)
    world.github.close_pull_request(pull)
    assert world.review(pull) == "unneeded"
    assert ends(world, pull) == ["cancelled"]


def test_a_failed_job_of_a_closed_pull_request_leaves_nothing(world: World) -> None:
    pull = world.pull({"a.yaml": MORE})
    world.announce(pull)
    world.github.close_pull_request(pull)
    world.service.give_up(world.job(pull), "72d3162e")
    assert ends(world, pull) == ["cancelled"]


def test_a_sweep_ends_the_run_of_a_pull_request_that_went_on_to_another_head(
    world: World,
) -> None:
    """Its push was lost; another pull request has its old head, and GitHub shows one check."""
    world.push({"b.yaml": GOOD}, "other")
    world.push({"a.yaml": MORE})
    stays = world.github.open_pull_request(world.repository, "change", base="other")
    world.push({"a.yaml": MORE}, "moving")
    world.github.move_branch(world.repository, "moving", stays.head_sha)
    moves = world.github.open_pull_request(world.repository, "moving")
    world.announce(stays)
    world.announce(moves)
    world.push({"more.txt": "x"}, "moving")
    assert ends(world, stays) == ["in_progress", "in_progress"]
    found = world.service.do(sweep(world))
    assert ends(world, stays) == ["in_progress", "cancelled"]
    world.drain(*found.tasks)
    assert world.check(stays)[:2] == ("completed", "success")
    assert "in_progress" not in {*ends(world, stays), *ends(world, moves)}


def test_a_push_of_one_does_not_hide_the_check_of_another_with_its_old_head(world: World) -> None:
    world.push({"b.yaml": GOOD}, "other")
    world.push({"a.yaml": MORE})
    stays = world.github.open_pull_request(world.repository, "change", base="other")
    world.push({"a.yaml": MORE}, "moving")
    world.github.move_branch(world.repository, "moving", stays.head_sha)
    moves = world.github.open_pull_request(world.repository, "moving")
    world.announce(stays)
    world.announce(moves)
    world.push({"more.txt": "x"}, "moving")
    world.drain(Announcement(world.job(moves), stays.head_sha))
    assert world.check(stays)[:2] == ("completed", "success")
    assert "in_progress" not in {*ends(world, stays), *ends(world, moves)}


def test_a_lost_answer_is_not_taken_for_an_older_run_that_says_the_same(world: World) -> None:
    pull = world.pull({"a.yaml": MORE})
    with world.service.connected(world.installation.id, world.repository.id) as github:
        about = check_runs.about_pull(read_pull(github, pull.number))
        good = checks.End(ConcludeCheck("success", "Nothing found", "All is well."))
        checks.conclude(github, about, None, good)
        checks.conclude(github, about, None, checks.End(ConcludeCheck("failure", "Bad", "It is.")))
        world.github.fail("/check-runs$", method="POST", status=502)
        checks.conclude(github, about, None, good)
        world.github.fail("/check-runs$", method="POST", status=502, lost=True)
        checks.conclude(github, about, None, good)
    assert ends(world, pull) == ["success", "failure", "success", "success"]


@pytest.mark.parametrize("act", ["push", "close", "retarget"])
def test_an_analysis_that_nobody_waits_for_any_more_is_ended(
    world: World, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    monkeypatch.setattr(review_pull_request, "LOOK", 0.0)
    world.push({"b.yaml": GOOD}, "other")
    pull = world.pull({"a.yaml": BAD})
    acts: Mapping[str, Callable[[], object]] = {
        "push": lambda: world.push({"a.yaml": MORE}),
        "close": lambda: world.github.close_pull_request(pull),
        "retarget": lambda: world.github.edit(pull, base="other"),
    }

    def slow(
        _base: ComparedTree,
        head: ComparedTree,
        _policy: Policy,
        _day: date,
        options: AnalysisOptions,
    ) -> Review:
        assert not options.unwanted()
        world.github.fail(r"/pulls/\d+$", method="GET", status=404)
        assert not options.unwanted(), "GitHub's bad moment is no answer"
        acts[act]()
        assert options.unwanted()
        raise Overtaken(head.name)

    old = pull.head_sha
    assert replace(world.service, judge=slow).do(world.job(pull)).outcome == "superseded"
    runs = [run for run in pull.repository.runs.values() if run.suite.head_sha == old]
    assert [(run.status, run.conclusion) for run in runs] == [("completed", "cancelled")]
    assert pull.comments == []


def test_a_review_that_a_push_overtook_sees_to_the_newer_head(world: World) -> None:
    """Also where the delivery of that push is lost."""
    pull = world.pull({"a.yaml": BAD})

    def moving(
        base: ComparedTree,
        head: ComparedTree,
        policy: Policy,
        today: date,
        options: AnalysisOptions,
    ) -> Review:
        world.push({"a.yaml": MORE})
        return world.analyser(base, head, policy, today, options)

    done = replace(world.service, judge=moving).do(world.job(pull, reason="requested"))
    assert done == Done("superseded", (Announcement(world.job(pull)),))
    assert world.drain(*done.tasks) == ["announced", "pass"]
    assert world.check(pull)[:2] == ("completed", "success")


@pytest.mark.parametrize("kind", ["pull", "group"])
def test_a_run_that_github_makes_long_after_it_was_asked_is_ended(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The request took longer than anybody waits; its run lies above the one asked for next."""
    monkeypatch.setattr(connection, "SECONDS", 1)
    pull = world.pull({"a.yaml": BAD})
    tip = world.repository.git.text("rev-parse", "refs/heads/main")
    where = (world.installation.id, world.repository.id)
    group = GroupJob(*where, pull.number, tip, pull.head_sha, "main")

    def patient(
        base: ComparedTree, head: ComparedTree, policy: Policy, day: date, options: AnalysisOptions
    ) -> Review:
        assert world.github.wait_until(lambda: len(world.runs(pull)) == 2)
        monkeypatch.setattr(connection, "SECONDS", 15)
        return world.analyser(base, head, policy, day, options)

    world.github.fail("/check-runs$", method="POST", status=None, delay=4.0)
    service = replace(world.service, judge=patient)
    service.do(group if kind == "group" else world.job(pull))
    assert ends(world, pull) == ["cancelled", "failure"]


class Interrupted(Audit):
    """A log that does something else just before the check is concluded."""

    act: Callable[[], object]

    def append(self, entries: Iterable[AuditEntry]) -> tuple[AuditEntry, ...]:
        done = super().append(entries)
        self.act()
        return done


def test_a_retarget_while_the_verdict_is_written_leaves_no_green(world: World) -> None:
    """Its announcement found the run in progress; a worker may come to its review much later."""
    lax = world.push({"a.yaml": BAD}, "lax")
    world.github.commit(world.repository, "change", {"more.txt": b"x"}, parent=lax)
    pull = world.github.open_pull_request(world.repository, "change", base="lax")
    audit = Interrupted()

    def retarget() -> None:
        world.github.edit(pull, base="main")
        world.announce(pull, reason="requested")

    audit.act = retarget
    done = replace(world.service, audit=audit).do(world.job(pull))
    assert ends(world, pull) == ["success", "in_progress"]
    assert world.github.merge_refused(pull) is not None
    assert world.drain(*done.tasks) == ["announced", "blocked"]
    assert ends(world, pull) == ["success", "failure"]
