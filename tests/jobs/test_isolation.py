"""A task under which the process died runs alone, and is blamed alone."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from bot.github.tasks import Announcement, Job
from bot.jobs.database import QueueDatabase
from bot.jobs.isolation import SUSPECT, Isolation
from tests.patience import PATIENCE

JOB = Job(1, 2, 3)


@pytest.fixture
def database(tmp_path: Path) -> QueueDatabase:
    """A queue with two workflows under way at which the process died as often as it takes."""
    file = tmp_path / "queue.sqlite"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("create table workflow_status (workflow_uuid, executor_id, status)")
        for name in ("a", "b"):
            connection.execute(
                "insert into workflow_status values (?, 'embedded', 'PENDING')", (name,)
            )
    database = QueueDatabase(f"sqlite:///{file}")
    database.prepare()
    for number in range(SUSPECT):
        database.record_crash("embedded", f"crash {number}")
    return database


def test_a_death_is_counted_against_the_suspect_that_ran_alone(database: QueueDatabase) -> None:
    """An announcement, which waits for nobody, may be under way beside it."""
    with Isolation(database, "embedded").enter("a", JOB):
        database.record_crash("embedded", "alone")

    assert (database.deaths("a"), database.deaths("b")) == ((SUSPECT + 1, 1), (SUSPECT, 0))


def test_a_death_after_the_suspect_ended_is_nobody_s_alone(database: QueueDatabase) -> None:
    with Isolation(database, "embedded").enter("a", JOB):
        pass
    database.record_crash("embedded", "later")

    assert database.deaths("a") == database.deaths("b") == (SUSPECT + 1, 0)


def test_a_suspect_begins_when_no_other_review_runs(database: QueueDatabase) -> None:
    isolation, begun = Isolation(database, "embedded"), threading.Event()

    def suspect() -> None:
        with isolation.enter("a", JOB):
            begun.set()

    with isolation.enter("c", JOB):
        thread = threading.Thread(target=suspect)
        thread.start()
        assert not begun.wait(0.2)
        with isolation.enter("d", Announcement(JOB)):
            pass  # waits for no suspect
    assert begun.wait(PATIENCE)
    thread.join()
