"""A source that cannot be reached: the review is repeated for half an hour without a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import pytest

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.core.engine.decide import decide
from bot.core.engine.review import (
    Analysis,
    Counts,
    Fetched,
    Problem,
    ProblemSubject,
    Review,
    Summary,
    problem_about,
)
from bot.core.policy.model import Policy
from bot.github.tasks import REFETCH_WAITS, Done, GroupJob, Job, PushJob
from bot.jobs.lanes import BACKGROUND, lane_of, pause_before
from bot.service import Service
from bot.standin.repositories import StandInPullRequest
from tests.fake_sources import Shelf, Shelves
from tests.service.world import GOOD, World

MORE = GOOD + "# more\n"
NOW = datetime(2026, 11, 20, 10, 2, tzinfo=UTC)
WAITS = "A source could not be reached. Fairlead tries again by itself until 10:32 UTC"
ENDS = "A source could not be reached for half an hour."


@dataclass
class StoreShelves(Shelves):
    """A fetcher that says whether earlier fetches may stand for a source."""

    stale: bool = False

    def from_store(self) -> StoreShelves:
        return replace(self, stale=True)

    @contextmanager
    def session(
        self, owners: frozenset[str], repositories: tuple[str, ...] = ()
    ) -> Iterator[Shelf]:
        del owners, repositories
        yield self.shelf


@dataclass
class Weather:
    """An analysis of a change with one chart, whose server is `up` or not.

    `kept`: the chart was fetched before. `refused`: the server answers that it has no such chart.
    """

    up: bool = False
    kept: bool = False
    refused: bool = False
    stale: list[bool] = field(default_factory=list)

    def __call__(
        self,
        base: ComparedTree,
        head: ComparedTree,
        policy: Policy,
        today: date,
        options: AnalysisOptions,
        /,
    ) -> Review:
        fetching = options.fetching
        assert isinstance(fetching, StoreShelves)
        self.stale.append(fetching.stale)
        fetched = Fetched("charts.example.com/app", "1.2.3", "sha256:abc")
        problems: tuple[Problem, ...] = ()
        if not self.up and not (self.kept and fetching.stale):
            fetched = Fetched(
                "charts.example.com/app", "1.2.3", message="no answer", passing=not self.refused
            )
            subject = ProblemSubject("chart", ("1.2.3",))
            problems = (problem_about(subject, "unrendered", None, "No chart.", new=True),)
        summary = Summary(1, 1, Counts(changed=1), "other", fetched=(fetched,))
        analysis = Analysis((), problems, summary)
        return decide(analysis, policy, base=base.name, head=head.name, today=today)


@pytest.fixture
def weather() -> Weather:
    return Weather()


@pytest.fixture
def service(world: World, weather: Weather) -> Service:
    options = AnalysisOptions(fetching=StoreShelves(Shelf({}, {})))
    return replace(world.service, judge=weather, options=options, now=lambda: NOW)


def _attempt(done: Done) -> Job:
    (job,) = done.tasks
    assert isinstance(job, Job)
    return job


def _text(world: World, pull: StandInPullRequest) -> str:
    return world.run(pull).summary or ""


def test_the_check_ends_and_says_until_when_it_is_tried_again(
    world: World, service: Service
) -> None:
    pull = world.pull({"a.yaml": MORE})

    done = service.do(world.job(pull))

    expected = Job(
        world.installation.id,
        world.repository.id,
        pull.number,
        "refetch",
        "sweep",
        head=pull.head_sha,
        tries=1,
    )
    assert done == Done("incomplete", (expected,))
    assert world.check(pull)[:2] == ("completed", "failure")
    assert WAITS in _text(world, pull)


def test_it_recovers_without_a_person(world: World, service: Service, weather: Weather) -> None:
    pull = world.pull({"a.yaml": MORE})
    first = _attempt(service.do(world.job(pull)))

    second = service.do(first)
    before = len(world.runs(pull))
    weather.up = True
    last = service.do(_attempt(second))

    assert second == Done("unchanged", (replace(first, tries=2),))
    assert before == 1
    assert last == Done("pass")
    assert world.check(pull)[:2] == ("completed", "success")


@pytest.mark.parametrize(("kept", "outcome"), [(False, "incomplete"), (True, "pass")])
def test_after_half_an_hour_earlier_fetches_count_and_else_it_fails(
    world: World, service: Service, weather: Weather, outcome: str, *, kept: bool
) -> None:
    weather.kept = kept
    pull = world.pull({"a.yaml": MORE})
    done = service.do(world.job(pull))
    waited = 0.0
    while done.tasks:
        waited += pause_before(done.tasks[0])
        done = service.do(done.tasks[0])

    assert (done.outcome, waited) == (outcome, 1_800.0)
    assert weather.stale == [False] * len(REFETCH_WAITS) + [True]
    assert (ENDS in _text(world, pull)) is not kept


def test_another_head_has_attempts_of_its_own(world: World, service: Service) -> None:
    pull = world.pull({"a.yaml": MORE})
    attempt = _attempt(service.do(world.job(pull)))
    world.push({"a.yaml": MORE + "# and more\n"})

    assert service.do(attempt) == Done("unneeded")


def test_a_closed_pull_request_is_left_alone(world: World, service: Service) -> None:
    pull = world.pull({"a.yaml": MORE})
    attempt = _attempt(service.do(world.job(pull)))
    world.github.close_pull_request(pull)

    assert service.do(attempt) == Done("unneeded")


def test_what_the_server_does_not_have_is_not_tried_again(
    world: World, service: Service, weather: Weather
) -> None:
    weather.refused = True
    pull = world.pull({"a.yaml": MORE})

    assert service.do(world.job(pull)) == Done("incomplete")
    assert "tries again" not in _text(world, pull)


def _queued(world: World, pull: StandInPullRequest) -> GroupJob:
    group = world.github.merge_queue.enqueue(pull)
    ids = (world.installation.id, world.repository.id, pull.number)
    return GroupJob(*ids, group.base_sha, group.head_sha, pull.base_ref)


def _group_run(world: World, job: GroupJob) -> tuple[str, str | None]:
    (run,) = (each for each in world.repository.runs.values() if each.suite.head_sha == job.head)
    return run.status, run.conclusion


def test_a_combination_stays_in_the_queue_while_a_source_is_away(
    world: World, service: Service, weather: Weather
) -> None:
    weather.up = True
    pull = world.pull({"a.yaml": MORE})
    assert service.do(world.job(pull)).outcome == "pass"
    job = _queued(world, pull)
    weather.up = False

    first = service.do(job)
    before = _group_run(world, job)
    weather.up = True
    last = service.do(first.tasks[0])

    assert first == Done("unreachable", (replace(job, tries=1),))
    assert before == ("in_progress", None)
    assert (last.outcome, _group_run(world, job)) == ("pass", ("completed", "success"))


def test_a_combination_does_not_hold_the_queue_up_for_long(
    world: World, service: Service, weather: Weather
) -> None:
    weather.up = True
    pull = world.pull({"a.yaml": MORE})
    service.do(world.job(pull))
    done = Done("", (_queued(world, pull),))
    weather.up, weather.stale = False, []
    waited = 0.0
    while done.tasks:
        waited += pause_before(done.tasks[0])
        done = service.do(done.tasks[0])

    assert (done.outcome, waited, weather.stale) == ("incomplete", 180.0, [False, False, True])


def _pushed(world: World, files: dict[str, str | None]) -> PushJob:
    before = world.repository.git.text("rev-parse", "refs/heads/main")
    after = world.push(files, "main")
    return PushJob(world.installation.id, world.repository.id, before, after)


def _conclusions(world: World, commit: str) -> list[str | None]:
    runs = world.repository.runs.values()
    return [run.conclusion for run in runs if run.suite.head_sha == commit]


def test_a_direct_push_is_reviewed_again_until_the_source_answers(
    world: World, service: Service, weather: Weather
) -> None:
    job = _pushed(world, {"a.yaml": MORE})

    first = service.do(job)
    before = _conclusions(world, job.after)
    weather.up = True
    last = service.do(first.tasks[-1])

    assert (first.outcome, first.tasks[-1:]) == ("incomplete", (replace(job, tries=1),))
    assert before == ["failure"]
    assert (last, _conclusions(world, job.after)[-1]) == (Done("pass"), "success")
    assert service.do(job).outcome == "unneeded"


def test_a_direct_push_is_given_up_after_half_an_hour(
    world: World, service: Service, weather: Weather
) -> None:
    done = Done("", (_pushed(world, {"a.yaml": MORE}),))
    waited = 0.0
    while done.tasks:
        waited += pause_before(done.tasks[-1])
        done = service.do(done.tasks[-1])

    assert (done.outcome, waited) == ("incomplete", sum(REFETCH_WAITS))
    assert weather.stale == [*(False for _ in REFETCH_WAITS), True]


def test_attempts_wait_behind_reviews_that_somebody_waits_for() -> None:
    job = Job(1, 2, 3, "refetch", "sweep", head="a" * 40, tries=1)

    assert (lane_of(job), pause_before(job), pause_before(Job(1, 2, 3))) == (BACKGROUND, 60.0, 0.0)
