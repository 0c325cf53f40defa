"""The queue over crashes: each test kills real processes that work on one queue."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.standin.service_process import wait_until
from tests.patience import PATIENCE

WORKER = """
import os, pathlib, signal, sys, time
from bot import logs
from bot.github.tasks import Batch, Done, Job
from bot.jobs import Queue, QueueOptions
from bot.metrics import Metrics

directory, database, act, *submitted = sys.argv[1:]
told = pathlib.Path(directory, "told")


def tell(*words):
    with told.open("a") as file:
        file.write(" ".join(map(str, words)) + "\\n")


class Reviewer:
    def do(self, job):
        if isinstance(job, Batch):
            return Done("dealt", job.tasks)
        tell("begun", job.number, os.getpid())
        if act == "die":
            os._exit(9)
        if act == "guilty":
            # Number 9 kills its process once the others are under way, the others need longer.
            time.sleep(0.5 if job.number == 9 else 1.5)
            if job.number == 9:
                os._exit(9)
        time.sleep({"deal": 600, "guilty": 0}.get(act) if act.isalpha() else float(act))
        tell("done", job.number, os.getpid())
        return Done("reviewed")

    def maintain(self):
        pass

    def wait(self, job):
        return 0.0

    def give_up(self, job, reference):
        tell("given-up", job.number, reference)


logs.configure("warning", "json")
data = pathlib.Path(directory, "data")
options = QueueOptions(data, database or None, workers=4, poll=0.1, sweep=None)
queue = Queue(options, Reviewer(), Metrics())
queue.start()
if act == "deal":
    # The process dies when some of the batch are enqueued.
    enqueue, left = queue._enqueue, [5]
    def dying(key, *rest):
        if "!" in key:
            left[0] -= 1
        if left[0] < 0:
            os._exit(9)
        enqueue(key, *rest)
    queue._enqueue = dying
    queue.submit("d-0", Batch(1, tuple(Job(1, 2, int(number)) for number in submitted)))
    submitted = ()
for number in submitted:
    queue.submit(f"d-{number}", Job(1, 2, int(number)))
signal.signal(signal.SIGTERM, lambda *_: (queue.stop(0), os._exit(0)))
tell("ready", os.getpid())
time.sleep(600)
"""


class Workers:
    """Processes on one queue, and what they tell."""

    def __init__(self, directory: Path, database: str = "") -> None:
        self._directory = directory
        self._database = database
        self._started: list[subprocess.Popen[bytes]] = []
        (directory / "told").touch()

    def start(self, act: str, *submitted: int) -> subprocess.Popen[bytes]:
        """One more process: its jobs take `act` seconds, or `die`."""
        arguments = [str(self._directory), self._database, act, *map(str, submitted)]
        with (self._directory / "log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", WORKER, *arguments],
                stdout=output,
                stderr=output,
                cwd=Path(__file__).parents[2],
            )
        self._started.append(process)
        return process

    def told(self, word: str) -> list[list[str]]:
        """What was told under this word."""
        lines = (self._directory / "told").read_text().splitlines()
        return [line.split()[1:] for line in lines if line.startswith(f"{word} ")]

    def recorded(self, job: str) -> str | None:
        """The status of a row of the embedded queue."""
        connection = sqlite3.connect(self._directory / "data" / "queue.sqlite")
        try:
            row = connection.execute(
                "select status from workflow_status where workflow_uuid = ?", (job,)
            ).fetchone()
        finally:
            connection.close()
        return row[0] if row else None

    def until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Waits for it; fails with the log where it does not come."""
        assert wait_until(holds, seconds), (self._directory / "log").read_text()

    def until_told(self, word: str, times: int) -> None:
        """Waits until a word was told so often."""
        self.until(lambda: len(self.told(word)) >= times)

    def end(self) -> None:
        """Nothing of it runs any more."""
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Workers]:
    """Processes on an embedded queue, one after the other."""
    workers = Workers(tmp_path)
    yield workers
    workers.end()


def test_a_killed_process_s_jobs_are_done_by_the_next(embedded: Workers) -> None:
    first = embedded.start("600", 1, 2, 3)
    embedded.until(lambda: len(embedded.told("begun")) == 3)
    first.send_signal(signal.SIGKILL)
    first.wait()
    embedded.start("0")
    embedded.until(lambda: len(embedded.told("done")) == 3)
    assert sorted(number for number, _ in embedded.told("done")) == ["1", "2", "3"]


def test_a_batch_that_was_dealt_in_part_is_dealt_whole_by_the_next_process(
    embedded: Workers,
) -> None:
    every = range(1, 21)
    assert embedded.start("deal", *every).wait(timeout=PATIENCE) == 9
    embedded.start("0")
    embedded.until(lambda: len(embedded.told("done")) == len(every))
    assert sorted(int(number) for number, _ in embedded.told("done")) == [*every]


def test_a_job_that_kills_its_process_each_time_is_given_up_once(embedded: Workers) -> None:
    for turn in range(3):
        process = embedded.start("die", *([1] if turn == 0 else []))
        assert process.wait(timeout=PATIENCE) == 9
    fourth = embedded.start("die")
    embedded.until(lambda: embedded.recorded("d-1/1!end") == "SUCCESS")
    fourth.kill()
    fourth.wait()
    assert len(embedded.told("begun")) == 3
    embedded.start("0", 2)
    embedded.until(lambda: len(embedded.told("done")) > 0)
    assert embedded.told("given-up") == [["1", "d-1"]]


def test_jobs_that_were_under_way_at_every_kill_are_done_in_the_end(embedded: Workers) -> None:
    for turn in range(4):
        process = embedded.start("600", *([1, 2, 3] if turn == 0 else []))
        begun = 3 * (turn + 1) if turn < 2 else 6 + turn - 1
        embedded.until_told("begun", begun)
        process.send_signal(signal.SIGKILL)
        process.wait()
    embedded.start("0")
    embedded.until(lambda: len(embedded.told("done")) == 3)
    assert embedded.told("given-up") == []


def test_only_the_guilty_job_is_given_up(embedded: Workers) -> None:
    """The others are under way at each death, until the suspects run alone."""
    processes = [embedded.start("guilty", 1, 2, 3, 9)]

    def ended() -> bool:
        if processes[-1].poll() is not None:
            processes.append(embedded.start("guilty"))
        return embedded.told("given-up") != []

    embedded.until(ended, 3 * PATIENCE)
    embedded.until(lambda: len(embedded.told("done")) >= 3)
    assert embedded.told("given-up") == [["9", "d-9"]]
    assert {number for number, _ in embedded.told("done")} == {"1", "2", "3"}


def test_a_process_that_stops_in_order_blames_nobody(embedded: Workers) -> None:
    for turn in range(1, 5):
        process = embedded.start("600", 1)
        embedded.until_told("ready", turn)  # else the signal finds nobody who handles it
        embedded.until_told("begun", turn)
        process.send_signal(signal.SIGTERM)
        process.wait()
    embedded.start("0")
    embedded.until(lambda: len(embedded.told("done")) == 1)
    assert embedded.told("given-up") == []


@pytest.fixture
def scaled(tmp_path: Path, postgres: str) -> Iterator[Workers]:
    """Processes that share one queue in a database."""
    workers = Workers(tmp_path, postgres)
    yield workers
    workers.end()


def test_a_peer_takes_over_the_jobs_of_a_killed_replica(scaled: Workers) -> None:
    first = scaled.start("600", 1, 2, 3)
    scaled.until(lambda: len(scaled.told("begun")) == 3)
    scaled.start("0")
    scaled.until(lambda: len(scaled.told("ready")) == 2)
    first.send_signal(signal.SIGKILL)
    first.wait()
    scaled.until(lambda: len(scaled.told("done")) == 3)
    assert sorted(number for number, _ in scaled.told("done")) == ["1", "2", "3"]
    assert len(scaled.told("begun")) == 6, "a job that ran on was begun again"
