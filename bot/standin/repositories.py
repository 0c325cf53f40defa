"""Repositories, with their pull requests, comments and checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.standin.accounts import Account, App
from bot.standin.git.repository import BareRepository

# What goes over the wire is JSON: its shape is checked by GitHub's schemas, not by types.
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RequiredCheck:
    """A check that must be green before a merge; from this App alone, where one is named."""

    context: str
    app_id: int | None = None


@dataclass(slots=True, eq=False)
class ReviewComment:
    """A comment on a line, or on a file where `line` and `original_line` are None.

    `line` is where it stands in the newest diff, None when the line is outdated.
    """

    id: int
    user: Account
    app: App | None
    body: str
    path: str
    commit_id: str
    original_commit_id: str
    side: str
    line: int | None
    original_line: int | None
    start_line: int | None
    original_start_line: int | None
    start_side: str | None
    subject_type: str
    diff_hunk: str
    position: int | None
    original_position: int | None
    review_id: int | None
    in_reply_to: int | None
    created_at: datetime
    updated_at: datetime
    minimized: str | None = None

    @property
    def thread(self) -> int:
        """The id of the comment that began the thread: this one's, unless it is a reply."""
        return self.in_reply_to or self.id


@dataclass(slots=True, eq=False)
class StandInReview:
    """A review: a body and the comments that came with it."""

    id: int
    user: Account
    app: App | None
    body: str
    state: str
    commit_id: str
    submitted_at: datetime


@dataclass(slots=True, eq=False)
class IssueComment:
    """A comment in the conversation of a pull request."""

    id: int
    user: Account
    app: App | None
    body: str
    created_at: datetime
    updated_at: datetime
    minimized: str | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """Pull requests one upon the other, all bound for one branch; `place` is 1 for the lowest."""

    id: int
    base_ref: str
    base_sha: str
    size: int
    place: int


@dataclass(slots=True, eq=False)
class StandInPullRequest:
    """A pull request; its commits are read from git whenever they are asked for."""

    id: int
    repository: StandInRepository
    number: int
    issue_id: int
    title: str
    body: str | None
    user: Account
    head_repository: StandInRepository
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    created_at: datetime
    updated_at: datetime
    draft: bool = False
    state: str = "open"
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None
    comments: list[ReviewComment] = field(default_factory=list)
    reviews: list[StandInReview] = field(default_factory=list)
    conversation: list[IssueComment] = field(default_factory=list)
    resolved_threads: dict[int, Account] = field(default_factory=dict)
    stack: Stack | None = None
    requested_teams: list[str] = field(default_factory=list)

    def threads(self) -> dict[int, list[ReviewComment]]:
        """The threads by the id of the comment that began each, deleted or not."""
        threads: dict[int, list[ReviewComment]] = {}
        for comment in self.comments:
            threads.setdefault(comment.thread, []).append(comment)
        return threads


@dataclass(slots=True, eq=False)
class CheckSuite:
    """All check runs of one App on one commit."""

    id: int
    app: App
    head_sha: str
    head_branch: str | None
    before: str | None
    created_at: datetime
    rerequested: bool = False


@dataclass(slots=True, eq=False)
class StandInCheckRun:
    """One run of a check on a commit; `annotations` only ever grows."""

    id: int
    suite: CheckSuite
    name: str
    created_at: datetime
    status: str = "queued"
    conclusion: str | None = None
    details_url: str | None = None
    external_id: str = ""
    started_at: datetime | None = None
    completed_at: datetime | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[Body] = field(default_factory=list)
    actions: list[Body] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class StandInRuleset:
    """How the ruleset of a repository is set. `bypass` None: the caller may not see who may."""

    enforcement: str = "active"
    strict: bool = False
    merge_queue: bool = False
    bypass: list[Body] | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """A branch that moved, as GitHub keeps it beside git."""

    id: int
    ref: str
    before: str
    after: str
    at: datetime
    by: Account
    kind: str = "push"


@dataclass(slots=True, eq=False)
class StandInRepository:
    """A repository: its bare git directory, and what GitHub keeps beside git."""

    id: int
    owner: Account
    name: str
    default_branch: str
    private: bool
    git: BareRepository
    created_at: datetime
    pushed_at: datetime
    parent: StandInRepository | None = None
    archived: bool = False
    pulls: dict[int, StandInPullRequest] = field(default_factory=dict)
    suites: list[CheckSuite] = field(default_factory=list)
    runs: dict[int, StandInCheckRun] = field(default_factory=dict)
    required_checks: dict[str, list[RequiredCheck]] = field(default_factory=dict)
    resolved_branches: set[str] = field(default_factory=set)
    collaborators: dict[str, str] = field(default_factory=dict)
    activity: list[Activity] = field(default_factory=list)
    ruleset: StandInRuleset = field(default_factory=StandInRuleset)

    @property
    def full_name(self) -> str:
        """The owner's login, a slash, and the name."""
        return f"{self.owner.login}/{self.name}"


def latest_run(
    repository: StandInRepository, head_sha: str, check: RequiredCheck
) -> StandInCheckRun | None:
    """The newest run of a required check on a commit, from the right App."""
    runs = [
        run
        for run in repository.runs.values()
        if run.name == check.context
        and run.suite.head_sha == head_sha
        and check.app_id in (None, run.suite.app.id)
    ]
    return max(runs, key=lambda run: run.id, default=None)
