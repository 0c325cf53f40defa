"""An installation on 2,000 repositories: nobody waits behind it, and GitHub is not flooded."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from bot.app import DeliveryIntake, create_app
from bot.github.budget import A_MINUTE
from bot.github.task_text import read, written
from bot.github.tasks import SPREAD, Announcement, Batch, Done, Job, MaintenanceTask, Task
from bot.jobs import Queue, QueueOptions, lanes
from bot.metrics import Metrics
from tests.patience import PATIENCE
from tests.service.world import GOOD, World

SECRET: Final = "flood"
REPOSITORIES: Final = range(1, 2001)
SINCE: Final = 1_790_000_000
WELCOMES: Final = [
    MaintenanceTask("welcome", 7, number, detail=str(SINCE)) for number in REPOSITORIES
]
SOME: Final = range(1, lanes.MOST_AT_ONCE + 10)
"""For the real queue: more than an installation may have at once, and done in a few seconds."""

_DEADLINE: Final = PATIENCE


@dataclass
class Book:
    """An intake that keeps what it is given."""

    taken: list[Task] = field(default_factory=list)

    def submit(self, delivery: str, task: Task) -> bool:
        assert delivery == "11-aa"
        self.taken.append(task)
        return True


@dataclass
class Crowd:
    """A worker whose welcomes wait at a gate, and whose people do not."""

    gate: threading.Event = field(default_factory=threading.Event)
    welcomed: list[int] = field(default_factory=list)
    served: list[Task] = field(default_factory=list)
    together: int = 0
    _inside: int = 0

    def do(self, task: Task) -> Done:
        if isinstance(task, Batch):
            return Done("dealt", task.tasks)
        if not isinstance(task, MaintenanceTask):
            self.served.append(task)
            return Done("announced", (task.job,) if isinstance(task, Announcement) else ())
        self._inside += 1
        self.together = max(self.together, self._inside)
        self.gate.wait(_DEADLINE)
        self._inside -= 1
        self.welcomed.append(task.repository)
        return Done("welcomed")

    def maintain(self) -> None:
        """There is nothing to maintain."""

    def wait(self, task: Task) -> float:
        assert task.label
        return 0.0

    def hold(self, task: Task, seconds: float) -> None:
        raise AssertionError((task, seconds))

    def give_up(self, task: Task, reference: str) -> None:
        raise AssertionError((task, reference))

    def undelivered(
        self, back: timedelta, known: Callable[[str], bool]
    ) -> Iterator[tuple[str, Task | None]]:
        raise AssertionError((back, known))


def installed(intake: DeliveryIntake, repositories: range) -> int:
    """The door's answer to the webhook of the installation."""
    payload = {
        "action": "created",
        "installation": {"id": 7, "created_at": SINCE},
        "repositories": [{"id": number, "full_name": f"shop/r{number}"} for number in repositories],
    }
    body = json.dumps(payload).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-GitHub-Event": "installation",
        "X-GitHub-Delivery": "11-aa",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    door = create_app([SECRET], intake, Metrics()).test_client()
    answer = door.post("/webhook", data=body, headers=headers, content_type="application/json")
    return answer.status_code


def until(condition: Callable[[], bool]) -> None:
    """Waits for what must become true; fails where it does not."""
    deadline = time.monotonic() + _DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def test_an_installation_is_one_record_and_its_welcomes_are_dealt_in_the_background(
    world: World,
) -> None:
    """GitHub waits for ten seconds, and each record is a write to a disk."""
    book = Book()
    assert installed(book, REPOSITORIES) == 202
    [batch] = book.taken
    assert batch == Batch(7, tuple(WELCOMES))
    assert lanes.lane_of(batch) == lanes.BACKGROUND
    assert read(json.loads(json.dumps(written(batch)))) == batch
    assert (world.service.wait(batch), world.service.do(batch)) == (
        0.0,
        Done("dealt", tuple(WELCOMES), SPREAD),
    )
    assert {lanes.lane_of(task) for task in WELCOMES} == {lanes.BACKGROUND}


def test_people_are_served_before_the_welcomes(tmp_path: Path) -> None:
    """Of another installation and of this one: an announcement and a review overtake them all."""
    crowd = Crowd()
    options = QueueOptions(tmp_path / "data", poll=0.05, sweep=None)
    queue = Queue(options, crowd, Metrics())
    queue.start()
    try:
        assert installed(queue, SOME) == 202
        people = [Job(7, 1, 3), Job(8, 900, 4)]
        for job in people:
            queue.submit(f"a-{job.number}", Announcement(job))
        until(lambda: len(crowd.served) == 4)
        assert {*crowd.served} == {*people, *map(Announcement, people)}
        assert crowd.welcomed == []
        crowd.gate.set()
        until(lambda: len(crowd.welcomed) == len(SOME))
    finally:
        crowd.gate.set()
        queue.stop(grace=5)
    assert sorted(crowd.welcomed) == [*SOME]
    assert crowd.together == lanes.workers(lanes.BACKGROUND, options.workers) == 1


def test_a_welcome_finds_quiet_reviews_that_are_spread_in_the_background(world: World) -> None:
    """Only checks: nobody who opened these asked for comments."""
    pulls = [world.pull({f"{name}.yaml": GOOD}, name) for name in ("one", "two", "three")]
    where = (world.installation.id, world.repository.id)
    found = world.service.do(MaintenanceTask("welcome", *where))
    jobs = [Job(*where, pull.number, priority="sweep", quiet=True) for pull in pulls]
    assert (found.outcome, found.spread) == ("welcomed", SPREAD)
    assert sorted(found.tasks, key=lambda task: task.label) == jobs
    assert {lanes.lane_of(task) for task in found.tasks} == {lanes.BACKGROUND}


def test_welcomes_leave_the_rest_of_what_github_allows_to_people(world: World) -> None:
    """After the minute's share of writes, a welcome and what it finds wait, and nobody else."""
    budget = world.service.gateway.budget
    patient: list[Task] = [*WELCOMES[:1], Job(7, 1, 3, priority="sweep", quiet=True)]
    urgent: list[Task] = [
        Announcement(Job(7, 1, 3)),
        Job(7, 1, 3),
        MaintenanceTask("obey", 7, 1, 3),
    ]
    writes = 0
    while not world.service.wait(patient[0]):
        with budget.writing(7):
            writes += 1
    assert writes == int(A_MINUTE * 0.6)
    assert [world.service.wait(task) > 0 for task in patient] == [True, True]
    assert [world.service.wait(task) for task in urgent] == [0.0, 0.0, 0.0]
    assert world.service.wait(MaintenanceTask("welcome", 8, 1)) == 0.0, (
        "another installation has its own"
    )


def test_a_check_is_put_in_progress_although_reviews_wait_for_the_limit_of_comments(
    world: World,
) -> None:
    for _ in range(A_MINUTE):
        with world.service.gateway.budget.writing(7):
            pass
    tasks: list[Task] = [Announcement(Job(7, 1, 3)), Job(7, 1, 3), MaintenanceTask("obey", 7, 1, 3)]
    assert [world.service.wait(task) > 0 for task in tasks] == [False, True, True]
