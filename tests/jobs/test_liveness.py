"""A replica keeps its lock for as long as it lives."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from bot.jobs import Queue, QueueOptions, liveness
from bot.metrics import Metrics
from tests.jobs.test_jobs import Bench, bench, until

__all__ = ["bench"]

UNREADABLE = "replicas could not be checked"
LOCKS = "select count(*) from pg_locks where locktype = 'advisory' and classid = 17985"


def test_a_replica_keeps_its_lock_while_the_queue_cannot_be_read(
    tmp_path: Path, postgres: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock, its peers would take over jobs that it is doing."""
    monkeypatch.setattr(liveness, "TICK", 0.1)
    queue = Queue(QueueOptions(tmp_path, postgres, poll=0.05, sweep=None), bench, Metrics())
    queue.start()
    try:
        with psycopg.connect(postgres, autocommit=True) as database, capture_logs() as logs:
            table = "alter table dbos.workflow_status rename column"
            database.execute(f"{table} completed_at to renamed")
            until(lambda: [line["event"] for line in logs].count(UNREADABLE) > 1)
            held = database.execute(LOCKS).fetchone()
            database.execute(f"{table} renamed to completed_at")
    finally:
        queue.stop(grace=0)

    assert held == (1,)
