"""Stored data of version 0.1.0 opens, and what waited in it is carried out."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.github.tasks import Batch, Done, GroupJob, Job, MaintenanceTask, PushJob, Task
from bot.jobs import Queue, QueueOptions
from bot.metrics import Metrics
from bot.service.audit_record import Record
from bot.store.audit import Audit

STORED = Path(__file__).parents[1] / "data" / "upgrade" / "data-0.1.0.tar.gz"
WAITING = {
    Job(1, 2, 3),
    Job(1, 2, 5),
    Job(1, 2, 6),
    GroupJob(1, 2, 4, "a" * 40, "b" * 40, "main"),
    PushJob(1, 2, "c" * 40, "d" * 40),
    MaintenanceTask("obey", 1, 2, 3, "4 0123abcd"),
    MaintenanceTask("welcome", 1, 2),
}
REPOSITORY = 1000005
SECONDS = 60.0


@dataclass
class Recorder:
    """A worker that notes what it is told to do."""

    tasks: set[Task] = field(default_factory=set)
    complete: threading.Event = field(default_factory=threading.Event)

    def do(self, task: Task) -> Done:
        if isinstance(task, Batch):
            return Done("dealt", task.tasks)
        self.tasks.add(task)
        if self.tasks >= WAITING:
            self.complete.set()
        return Done("done")

    def maintain(self) -> None:
        """There is nothing to maintain."""

    def wait(self, task: Task) -> float:
        del task
        return 0.0

    def hold(self, task: Task, seconds: float) -> None:
        raise AssertionError((task, seconds))

    def undelivered(
        self, back: timedelta, known: Callable[[str], bool]
    ) -> Iterator[tuple[str, Task | None]]:
        del back, known
        yield from ()

    def give_up(self, task: Task, reference: str) -> None:
        raise AssertionError((task, reference))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of a data directory that version 0.1.0 left behind when it was killed."""
    shutil.unpack_archive(STORED, tmp_path / "data", filter="data")
    return tmp_path / "data"


def test_jobs_that_waited_are_carried_out(data: Path) -> None:
    recorder = Recorder()
    queue = Queue(QueueOptions(data, None, workers=4, poll=0.1, sweep=None), recorder, Metrics())
    queue.start()
    try:
        assert recorder.complete.wait(SECONDS), WAITING - recorder.tasks
        # A delivery that was dealt with before is not taken again.
        assert not queue.submit("stored-job", Job(1, 2, 3))
        deadline = time.monotonic() + SECONDS
        while queue.submit(f"new-{time.monotonic()}", Job(1, 2, 9)) and Job(1, 2, 9) not in (
            recorder.tasks
        ):
            assert time.monotonic() < deadline
    finally:
        queue.stop(5)


def test_what_was_decided_is_still_known(data: Path) -> None:
    audit = Audit.opened(data, None)
    try:
        found = audit.entries("found", REPOSITORY)
        concluded = audit.entries("concluded", REPOSITORY)
        assert audit.append(found) == ()
    finally:
        audit.close()
    assert sorted({entry.rule for entry in found}) == [
        "connectivity-widened",
        "image-not-approved",
        "network-policy-service-port",
        "rbac-privilege-added",
        "service-account-changed",
        "service-blocked-by-network-policy",
    ]
    assert (len(found), len(concluded)) == (7, 2)


def test_what_was_shown_by_version_0_1_0_is_read(data: Path) -> None:
    """Its rows have no digests of fields, no stamps of GitHub's and no word of what was posted."""
    audit = Audit.opened(data, None)
    try:
        every = audit.entries("concluded", REPOSITORY)
        records = [
            Record(audit, REPOSITORY, "example/gitops", pull, datetime.now(UTC))
            for pull in sorted({entry.pull for entry in every})
        ]
        shown = [one for record in records for one in record.conclusions()]
        reverts = [
            record.gives_back(one.head) for record in records for one in record.conclusions()
        ]
    finally:
        audit.close()
    assert [(one.shown, one.until) for one in shown] == [("", "")] * len(every)
    assert sum(len(one.findings) for one in shown) == 7
    assert set(reverts) == {""}
