"""Tasks of deliveries and sweeps, as values that the queue can store.

Tasks refer to things by id, since an owner or a repository can be renamed while a task waits. A
task carries nothing that a verdict depends on: that is read from GitHub when the task runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Reason = Literal["changed", "requested", "missing", "moved", "refetch", "policy"]
Priority = Literal["people", "bots", "recheck", "sweep"]
REFETCH_WAITS: Final = (60.0, 120.0, 240.0, 480.0, 900.0)
"""Seconds before each attempt to fetch a source that could not be reached: half an hour in all."""

MaintenanceKind = Literal[
    "act", "close", "forget", "obey", "recheck", "recheck-installation", "rerun", "sweep",
    "sweep-all", "sweep-installation", "ungroup", "welcome",
]  # fmt: skip

SPREAD: Final = 2.0
"""Seconds between two reviews that nobody waits for, to spare the installation's budget."""


@dataclass(frozen=True, slots=True)
class Job:
    """A review of one pull request as it is when the job runs.

    `reason` is "requested" to review a reviewed head again, "missing" to review only a head
    without any check run of this App, and "moved" to review a head again because its base branch
    received something: its check stays concluded meanwhile and changes only if the verdict does.
    "refetch" is the same for a review of `head` that a remote source was missing from, after
    `tries` earlier attempts. "policy" is the same because the policy changed, which needs no new
    analysis of the same commits where only what is made of the findings changed.
    `quiet`: no comments, only the check, as for pull requests older than the App's installation.
    """

    installation: int
    repository: int
    number: int
    reason: Reason = "changed"
    priority: Priority = "people"
    quiet: bool = False
    head: str = ""
    tries: int = 0

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
    """Puts the check run of a job's pull request in progress at once; the job follows.

    `before` is the head that a push replaced: its unfinished check runs end. `pusher` is the login,
    and `pusher_id` GitHub's number, of whoever pushed `after`, empty where nobody did.
    """

    job: Job
    before: str | None = None
    pusher: str = ""
    after: str = ""
    pusher_id: int = 0

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
    """A review of a merge queue's combination: `base` against `head`, for the branch `branch`.

    `number` is the pull request for which GitHub created it; it may contain others. `tries` counts
    the earlier attempts that a remote source was missing from.
    """

    installation: int
    repository: int
    number: int
    base: str
    head: str
    branch: str
    tries: int = 0

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
    """A review of a push to the default branch after the fact: `before` against `after`.

    `tries` counts the earlier attempts that a remote source was missing from.
    """

    installation: int
    repository: int
    before: str
    after: str
    tries: int = 0

    @property
    def key(self) -> str:
        """One at a time for a repository: each review continues from the one before."""
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
    """The tasks of one delivery that has several.

    It is recorded in one step, however many repositories an installation has; a worker enqueues
    the tasks.
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
        """The label of the only task of its delivery."""
        return "batch"


Task: TypeAlias = Job | Announcement | GroupJob | PushJob | MaintenanceTask | Batch


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome of a task in one word, and the tasks that follow, `spread` seconds apart."""

    outcome: str
    tasks: tuple[Task, ...] = ()
    spread: float = 0.0


def together(tasks: Sequence[Task]) -> Task:
    """The tasks of a delivery as one task, so that they are recorded in one step."""
    return tasks[0] if len(tasks) == 1 else Batch(tasks[0].installation, tuple(tasks))
