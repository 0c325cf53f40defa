"""What the queue does beside its jobs: mirrors are maintained, and old rows go."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.github.tasks import Job
from bot.jobs import Queue, QueueOptions
from bot.jobs.janitor import Pruning
from bot.metrics import Metrics
from tests.jobs.test_jobs import Bench, bench, idle, until

__all__ = ["bench"]

JOB = Job(1, 2, 3)


@contextmanager
def running(directory: Path, bench: Bench) -> Iterator[Queue]:
    """The queue on this data directory."""
    queue = Queue(QueueOptions(directory, poll=0.05, sweep=None), bench, Metrics())
    queue.start()
    try:
        yield queue
    finally:
        queue.stop(grace=0)


def rows(directory: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """What a statement on the stopped or running queue's file returns."""
    with closing(sqlite3.connect(directory / "queue.sqlite")) as connection, connection:
        return connection.execute(statement, values).fetchall()


def test_the_worker_maintains_from_the_start(tmp_path: Path, bench: Bench) -> None:
    with running(tmp_path, bench):
        until(lambda: bench.maintained > 0)


def test_a_finished_delivery_is_known_for_a_week(tmp_path: Path, bench: Bench) -> None:
    """GitHub offers deliveries for redelivery for three days, on its own server for seven."""
    with running(tmp_path, bench) as queue:
        for days in (6, 8):
            assert queue.submit(f"d-{days}", JOB)
            until(lambda: idle(queue))
    for days in (6, 8):
        moment = datetime.now(UTC) - timedelta(days=days)
        rows(
            tmp_path,
            "update workflow_status set created_at = ? where workflow_uuid like ?",
            int(moment.timestamp() * 1000),
            f"d-{days}/%",
        )
    with running(tmp_path, bench) as queue:
        until(lambda: not queue.knows("d-8"))
        assert queue.knows("d-6")


def test_a_crash_is_remembered_for_a_month(tmp_path: Path, bench: Bench) -> None:
    with running(tmp_path, bench):
        pass
    for days in (29, 31):
        at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        rows(tmp_path, "insert into fairlead_deaths values (?, 'x', 0, ?)", f"d-{days}", at)
    with running(tmp_path, bench):
        until(lambda: len(rows(tmp_path, "select * from fairlead_deaths")) == 1)
    assert rows(tmp_path, "select workflow_id from fairlead_deaths") == [("d-29",)]


@pytest.mark.parametrize("status", ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"])
def test_what_failed_is_kept_for_a_month_and_goes_whole(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setattr("bot.jobs.janitor._BATCH", 1)
    ages = (29, 31, 32)
    with running(tmp_path, bench) as queue:
        for days in ages:
            assert queue.submit(f"d-{days}", JOB)
            until(lambda: idle(queue))
    for days in ages:
        moment = datetime.now(UTC) - timedelta(days=days)
        rows(
            tmp_path,
            "update workflow_status set status = ?, created_at = ? where workflow_uuid like ?",
            status,
            int(moment.timestamp() * 1000),
            f"d-{days}/%",
        )
    failed = "select substr(workflow_uuid, 1, 4) from workflow_status where status = ?"
    with running(tmp_path, bench):
        until(lambda: len(rows(tmp_path, failed, status)) == 1)
    assert rows(tmp_path, failed, status) == [("d-29",)]


def test_rows_are_pruned_twice_a_day(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: list[datetime] = []
    with running(tmp_path, bench):
        pruning = Pruning(moments.append)
        pruning()
        pruning()
        assert len(moments) == 1
        monkeypatch.setattr("bot.jobs.janitor._PRUNING", timedelta(0))
        pruning()
    assert len(moments) == 2
