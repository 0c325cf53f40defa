"""At most one job of a pull request waits, whatever arrives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dbos import DBOS

from bot.errors import GitHubError
from bot.github.tasks import Announcement, Done, Job, MaintenanceTask, Priority, Reason, Task
from bot.jobs import Queue, QueueOptions, lanes
from bot.jobs.coalescing import covers
from bot.metrics import Metrics
from tests.jobs.test_jobs import Bench, bench, idle, queue, until

__all__ = ["bench", "queue"]

JOB = Job(1, 2, 3)
PUSHED = Announcement(JOB, "a" * 40, "octocat", "b" * 40, 7)


@pytest.mark.parametrize(
    ("waiting", "task", "expected"),
    [
        (JOB, JOB, True),
        (JOB, Job(1, 2, 4), False),
        (JOB, Job(1, 2, 3, "missing"), True),
        (Job(1, 2, 3, "missing"), JOB, False),
        (JOB, Job(1, 2, 3, "requested"), False),
        (Job(1, 2, 3, "requested"), JOB, True),
        (JOB, Job(1, 2, 3, priority="bots"), True),
        (Job(1, 2, 3, priority="bots"), JOB, False),
        (Job(1, 2, 3, priority="sweep"), JOB, False),
        (Job(1, 2, 3, quiet=True), JOB, False),
        (JOB, Job(1, 2, 3, quiet=True), True),
        (Job(1, 2, 3, "moved", "sweep"), JOB, False),
        (JOB, Job(1, 2, 3, "moved", "sweep"), False),
        (Job(1, 2, 3, "policy", "recheck"), Job(1, 2, 3, "moved", "sweep"), True),
        (Job(1, 2, 3, "policy", "recheck"), JOB, False),
        (Job(1, 2, 3, "requested"), Job(1, 2, 3, "policy", "recheck"), True),
        (JOB, Job(1, 2, 3, "policy", "recheck"), False),
        (Announcement(JOB, "a" * 40), Announcement(JOB, "b" * 40), True),
        (PUSHED, PUSHED, True),
        (PUSHED, Announcement(JOB), True),
        (PUSHED, Announcement(JOB, "b" * 40, "mallory", "c" * 40, 8), False),
        (Announcement(JOB), PUSHED, False),
        (JOB, Announcement(JOB), False),
        (Announcement(JOB), JOB, False),
        (Job(1, 2, 3, "moved"), JOB, False),
        (JOB, Job(1, 2, 3, "moved"), False),
        (Job(1, 2, 3, "requested"), Job(1, 2, 3, "moved"), True),
        (Job(1, 2, 3, "refetch"), JOB, False),
        (JOB, Job(1, 2, 3, "refetch"), False),
        (Job(1, 2, 3, "requested"), Job(1, 2, 3, "refetch"), True),
        (MaintenanceTask("sweep", 1, 2), MaintenanceTask("sweep", 1, 2), False),
    ],
)
def test_a_waiting_task_covers_what_asks_for_no_more(
    waiting: Task, task: Task, *, expected: bool
) -> None:
    assert covers(waiting, task) is expected


def test_a_burst_of_deliveries_leaves_one_job_for_each_pull_request(
    queue: Queue, bench: Bench
) -> None:
    """For four pull requests, of which two are being reviewed; `make bench` sends more."""
    bench.gate.clear()
    for number in range(1, 5):
        queue.submit(f"first-{number}", Job(1, 2, number))
    until(lambda: len(bench.running) == 2)
    for delivery in range(200):
        assert queue.submit(f"d-{delivery}", Job(1, 2, delivery % 4 + 1))
    counts = queue.counts()
    assert (counts["enqueued"] + counts["delayed"], counts["pending"]) == (4, 2)
    bench.gate.set()
    until(lambda: idle(queue))
    assert len(bench.reviewed) == 6


def test_announcements_of_one_pull_request_lead_to_one_review_that_waits(
    queue: Queue, bench: Bench
) -> None:
    bench.finds[Announcement(JOB)] = Done("announced", (JOB,))
    bench.gate.clear()
    queue.submit("a-0", JOB)
    until(lambda: bench.running == [3])
    for delivery in range(1, 10):
        queue.submit(f"a-{delivery}", Announcement(JOB))
    at_once: dict[str, Any] = {"queue_name": [lanes.AT_ONCE], "status": list(lanes.WAITING)}
    until(lambda: not DBOS.list_workflows(**at_once))
    assert queue.counts()["enqueued"] == 1
    bench.gate.set()
    until(lambda: idle(queue))
    assert bench.reviewed == [JOB, JOB]


def test_a_more_thorough_job_replaces_the_one_that_waits(queue: Queue, bench: Bench) -> None:
    bench.gate.clear()
    queue.submit("a-1", JOB)
    until(lambda: bench.running == [3])
    queue.submit("a-2", JOB)
    thorough = Job(1, 2, 3, "requested")
    queue.submit("a-3", thorough)
    assert queue.counts()["enqueued"] == 1
    bench.gate.set()
    until(lambda: idle(queue))
    assert bench.reviewed == [JOB, thorough]


def test_a_new_push_does_not_wait_for_the_retry_of_an_old_one(queue: Queue, bench: Bench) -> None:
    bench.answers[3] = [GitHubError("slow down", retryable=True, retry_after=3600)]
    queue.submit("a-1", JOB)
    until(lambda: queue.counts()["delayed"] == 1)
    queue.submit("a-2", JOB)
    until(lambda: idle(queue))
    assert bench.reviewed == [JOB, JOB]


@pytest.mark.parametrize(("reason", "priority"), [("missing", "people"), ("changed", "bots")])
def test_a_less_urgent_task_never_takes_the_place_of_an_urgent_one(
    queue: Queue, bench: Bench, reason: Reason, priority: Priority
) -> None:
    bench.gate.clear()
    queue.submit("a-1", JOB)
    until(lambda: bench.running == [3])
    queue.submit("a-2", Job(1, 2, 3, reason, priority))
    queue.submit("a-3", JOB)
    assert queue.counts()["enqueued"] == 1
    bench.gate.set()
    until(lambda: idle(queue))
    assert bench.reviewed == [JOB, JOB]


def test_the_same_holds_on_postgresql(tmp_path: Path, postgres: str, bench: Bench) -> None:
    metrics = Metrics()
    queue = Queue(QueueOptions(tmp_path, postgres, poll=0.05, sweep=None), bench, metrics)
    queue.start()
    try:
        assert queue.unready() is None
        bench.gate.clear()
        queue.submit("a-1", JOB)
        until(lambda: bench.running == [3])
        for delivery in range(2, 6):
            assert queue.submit(f"a-{delivery}", JOB)
        queue.submit("a-9", Job(1, 2, 3, "requested"))
        assert queue.counts()["enqueued"] == 1
        assert b'fairlead_checks_overdue{lane="pull-requests"} 0.0' in metrics.text()
        bench.gate.set()
        until(lambda: idle(queue))
        assert bench.reviewed == [JOB, Job(1, 2, 3, "requested")]
    finally:
        queue.stop(grace=0)
