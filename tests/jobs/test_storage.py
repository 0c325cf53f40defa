"""The queue on a disk that is full for a while, and on a file that is damaged."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from errno import ENOSPC
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.errors import QueueError, UsageError
from bot.github.tasks import Job
from bot.jobs import Queue, QueueOptions
from bot.jobs.crashes import Crashes, Unrecorded
from bot.jobs.database import QueueDatabase
from bot.metrics import Metrics
from bot.store.audit import Audit
from tests.jobs.test_jobs import Bench, bench, idle, queue, until

__all__ = ["bench", "queue"]


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process grows beyond a few bytes, as on a disk without space."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_delivery_that_cannot_be_recorded_is_refused_and_readiness_says_so(queue: Queue) -> None:
    assert queue.unready() is None
    with full_disk():
        reason = queue.unready()
        with pytest.raises(QueueError) as caught:
            queue.submit("a-1", Job(1, 2, 3))
    assert reason == str(caught.value)
    assert reason is not None
    assert reason.startswith("the queue's database cannot be used: ")
    assert queue.unready() is None
    assert queue.submit("a-1", Job(1, 2, 3))
    until(lambda: idle(queue))


def test_a_job_that_ended_while_the_disk_was_full_is_done_again(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.jobs.janitor.SECONDS", 0.1)
    queue = Queue(
        QueueOptions(tmp_path / "data", workers=1, poll=0.05, sweep=None), bench, Metrics()
    )
    queue.start()
    try:
        bench.gate.clear()
        assert queue.submit("a-1", Job(1, 2, 3))
        until(lambda: bench.running == [3])
        with full_disk(), capture_logs() as lines:
            bench.gate.set()
            until(lambda: any(line["event"] == "job interrupted" for line in lines))
        until(lambda: idle(queue) and len(bench.reviewed) > 1)
        assert queue.counts()["error"] == 0
        assert set(bench.reviewed) == {Job(1, 2, 3)}
        assert queue.submit("a-2", Job(1, 2, 3)), "the lane goes on"
        until(lambda: idle(queue))
    finally:
        queue.stop(grace=0)


def test_what_could_not_be_recorded_is_no_result_of_its_job(tmp_path: Path) -> None:
    """DBOS records every Exception as the job's end, as soon as the disk has room again."""
    crashes = Crashes(QueueDatabase(f"sqlite:///{tmp_path / 'queue.sqlite'}"), "embedded")

    with pytest.raises(Unrecorded) as caught, crashes.tracked():
        raise OSError(ENOSPC, "No space left on device")

    assert not isinstance(caught.value, Exception)


@pytest.mark.parametrize(
    ("file", "advice"),
    [
        ("queue.sqlite", "move it and the files beside it"),
        ("audit.sqlite", "restore it from a back-up"),
    ],
)
def test_a_damaged_file_is_reported_in_one_sentence(
    tmp_path: Path, bench: Bench, file: str, advice: str
) -> None:
    path = tmp_path / file
    path.write_bytes(b"SQLite format 3\0" + b"damaged " * 4096)
    queue = Queue(QueueOptions(tmp_path), bench, Metrics())
    start: dict[str, Callable[[], object]] = {
        "queue.sqlite": queue.start,
        "audit.sqlite": lambda: Audit.opened(tmp_path, None),
    }
    with pytest.raises(UsageError) as caught:
        start[file]()
    assert f"{str(path)!r} is damaged" in str(caught.value)
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_row_that_runs_nowhere_is_resumed_at_the_second_look(
    tmp_path: Path, bench: Bench
) -> None:
    """At the first, the job may have been taken from the queue without having begun."""
    queue = Queue(
        QueueOptions(tmp_path / "data", workers=1, poll=0.05, sweep=None), bench, Metrics()
    )
    queue.start()
    try:
        assert queue.submit("a-1", Job(1, 2, 3))
        until(lambda: idle(queue))
        with closing(sqlite3.connect(tmp_path / "data" / "queue.sqlite")) as rows, rows:
            rows.execute("update workflow_status set status = 'PENDING'")
        url = f"sqlite:///{tmp_path / 'data' / 'queue.sqlite'}"
        crashes = Crashes(QueueDatabase(url), "embedded")

        with capture_logs() as lines:
            crashes.resume_stranded()
            assert "job resumed" not in [line["event"] for line in lines]
            crashes.resume_stranded()
            assert "job resumed" in [line["event"] for line in lines]
    finally:
        queue.stop(grace=0)


def test_a_job_that_runs_is_not_resumed(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at the second look either: it would run twice at the same time."""
    look = Crashes.resume_stranded
    lookers: list[Crashes] = []

    def noted(crashes: Crashes) -> None:
        lookers.append(crashes)

    monkeypatch.setattr(Crashes, "resume_stranded", noted)
    queue = Queue(QueueOptions(tmp_path / "data", poll=0.05, sweep=None), bench, Metrics())
    queue.start()
    try:
        until(lambda: bool(lookers))
        bench.gate.clear()
        assert queue.submit("a-1", Job(1, 2, 3))
        until(lambda: bench.running == [3])
        with capture_logs() as lines:
            look(lookers[0])
            look(lookers[0])
        assert lines == []
    finally:
        bench.gate.set()
        queue.stop(grace=0)
