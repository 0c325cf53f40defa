"""The queue: each job runs to its end once, fails visibly, and can be asked for again."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.errors import AnalysisError, GitError, GitHubError, InstallationGone, UsageError
from bot.github.task_text import read
from bot.github.tasks import (
    Announcement,
    Batch,
    Done,
    GroupJob,
    Job,
    MaintenanceTask,
    Priority,
    PushJob,
    Task,
)
from bot.jobs import Queue, QueueOptions, lanes
from bot.metrics import Metrics
from tests.patience import PATIENCE

DEADLINE = PATIENCE


@dataclass
class Bench:
    """A reviewer that does what a test tells it, and notes what it was asked."""

    answers: dict[int, list[Exception]] = field(default_factory=dict)
    reviewed: list[Job] = field(default_factory=list)
    given_up: list[tuple[Task, str]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    away: list[Exception] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    other: list[Task] = field(default_factory=list)
    finds: dict[Task, Done] = field(default_factory=dict)
    held: list[float] = field(default_factory=list)
    patience: list[tuple[int, float]] = field(default_factory=list)
    lost: list[tuple[str, Task | None]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    unlucky: list[Exception] = field(default_factory=list)
    looked_back: list[timedelta] = field(default_factory=list)
    together: int = 0
    maintained: int = 0

    def do(self, task: Task) -> Done:
        if not isinstance(task, Job):
            self.other.append(task)
            return self.finds.get(task, Done("done"))
        job = task
        self.reviewed.append(job)
        self.running.append(job.number)
        self.together = max(self.together, self.running.count(job.number))
        self.gate.wait(DEADLINE)
        self.running.remove(job.number)
        if planned := self.answers.get(job.number):
            raise planned.pop(0)
        return Done("reviewed")

    def maintain(self) -> None:
        self.maintained += 1

    def wait(self, task: Task) -> float:
        assert task.label
        return self.held.pop() if self.held else 0.0

    def hold(self, task: Task, seconds: float) -> None:
        self.patience.append((task.installation, seconds))

    def undelivered(
        self, back: timedelta, known: Callable[[str], bool]
    ) -> Iterator[tuple[str, Task | None]]:
        self.looked_back.append(back)
        if self.unlucky:
            raise self.unlucky.pop()
        for delivery, task in self.lost:
            if not known(delivery):
                self.fetched.append(delivery)
                yield delivery, task

    def give_up(self, task: Task, reference: str) -> None:
        job = task
        if self.away:
            raise self.away.pop()
        self.given_up.append((job, reference))


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.gate.set()
    return made


@pytest.fixture
def queue(tmp_path: Path, bench: Bench) -> Iterator[Queue]:
    options = QueueOptions(tmp_path / "data", tries=3, first_wait=0.05, poll=0.05, sweep=None)
    made = Queue(options, bench, Metrics())
    made.start()
    yield made
    made.stop(grace=0)


def until(condition: Callable[[], bool]) -> None:
    """Waits for what must become true; fails where it does not."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def idle(queue: Queue) -> bool:
    counts = queue.counts()
    return counts["enqueued"] + counts["delayed"] + counts["pending"] == 0


def test_a_job_runs_and_a_repeated_delivery_of_it_does_nothing(queue: Queue, bench: Bench) -> None:
    job = Job(1, 2, 3)
    assert [queue.submit("a-1", job), queue.submit("a-1", job)] == [True, False]
    until(lambda: idle(queue))
    assert queue.submit("a-1", job) is False
    assert bench.reviewed == [job]


def test_the_time_to_a_check_in_progress_is_measured(queue: Queue, bench: Bench) -> None:
    bench.finds[Announcement(Job(1, 2, 3))] = Done("announced")
    bench.finds[Announcement(Job(1, 2, 4))] = Done("unneeded")
    for number in (3, 4):
        queue.submit(f"a-{number}", Announcement(Job(1, 2, number)))
    until(lambda: idle(queue))

    sample = queue._metrics.registry.get_sample_value
    assert sample("fairlead_push_to_in_progress_seconds_count") == 1
    assert 0 <= (sample("fairlead_push_to_in_progress_seconds_sum") or -1) < DEADLINE


def test_a_delivery_for_several_pull_requests_is_a_job_each(queue: Queue, bench: Bench) -> None:
    batch = Batch(1, (Job(1, 2, 3), Job(1, 2, 33)))
    bench.finds[batch] = Done("dealt", batch.tasks)
    assert [queue.submit("a-1", batch), queue.submit("a-1", batch)] == [True, False]
    until(lambda: idle(queue))
    assert sorted(job.number for job in bench.reviewed) == [3, 33]


@pytest.mark.parametrize(
    "passing",
    [GitHubError("busy", retryable=True), GitError("the remote end hung up")],
)
def test_a_passing_failure_is_tried_again_until_it_works(
    queue: Queue, bench: Bench, passing: Exception
) -> None:
    bench.answers[3] = [passing, passing]
    queue.submit("a-1", Job(1, 2, 3))
    until(lambda: idle(queue))
    assert (len(bench.reviewed), bench.given_up) == (3, [])


def test_what_fails_passingly_for_ever_fails_for_good(queue: Queue, bench: Bench) -> None:
    bench.answers[3] = [GitHubError("busy", retryable=True)] * 9
    queue.submit("a-1", Job(1, 2, 3))
    until(lambda: idle(queue))
    assert (len(bench.reviewed), bench.given_up) == (3, [(Job(1, 2, 3), "a-1")])


def test_the_wait_that_github_names_is_kept(queue: Queue, bench: Bench) -> None:
    bench.answers[3] = [GitHubError("slow down", retryable=True, retry_after=3600)]
    queue.submit("a-1", Job(1, 2, 3))
    until(lambda: queue.counts()["delayed"] == 1)
    assert len(bench.reviewed) == 1


@pytest.mark.parametrize(
    "lasting",
    [GitHubError("no"), AnalysisError("it died"), ZeroDivisionError("a mistake of ours")],
)
def test_a_lasting_failure_ends_the_check_run_and_can_be_redelivered(
    queue: Queue, bench: Bench, lasting: Exception
) -> None:
    bench.answers[3] = [lasting]
    job = Job(1, 2, 3)
    queue.submit("a-1", job)
    until(lambda: idle(queue))
    assert queue.counts()["error"] == 1
    assert bench.given_up == [(job, "a-1")]
    assert [queue.submit("a-1", job), queue.submit("a-1", job)] == [True, False]
    until(lambda: idle(queue))
    assert bench.reviewed == [job, job]
    assert queue.submit("a-1", job) is False


def test_a_check_run_s_end_is_tried_until_github_is_back(queue: Queue, bench: Bench) -> None:
    bench.answers[3] = [AnalysisError("it died")]
    bench.away = [GitHubError("away", retryable=True), GitHubError("away", retryable=True)]
    queue.submit("a-1", Job(1, 2, 3))
    until(lambda: idle(queue))
    assert bench.given_up == [(Job(1, 2, 3), "a-1")]


def test_a_job_whose_installation_is_gone_ends_quietly(queue: Queue, bench: Bench) -> None:
    bench.answers[3] = [InstallationGone("GitHub answered 404: Not Found")]
    queue.submit("a-1", Job(1, 2, 3))
    until(lambda: idle(queue))
    assert (queue.counts()["error"], len(bench.reviewed), bench.given_up) == (0, 1, [])


def test_a_redelivery_of_a_job_that_waits_for_its_next_try_does_nothing(
    queue: Queue, bench: Bench
) -> None:
    bench.answers[3] = [GitHubError("slow down", retryable=True, retry_after=3600)]
    queue.submit("a-1", Job(1, 2, 3))
    until(lambda: queue.counts()["delayed"] == 1)
    assert queue.submit("a-1", Job(1, 2, 3)) is False


def test_one_pull_request_is_worked_on_by_one_worker_at_a_time(queue: Queue, bench: Bench) -> None:
    bench.gate.clear()
    queue.submit("a-1", Job(1, 2, 3))
    queue.submit("b-1", Job(1, 2, 4))
    until(lambda: sorted(bench.running) == [3, 4])
    queue.submit("a-2", Job(1, 2, 3))
    until(lambda: queue.counts()["enqueued"] == 1)
    bench.gate.set()
    until(lambda: idle(queue))
    assert (len(bench.reviewed), bench.together) == (3, 1)


def test_a_failure_is_logged_with_what_finds_it_again(queue: Queue, bench: Bench) -> None:
    bench.answers[3] = [AnalysisError("it died")]
    with capture_logs() as lines:
        queue.submit("a-1", Job(1, 2, 3))
        until(lambda: any(line["event"] == "job ended" for line in lines))
    failed = next(line for line in lines if line["event"] == "job failed")
    assert (failed["reference"], failed["log_level"]) == ("a-1", "error")
    ended = next(line for line in lines if line["event"] == "job ended")
    assert ended["outcome"] == "failed"


def test_what_a_stopped_process_left_is_done_by_the_next(tmp_path: Path, bench: Bench) -> None:
    options = QueueOptions(tmp_path, poll=0.05, first_wait=0.05, sweep=None)
    bench.answers[3] = [GitHubError("later", retryable=True, retry_after=3)]
    first = Queue(options, bench, Metrics())
    first.start()
    first.submit("a-1", Job(1, 2, 3))
    until(lambda: first.counts()["delayed"] == 1)
    first.stop(grace=0)
    second = Queue(options, bench, Metrics())
    second.start()
    until(lambda: idle(second))
    second.stop(grace=0)
    assert bench.reviewed == [Job(1, 2, 3), Job(1, 2, 3)]


def test_an_announcement_waits_for_no_review(queue: Queue, bench: Bench) -> None:
    """The check is in progress before anything else happens, however many reviews hold workers."""
    bench.gate.clear()
    for number in range(1, 11):
        queue.submit(f"j-{number}", Job(1, 2, number))
    until(lambda: len(bench.running) == 2)
    announced = Announcement(Job(1, 2, 99))
    queue.submit("a-99", announced)

    until(lambda: bench.other == [announced])
    assert len(bench.running) == 2
    assert len(bench.reviewed) == 2, "no review ended meanwhile"
    bench.gate.set()


def test_a_second_process_on_one_data_directory_is_refused(queue: Queue, bench: Bench) -> None:
    second = Queue(QueueOptions(queue._options.directory), bench, Metrics())
    with pytest.raises(UsageError, match="another process works in"):
        second.start()


def test_the_embedded_queue_writes_ahead(queue: Queue, tmp_path: Path) -> None:
    assert queue.unready() is None
    connection = sqlite3.connect(tmp_path / "data" / "queue.sqlite")
    try:
        mode = connection.execute("PRAGMA journal_mode").fetchone()
    finally:
        connection.close()
    assert mode == ("wal",)


def test_the_queue_holds_ids_and_nothing_of_the_pull_request(
    queue: Queue, bench: Bench, tmp_path: Path
) -> None:
    bench.answers[3] = [AnalysisError("hush-hush")]
    queue.submit("a-1", Job(1, 2, 3))
    until(lambda: idle(queue))
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("queue.sqlite*"))
    assert (b"a-1" in stored, b"hush-hush" in stored) == (True, False)


def test_what_follows_from_a_task_is_done_and_counts_as_its_delivery(
    queue: Queue, bench: Bench
) -> None:
    job = Job(1, 2, 3)
    bench.finds[Announcement(job)] = Done("announced", (job,))
    assert queue.submit("a-1", Announcement(job))
    until(lambda: idle(queue) and bench.reviewed == [job])
    assert not queue.submit("a-1", Announcement(job))
    bench.answers[3] = [AnalysisError("it died")]
    queue.submit("a-2", Announcement(job))
    until(lambda: idle(queue) and len(bench.given_up) == 1)
    assert queue.submit("a-2", Announcement(job)), "its review failed for good"
    until(lambda: idle(queue) and len(bench.reviewed) == 3)


def test_a_check_is_announced_while_an_older_job_of_its_pull_request_runs(
    queue: Queue, bench: Bench
) -> None:
    job = Job(1, 2, 3)
    bench.gate.clear()
    queue.submit("a-1", job)
    until(lambda: bench.running == [3])
    queue.submit("a-2", Announcement(job))
    until(lambda: bench.other == [Announcement(job)])
    assert bench.running == [3]
    bench.gate.set()
    until(lambda: idle(queue))


def test_nobody_waits_behind_who_is_less_urgent(queue: Queue, bench: Bench) -> None:
    bench.gate.clear()
    for number in range(1, 9):
        queue.submit(f"sweep-{number}", Job(1, 2, number, priority="sweep"))
    until(lambda: len(bench.running) == 1)
    for number in range(11, 19):
        queue.submit(f"a-{number}", Job(1, 2, number))
    until(lambda: len(bench.running) == 3)
    for number in range(21, 29):
        queue.submit(f"b-{number}", Job(1, 2, number, priority="bots"))
    until(lambda: len(bench.running) == 4)
    assert sorted(number // 10 for number in bench.running) == [0, 1, 1, 2]
    group = GroupJob(1, 2, 3, "b" * 40, "a" * 40, "main")
    queue.submit("g-1", group)
    until(lambda: group in bench.other)
    bench.gate.set()
    until(lambda: idle(queue))


@pytest.mark.parametrize("patient", ["sweep", "bots"])
def test_a_sweep_of_a_pull_request_gives_way_to_its_people(
    queue: Queue, bench: Bench, monkeypatch: pytest.MonkeyPatch, patient: Priority
) -> None:
    waits = {lanes.BACKGROUND: 0.1, lanes.BOTS: 0.07, lanes.PULLS: 0.05}
    monkeypatch.setattr(lanes, "GIVES_WAY", waits)
    bench.gate.clear()
    queue.submit("a-1", Job(1, 2, 3))
    until(lambda: bench.running == [3])
    queue.submit("s-1", Job(1, 2, 3, priority=patient))
    until(lambda: queue.counts()["delayed"] == 1)
    bench.gate.set()
    until(lambda: idle(queue))
    assert (len(bench.reviewed), bench.together) == (2, 1)


def test_people_wait_for_a_sweep_that_is_at_their_pull_request(
    queue: Queue, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "GIVES_WAY", {lanes.BACKGROUND: 0.1, lanes.PULLS: 0.05})
    bench.gate.clear()
    queue.submit("s-1", Job(1, 2, 3, priority="sweep"))
    until(lambda: bench.running == [3])
    queue.submit("a-1", Job(1, 2, 3))
    until(lambda: queue.counts()["delayed"] == 1)
    bench.gate.set()
    until(lambda: idle(queue))
    assert (len(bench.reviewed), bench.together) == (2, 1)


def test_an_installation_that_floods_goes_on_in_the_background(
    queue: Queue, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MOST_AT_ONCE", 2)
    bench.gate.clear()
    for number in range(1, 9):
        queue.submit(f"a-{number}", Job(1, 2, number))
        # Both workers are busy before the others wait: none of those is taken meanwhile.
        until(lambda: len(bench.running) == min(number, 2))  # noqa: B023 - called at once
    assert lanes.lane_of(Job(1, 2, 9)) == lanes.BOTS
    assert lanes.lane_of(Job(7, 2, 9)) == lanes.PULLS
    bench.gate.set()
    until(lambda: idle(queue))


def test_a_sweep_finds_nothing_to_do_where_a_review_waits_already(
    queue: Queue, bench: Bench
) -> None:
    sweep = MaintenanceTask("sweep", 1, 2)
    bench.finds[sweep] = Done("swept", (Job(1, 2, 3, priority="sweep"),))
    bench.gate.clear()
    queue.submit("a-1", Job(1, 2, 3))
    until(lambda: bench.running == [3])
    queue.submit("s-1", sweep)
    until(lambda: bench.other == [sweep] and queue.counts()["pending"] == 1)
    bench.gate.set()
    until(lambda: idle(queue))
    assert bench.reviewed == [Job(1, 2, 3)]


def test_what_follows_is_spread_so_that_nothing_is_flooded(queue: Queue, bench: Bench) -> None:
    welcome = MaintenanceTask("welcome", 1, 2)
    jobs = tuple(Job(1, 2, number, priority="sweep", quiet=True) for number in range(1, 6))
    bench.finds[welcome] = Done("welcomed", jobs, 600.0)
    queue.submit("a-1", welcome)
    until(lambda: len(bench.reviewed) == 1 and queue.counts()["delayed"] == 4)
    assert bench.reviewed == [jobs[0]]


def test_a_rate_limit_holds_the_installation_and_is_no_failed_try(
    queue: Queue, bench: Bench
) -> None:
    limit = GitHubError("slow down", retryable=True, retry_after=0.05)
    bench.answers[3] = [limit] * 6
    queue.submit("a-1", Job(1, 2, 3))
    until(lambda: idle(queue))
    assert (len(bench.reviewed), bench.given_up) == (7, [])
    assert bench.patience == [(1, 0.05)] * 6


def test_a_held_installation_s_task_is_put_off_without_a_request(
    queue: Queue, bench: Bench
) -> None:
    bench.held = [0.05, 0.05, 0.05, 0.05, 0.05]
    queue.submit("a-1", Job(1, 2, 3))
    until(lambda: idle(queue))
    assert (bench.reviewed, bench.held) == ([Job(1, 2, 3)], [])


@contextmanager
def sweeping(directory: Path, bench: Bench) -> Iterator[Queue]:
    queue = Queue(QueueOptions(directory, poll=0.05, sweep=0.1), bench, Metrics())
    queue.start()
    yield queue
    queue.stop(grace=0)


def test_lost_deliveries_and_heads_without_a_check_are_looked_for_at_the_start(
    tmp_path: Path, bench: Bench
) -> None:
    bench.lost = [("a-1", Job(1, 2, 3)), ("a-2", None)]
    with sweeping(tmp_path, bench):
        until(
            lambda: bench.reviewed == [Job(1, 2, 3)] and MaintenanceTask("sweep-all") in bench.other
        )
        until(lambda: len(bench.looked_back) > 2)
    assert bench.looked_back[:3] == [timedelta(days=3), *[timedelta(seconds=0.4)] * 2]
    assert bench.fetched == ["a-1", "a-2"], "what is known is not fetched again"


def test_the_next_process_sweeps_anew_and_fetches_nothing_that_is_done(
    tmp_path: Path, bench: Bench
) -> None:
    """Also within the minute, and not what waits from the sweep before."""
    bench.lost = [("a-1", Job(1, 2, 3))]
    bench.finds[MaintenanceTask("sweep-all")] = Done(
        "listed", (MaintenanceTask("sweep-installation", 1),)
    )
    every = tuple(MaintenanceTask("sweep", 1, number) for number in (2, 3, 4))
    bench.finds[MaintenanceTask("sweep-installation", 1)] = Done("listed", every, 600.0)
    for starts in (1, 2):
        with sweeping(tmp_path, bench) as queue:
            until(lambda: bench.other.count(MaintenanceTask("sweep", 1, 2)) == starts)  # noqa: B023 - at once
            until(lambda: queue.counts()["pending"] + queue.counts()["enqueued"] == 0)
            assert queue.counts()["delayed"] == 2
    assert bench.other.count(MaintenanceTask("sweep-all")) >= 2
    assert (bench.fetched, bench.reviewed) == (["a-1"], [Job(1, 2, 3)])


def test_a_start_at_which_github_is_away_looks_back_as_far_later(
    tmp_path: Path, bench: Bench
) -> None:
    bench.unlucky = [GitHubError("away", retryable=True)]
    with sweeping(tmp_path, bench):
        until(lambda: len(bench.looked_back) > 2)
    assert bench.looked_back[:3] == [timedelta(days=3)] * 2 + [timedelta(seconds=0.4)]


def test_a_lost_delivery_whose_task_failed_for_good_is_fetched_again(
    queue: Queue, bench: Bench
) -> None:
    bench.answers[3] = [AnalysisError("it died")]
    batch = Batch(1, (Job(1, 2, 3), Job(1, 2, 4)))
    bench.finds[batch] = Done("dealt", batch.tasks)
    assert not queue.knows("a-1")
    queue.submit("a-1", batch)
    assert queue.knows("a-1")
    until(lambda: idle(queue) and queue.counts()["error"] == 1)
    assert not queue.knows("a-1")
    queue.submit("a-1", batch)
    until(lambda: idle(queue) and len(bench.reviewed) == 4)
    assert queue.knows("a-1")


def test_a_job_that_an_older_release_wrote_is_read(queue: Queue) -> None:
    assert queue.unready() is None
    old = {"installation": 1, "repository": 2, "number": 3, "reason": "changed"}
    assert read(old) == Job(1, 2, 3)


@pytest.mark.parametrize(
    "task",
    [
        PushJob(1, 2, "b" * 40, "a" * 40),
        Announcement(Job(1, 2, 3, "missing")),
        Batch(1, (Announcement(Job(1, 2, 3)), Announcement(Job(1, 2, 4, "missing")))),
    ],
)
def test_what_github_has_yet_to_connect_is_looked_at_a_moment_later(
    queue: Queue, bench: Bench, task: Task
) -> None:
    queue.submit("a-1", task)
    until(lambda: queue.counts()["delayed"] == 1)
    assert bench.other == []
