"""What deliveries and sweeps ask for, as values that the queue can keep.

Identity is by ids: an owner or a repository can be renamed while a task waits. A task never
carries what decides: whoever does it reads the state of things as it is then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

Reason = Literal["changed", "requested", "missing"]
Priority = Literal["people", "bots", "sweep"]
MaintenanceKind = Literal[
    "act", "close", "forget", "obey", "recheck", "recheck-installation", "rerun", "sweep",
    "sweep-all", "sweep-installation", "ungroup", "welcome",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """One pull request to be reviewed as it is when the job runs.

    `reason` is "requested" where a head that is reviewed already is to be reviewed again, and
    "missing" where only a head without any check run of ours is. `quiet`: the check alone, as
    for pull requests that were there before the App.
    """

    installation: int
    repository: int
    number: int
    reason: Reason = "changed"
    priority: Priority = "people"
    quiet: bool = False

    @property
    def key(self) -> str:
        """What only one worker at a time may work on."""
        return f"{self.installation}/{self.repository}/{self.number}"

    @property
    def label(self) -> str:
        """What tells this task from others of its delivery."""
        return str(self.number)


@dataclass(frozen=True, slots=True)
class Announcement:
    """The check run of a job's pull request in progress, at once; then the job.

    `before` is the head that a push replaced: what is under way there ends.
    """

    job: Job
    before: str | None = None

    @property
    def installation(self) -> int:
        """The installation of the job."""
        return self.job.installation

    @property
    def repository(self) -> int:
        """The repository of the job."""
        return self.job.repository

    @property
    def number(self) -> int:
        """The pull request of the job."""
        return self.job.number

    @property
    def key(self) -> str:
        """What only one worker at a time may work on."""
        return self.job.key

    @property
    def label(self) -> str:
        """What tells this task from others of its delivery."""
        return self.job.label


@dataclass(frozen=True, slots=True)
class GroupJob:
    """A merge queue's combination to be reviewed: `base` against `head`, bound for `branch`.

    `number` is the pull request for which GitHub made it; others may be below it.
    """

    installation: int
    repository: int
    number: int
    base: str
    head: str
    branch: str

    @property
    def key(self) -> str:
        """What only one worker at a time may work on."""
        return f"{self.installation}/{self.repository}/{self.head}"

    @property
    def label(self) -> str:
        """What tells this task from others of its delivery."""
        return f"queue-{self.head[:16]}"


@dataclass(frozen=True, slots=True)
class PushJob:
    """A push to the default branch, to be looked at after the fact: `before` against `after`."""

    installation: int
    repository: int
    before: str
    after: str

    @property
    def key(self) -> str:
        """One at a time for a repository: what one found, the next goes on with."""
        return f"{self.installation}/{self.repository}/push"

    @property
    def label(self) -> str:
        """What tells this task from others of its delivery."""
        return f"push-{self.after[:16]}"


@dataclass(frozen=True, slots=True)
class MaintenanceTask:
    """A task that is not a review; some find further tasks.

    `detail` is what the action needs beside the ids: a commit, a login, a comment.
    """

    action: MaintenanceKind
    installation: int = 0
    repository: int = 0
    number: int = 0
    detail: str = ""

    @property
    def key(self) -> str:
        """What only one worker at a time may work on."""
        return f"{self.installation}/{self.repository}/{self.number or self.action}"

    @property
    def label(self) -> str:
        """What tells this task from others of its delivery."""
        parts = (self.action, str(self.installation), str(self.repository), str(self.number))
        return "-".join((*parts, self.detail[:16]))


@dataclass(frozen=True, slots=True)
class Batch:
    """All that one delivery asks for, where that is more than one task.

    It is recorded at once, however many repositories an installation has: a worker enqueues them.
    """

    installation: int
    tasks: tuple[Task, ...]
    repository: int = 0
    number: int = 0

    @property
    def key(self) -> str:
        """What only one worker at a time may work on."""
        return f"{self.installation}/batch"

    @property
    def label(self) -> str:
        """What tells this task from others of its delivery: there are no others."""
        return "batch"


Task: TypeAlias = Job | Announcement | GroupJob | PushJob | MaintenanceTask | Batch

_KINDS: Final = {
    **{kind.__name__: kind for kind in (Job, GroupJob, PushJob, MaintenanceTask)},
    "Errand": MaintenanceTask,  # as version 0.1.0 stored it, with the field `chore`
}


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a task, in a word, and the tasks that follow, `spread` seconds apart."""

    outcome: str
    tasks: tuple[Task, ...] = ()
    spread: float = 0.0


def together(tasks: Sequence[Task]) -> Task:
    """What a delivery asks for as one task, so that it is recorded whole or not at all."""
    return tasks[0] if len(tasks) == 1 else Batch(tasks[0].installation, tuple(tasks))


def written(task: Task) -> dict[str, Any]:
    """A task as the queue keeps it."""
    if isinstance(task, Batch):
        rows = [written(item) for item in task.tasks]
        return {"kind": "Batch", "installation": task.installation, "tasks": rows}
    return {"kind": type(task).__name__, **asdict(task)}


def read(row: Mapping[str, Any]) -> Task:
    """The task that `written` wrote, by this release or an earlier one.

    The first releases stored jobs without a kind, and called a maintenance task's action a chore.
    """
    fields = {name: value for name, value in row.items() if name != "kind"}
    kind = row.get("kind", "Job")
    if "chore" in fields:
        fields["action"] = fields.pop("chore")
    if kind == "Announcement":
        return Announcement(Job(**fields["job"]), fields["before"])
    if kind == "Batch":
        return Batch(fields["installation"], tuple(map(read, fields["tasks"])))
    task: Task = _KINDS[kind](**fields)
    return task
