"""A pull request's check over its life: announced, superseded, retargeted, shared, closed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.analysis.process.parent import AnalysisOptions
from bot.analysis.review import review_trees
from bot.errors import AnalysisError, InstallationGone
from bot.github.pulls import read_pull
from bot.github.tasks import Announcement, Done, GroupJob, Job, MaintenanceTask, PushJob
from bot.standin.repositories import StandInPullRequest
from tests.service.world import BAD, GOOD, World, comments

MORE = GOOD + "# more\n"


def errand(world: World, chore: str, number: int = 0, detail: str = "") -> MaintenanceTask:
    return MaintenanceTask(chore, world.installation.id, world.repository.id, number, detail)  # type: ignore[arg-type]  # a chore, by the tests' hand


def announced(world: World, pull: StandInPullRequest, reason: str = "changed") -> Announcement:
    return Announcement(world.job(pull, reason=reason))


def unknown(delivery: str) -> bool:
    assert delivery
    return False


def twins(world: World) -> tuple[StandInPullRequest, StandInPullRequest]:
    """A good and a bad one with one head: the good one's base has the bad line already."""
    lax = world.push({"a.yaml": BAD}, "lax")
    world.github.commit(world.repository, "change", {"more.txt": b"x"}, parent=lax)
    easy = world.github.open_pull_request(world.repository, "change", base="lax")
    strict = world.github.open_pull_request(world.repository, "change", base="main")
    return easy, strict


def test_an_announcement_puts_the_check_in_progress_and_asks_for_the_review(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    assert world.announce(pull) == Done("announced", (world.job(pull),))
    assert world.check(pull) == ("in_progress", None, None)
    assert world.review(pull) == "blocked"
    assert [run.conclusion for run in world.runs(pull)] == ["failure"]


def test_two_deliveries_announce_one_run(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    assert [world.announce(pull).outcome for _ in range(2)] == ["announced", "announced"]
    assert len(world.runs(pull)) == 1


@pytest.mark.parametrize("reason", ["changed", "missing"])
def test_a_head_that_is_reviewed_is_not_announced_again(world: World, reason: str) -> None:
    pull = world.pull({"a.yaml": MORE})
    world.review(pull)
    assert world.announce(pull, reason=reason) == Done("unneeded")
    assert world.check(pull)[:2] == ("completed", "success")


def test_a_suite_whose_pull_request_has_a_run_asks_for_nothing(world: World) -> None:
    pull = world.pull({"a.yaml": MORE})
    world.announce(pull)
    assert world.announce(pull, reason="missing") == Done("unneeded")


def test_a_push_ends_what_is_under_way_for_the_old_head(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    old = pull.head_sha
    world.announce(pull)
    world.push({"a.yaml": MORE})
    world.announce(pull, old)
    runs = [(run.suite.head_sha == old, run.conclusion) for run in pull.repository.runs.values()]
    assert runs == [(True, "cancelled"), (False, None)]


def test_a_retarget_takes_the_old_green_back_at_once(world: World) -> None:
    pull = twins(world)[0]
    world.github.close_pull_request(world.repository.pulls[2])
    world.drain(announced(world, pull))
    assert world.check(pull)[1] == "success"
    world.github.edit(pull, base="main")
    done = world.announce(pull, reason="requested")
    assert world.check(pull) == ("in_progress", None, None)
    assert world.github.merge_refused(pull) is not None
    assert world.drain(*done.tasks) == ["blocked"]
    assert world.check(pull)[1] == "failure"


@pytest.mark.parametrize("first", [0, 1])
def test_the_worst_verdict_of_one_head_stands(world: World, first: int) -> None:
    pulls = twins(world)
    order = [announced(world, pulls[first]), announced(world, pulls[1 - first])]
    world.drain(*order)
    assert world.check(pulls[0])[:2] == ("completed", "failure")
    assert {run.conclusion for run in world.runs(pulls[0])} == {"failure"}
    assert [world.github.merge_refused(pull) is not None for pull in pulls] == [False, True]


def test_nobody_is_green_before_everybody_of_the_head_is_reviewed(world: World) -> None:
    easy, strict = twins(world)
    done = world.service.do(world.job(easy))
    assert done.tasks == (Announcement(world.job(strict)),)
    status, conclusion, title = world.check(easy)
    assert (status, conclusion) == ("in_progress", None)
    assert title == f"Nothing found; waiting for pull request #{strict.number}"


def test_all_of_one_head_are_green_when_all_pass(world: World) -> None:
    world.push({"b.yaml": GOOD}, "other")
    world.push({"a.yaml": MORE})
    pulls = [
        world.github.open_pull_request(world.repository, "change", base=base)
        for base in ("main", "other")
    ]
    world.drain(*(announced(world, pull) for pull in pulls))
    ends = {(run.status, run.conclusion, run.title) for run in world.runs(pulls[0])}
    assert ends == {("completed", "success", "Nothing found")}


def test_the_red_of_a_head_goes_with_the_pull_request_that_was_why(world: World) -> None:
    easy, strict = twins(world)
    world.drain(announced(world, easy), announced(world, strict))
    world.github.close_pull_request(strict)
    assert world.drain(errand(world, "close", strict.number))[0] == "closed"
    assert world.check(easy)[:2] == ("completed", "success")


def test_a_failed_review_of_one_holds_the_others_of_its_head(world: World) -> None:
    easy, strict = twins(world)
    world.announce(easy)
    world.announce(strict)
    world.analyser.failures.append(AnalysisError("the child died"))
    with pytest.raises(AnalysisError):
        world.review(strict)
    world.service.give_up(world.job(strict), "72d3162e")
    world.drain(world.job(easy))
    assert world.check(easy)[:2] == ("completed", "failure")


def test_closing_ends_what_is_under_way(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.announce(pull)
    world.github.close_pull_request(pull)
    assert world.drain(errand(world, "close", pull.number)) == ["closed"]
    assert world.check(pull)[:2] == ("completed", "cancelled")


def test_a_pull_request_that_was_opened_again_is_not_closed(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.announce(pull)
    assert world.drain(errand(world, "close", pull.number)) == ["unneeded"]
    assert world.check(pull)[0] == "in_progress"


def test_a_bot_s_pull_request_is_commented_on_only_when_it_is_blocked(world: World) -> None:
    world.github.state.account("renovate[bot]", "Bot")
    world.push({".github/fairlead.yml": "version: 1\nblock: never\ninline: notice\n"}, "main")
    world.push({"a.yaml": BAD})
    pull = world.github.open_pull_request(world.repository, "change", author="renovate[bot]")
    assert (world.review(pull), comments(pull)) == ("pass", [])
    world.push({".github/fairlead.yml": "version: 1\n"}, "main")
    assert (world.review(pull, reason="requested"), len(comments(pull))) == ("blocked", 1)


def test_a_person_whose_name_looks_like_a_bot_s_is_commented_on(world: World) -> None:
    world.push({".github/fairlead.yml": "version: 1\nblock: never\ninline: notice\n"}, "main")
    world.push({"a.yaml": BAD})
    pull = world.github.open_pull_request(world.repository, "change", author="dependabot")
    assert (world.review(pull), len(comments(pull))) == ("pass", 1)


def test_a_stack_s_pull_request_is_compared_with_the_one_below_it(world: World) -> None:
    world.push({"a.yaml": BAD}, "below")
    below = world.github.open_pull_request(world.repository, "below")
    tip = world.repository.git.text("rev-parse", "refs/heads/below")
    world.github.commit(world.repository, "above", {"b.yaml": GOOD.encode()}, parent=tip)
    above = world.github.open_pull_request(world.repository, "above", base="below")
    world.github.administration.stack(below, above)
    with world.service.connected(world.installation.id, world.repository.id) as github:
        known = read_pull(github, above.number)
    assert (known.base, known.target) == ("below", "main")
    assert world.review(above) == "pass"
    assert world.check(above)[1] == "success", "the check that main needs is there in mid-stack"


def test_a_stack_s_pull_request_is_judged_by_the_policy_for_where_it_ends(world: World) -> None:
    policy = (
        "version: 1\nbranches: [{names: [main], block: warning}, {names: ['*'], block: never}]\n"
    )
    world.push({".github/fairlead.yml": policy}, "main")
    below = world.pull({"a.yaml": GOOD + "# more\n"}, "below")
    tip = world.repository.git.text("rev-parse", "refs/heads/below")
    world.github.commit(world.repository, "above", {"b.yaml": BAD.encode()}, parent=tip)
    above = world.github.open_pull_request(world.repository, "above", base="below")
    world.github.administration.stack(below, above)
    assert world.review(above) == "blocked"
    assert [str(policy.block) for policy in world.analyser.policies] == ["warning"]


def test_a_pull_request_of_more_files_than_github_shows_is_analysed_from_git(world: World) -> None:
    many: dict[str, str | None] = {f"many/{number:04}.txt": "x" for number in range(3005)}
    pull = world.pull({**many, "z.yaml": BAD})
    assert world.review(pull) == "blocked"
    assert comments(pull) == []
    assert "z.yaml" in (world.run(pull).summary or "")


def test_a_new_repository_s_check_can_be_chosen_and_its_pull_requests_get_no_comments(
    world: World,
) -> None:
    pull = world.pull({"a.yaml": BAD})
    assert world.drain(errand(world, "welcome")) == ["welcomed", "blocked"]
    tip = world.repository.git.text("rev-parse", "refs/heads/main")
    greeted = [run for run in world.repository.runs.values() if run.suite.head_sha == tip]
    assert [(run.name, run.conclusion, run.title) for run in greeted] == [
        ("fairlead", "success", "Installed")
    ]
    assert (world.check(pull)[1], comments(pull)) == ("failure", [])
    assert world.drain(errand(world, "welcome")) == ["welcomed", "unneeded"]
    assert len(world.repository.runs) == 2


def test_a_quiet_review_does_not_stand_for_one_that_people_asked_for(world: World) -> None:
    """A pull request that is opened while the installation's sweep is under way."""
    pull = world.pull({"a.yaml": BAD})
    world.drain(errand(world, "welcome"))
    assert world.drain(announced(world, pull)) == ["announced", "blocked"]
    assert len(comments(pull)) == 1
    assert world.drain(announced(world, pull), errand(world, "sweep")) == ["unneeded", "swept"]


def test_a_clean_review_of_a_sweep_is_one_write(world: World) -> None:
    pull = world.pull({"a.yaml": MORE})
    world.github.exchanges.clear()
    world.review(pull, priority="sweep")
    writes = [
        (one.method, one.path.rpartition("/")[2])
        for one in world.github.exchanges.all()
        if one.method != "GET" and not one.path.endswith(("token", "tokens", "upload-pack"))
    ]
    assert writes == [("POST", "check-runs")]


@pytest.mark.parametrize(("hours", "expected"), [(-1, 0), (1, 1)])
def test_only_what_was_open_before_the_app_came_is_its_welcome_s(
    world: World, hours: int, expected: int
) -> None:
    """Of the others GitHub tells: whoever opened them is to have the comments."""
    pull = world.pull({"a.yaml": BAD})
    since = int((pull.created_at + timedelta(hours=hours)).timestamp())
    found = world.service.do(errand(world, "welcome", detail=str(since)))
    assert len(found.tasks) == expected


def test_an_empty_repository_is_left_alone(world: World) -> None:
    world.repository.git.delete_ref("refs/heads/main")
    assert world.drain(errand(world, "welcome")) == ["empty"]


def test_the_sweep_finds_what_has_no_finished_run_and_nothing_else(world: World) -> None:
    done, lost, stuck, moved = (
        world.pull({f"{name}.yaml": GOOD}, name) for name in ("done", "lost", "stuck", "moved")
    )
    for pull in (done, moved):
        world.review(pull)
    world.announce(stuck)
    world.push({"more.txt": "x"}, "moved")
    found = world.service.do(errand(world, "sweep"))
    numbers = {lost.number, stuck.number, moved.number}
    assert {task.number for task in found.tasks if isinstance(task, Job)} == numbers
    assert {task.priority for task in found.tasks if isinstance(task, Job)} == {"sweep"}
    assert found.spread > 0
    world.drain(*found.tasks)
    ends = {world.check(pull)[:2] for pull in (done, lost, stuck, moved)}
    assert ends == {("completed", "success")}
    assert world.service.do(errand(world, "sweep")).tasks == ()


def test_the_sweep_of_everything_goes_by_installation_and_repository(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    archived = world.github.create_repository("example/old", {"a.yaml": GOOD.encode()})
    world.github.administration.add(world.installation, archived)
    world.github.administration.archive(archived)
    outcomes = world.drain(MaintenanceTask("sweep-all"))
    assert outcomes == ["listed", "listed", "swept", "blocked"]
    assert world.check(pull)[1] == "failure"
    world.github.suspend(world.installation)
    assert world.drain(MaintenanceTask("sweep-all")) == ["listed"]


def test_what_github_could_not_deliver_is_taken_from_it(world: World) -> None:
    world.github.set_webhook(world.app, "http://127.0.0.1:9/nobody")
    pull = world.pull({"a.yaml": BAD})
    world.github.deliveries.settle()
    found = list(world.service.undelivered(timedelta(hours=1), unknown))
    number = world.github.state.account("octocat").id
    opened = Announcement(world.job(pull), None, "octocat", pull.head_sha, number)
    assert opened in [task for _, task in found]
    sent = [one for one in world.github.deliveries.all() if one.event == "pull_request"]
    assert [one.guid for one in sent] == [guid for guid, task in found if task == opened]
    fetched = [one for one in world.github.exchanges.all() if "/deliveries/" in one.path]
    known = {guid for guid, _ in found}
    assert list(world.service.undelivered(timedelta(hours=1), known.__contains__)) == []
    again = [one for one in world.github.exchanges.all() if "/deliveries/" in one.path]
    assert len(again) == len(fetched), "what is known is not asked for"


def test_a_delivery_that_arrived_at_its_second_attempt_is_not_lost(
    world: World, webhook_sink: str
) -> None:
    world.github.set_webhook(world.app, "http://127.0.0.1:9/nobody")
    world.pull({"a.yaml": BAD})
    world.github.deliveries.settle()
    world.app.webhook_url = webhook_sink
    for one in world.github.deliveries.all():
        world.github.deliveries.redeliver(one)
    world.github.deliveries.settle()
    assert list(world.service.undelivered(timedelta(hours=1), unknown)) == []


def test_a_check_that_does_not_pass_has_a_button_and_another_has_none(world: World) -> None:
    bad, good = world.pull({"a.yaml": BAD}, "bad"), world.pull({"b.yaml": GOOD}, "good")
    for pull in (bad, good):
        world.review(pull)
    identifiers = [[one["identifier"] for one in world.run(pull).actions] for pull in (bad, good)]
    assert identifiers == [["recheck"], []]


@pytest.mark.parametrize(
    ("permission", "expected"),
    [("admin", "acted"), ("write", "acted"), ("read", "refused"), (None, "refused")],
)
def test_a_button_of_ours_works_for_who_may_write(
    world: World, permission: str | None, expected: str
) -> None:
    pull = world.pull({"a.yaml": MORE})
    if permission:
        world.github.add_collaborator(world.repository, "somebody", permission)
    assert world.service.do(errand(world, "act", pull.number, "somebody")).outcome == expected


def test_a_re_run_of_a_fork_s_commit_finds_its_pull_request(world: World) -> None:
    fork = world.github.fork(world.repository, "stranger")
    world.github.commit(fork, "change", {"a.yaml": BAD.encode()})
    pull = world.github.open_pull_request(world.repository, "change", fork=fork)
    done = world.service.do(errand(world, "rerun", detail=pull.head_sha))
    assert done.tasks == (announced(world, pull, "requested"),)
    assert world.service.do(errand(world, "rerun", detail="a" * 40)).tasks == ()


def test_a_re_run_of_all_checks_reviews_combinations_and_pushes_again(world: World) -> None:
    before = world.repository.git.text("rev-parse", "refs/heads/main")
    after = world.push({"a.yaml": BAD}, "main")
    where, pull = (world.installation.id, world.repository.id), world.pull({"b.yaml": GOOD})
    push = PushJob(*where, before, after)
    group = GroupJob(*where, pull.number, before, after, "")
    world.drain(push, group, push, group)
    done = world.service.do(errand(world, "rerun", detail=after))
    assert set(done.tasks) == {push, group}


def kept(facts: Path) -> int:
    """How many facts are kept on disk."""
    count = 0
    for path in facts.glob("*.sqlite"):
        with closing(sqlite3.connect(path)) as connection:
            count += connection.execute("SELECT count(*) FROM facts").fetchone()[0]
    return count


def test_a_repository_that_is_gone_leaves_nothing_behind(world: World, tmp_path: Path) -> None:
    facts = tmp_path / "facts"
    service = replace(
        world.service,
        judge=review_trees,
        options=AnalysisOptions(cache=facts),
    )
    pull = world.pull({"a.yaml": MORE})
    assert service.do(world.job(pull)).outcome == "pass"
    mirror = service.mirror(world.repository.id)
    assert (mirror.exists(), kept(facts) > 0) == (True, True)
    for _ in range(2):
        assert service.do(errand(world, "forget")) == Done("forgotten")
        assert (list(mirror.parent.iterdir()), kept(facts)) == ([], 0)


def test_a_renamed_repository_is_the_same_repository(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.github.administration.rename(world.repository, "renamed")
    assert world.review(pull) == "blocked"
    assert world.check(pull)[1] == "failure"


def test_jobs_of_what_the_app_may_not_reach_any_more_end_quietly(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    other = world.github.create_repository("example/other", {"a.yaml": GOOD.encode()})
    world.github.administration.add(world.installation, other)
    world.github.administration.remove(world.installation, world.repository)
    with pytest.raises(InstallationGone):
        world.review(pull)
    world.github.administration.add(world.installation, world.repository)
    world.github.administration.archive(world.repository)
    with pytest.raises(InstallationGone):
        world.review(pull)
