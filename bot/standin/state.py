"""What the stand-in knows: accounts, apps, repositories, pull requests, comments and checks."""

from __future__ import annotations

import base64
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.standin.git.repository import BareRepository

# What goes over the wire is JSON: its shape is checked by GitHub's schemas, not by types.
Body = dict[str, Any]
Permissions = dict[str, str]


def utc_now() -> datetime:
    """The time now, to the second, as GitHub gives it."""
    return datetime.now(UTC).replace(microsecond=0)


def node_id(prefix: str, number: int) -> str:
    """The GraphQL id of a thing; `numeric_id` reverses it."""
    return f"{prefix}_{base64.urlsafe_b64encode(f'{prefix}:{number}'.encode()).decode()}"


def numeric_id(node: str) -> tuple[str, int] | None:
    """The kind's prefix and the number in a GraphQL id, or None where it is not one of ours."""
    prefix, _, encoded = node.partition("_")
    try:
        encoded_prefix, number = base64.urlsafe_b64decode(encoded).decode().split(":")
        return (prefix, int(number)) if encoded_prefix == prefix else None
    except ValueError:
        return None


@dataclass(slots=True, eq=False)
class Account:
    """A user, an organisation, or an App's bot."""

    id: int
    login: str
    type: str = "User"


@dataclass(slots=True, eq=False)
class App:
    """A GitHub App, with the private key that GitHub shows only once."""

    id: int
    slug: str
    name: str
    client_id: str
    owner: Account
    bot: Account
    private_key: str
    public_key: str
    webhook_secret: str
    webhook_url: str | None
    hook_id: int
    permissions: Permissions
    events: list[str]
    created_at: datetime
    webhook_content_type: str = "json"
    webhook_insecure_ssl: str = "0"
    client_secret: str = ""
    external_url: str = ""
    callback_urls: tuple[str, ...] = ("",)


@dataclass(slots=True, eq=False)
class Installation:
    """An App on some repositories of one account, with what it may do there."""

    id: int
    app: App
    account: Account
    repository_ids: set[int]
    permissions: Permissions
    created_at: datetime
    suspended_at: datetime | None = None


@dataclass(slots=True, eq=False)
class Token:
    """An installation's token: what it may do, on which repositories, and until when."""

    text: str
    installation: Installation
    permissions: Permissions
    repository_ids: set[int] | None
    expires_at: datetime


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

    @property
    def full_name(self) -> str:
        """The owner's login, a slash, and the name."""
        return f"{self.owner.login}/{self.name}"


@dataclass(frozen=True, slots=True)
class PendingCode:
    """A code of a person who let an App act for them, and what it may be exchanged with."""

    app: App
    person: Account
    back: str
    challenge: str
    until: datetime


@dataclass(frozen=True, slots=True)
class UserToken:
    """A token by which an App acts for a person."""

    app: App
    person: Account
    until: datetime


class GitHubState:
    """Everything that the stand-in knows, under one lock."""

    def __init__(self, directory: Path, clock: Callable[[], datetime]) -> None:
        self.directory = directory
        self.clock = clock
        self.lock = threading.RLock()
        self.url = ""
        self.accounts: dict[str, Account] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.repositories: dict[int, StandInRepository] = {}
        self.former_names: dict[str, int] = {}
        self.teams: dict[str, set[str]] = {}
        self.codes: dict[str, tuple[App, datetime]] = {}
        self.login_codes: dict[str, PendingCode] = {}
        self.user_tokens: dict[str, UserToken] = {}
        self._ids = itertools.count(1_000_001)

    @property
    def api(self) -> str:
        """Where the REST endpoints are, as on an Enterprise Server."""
        return f"{self.url}/api/v3"

    def new_id(self) -> int:
        """A number that no other thing of this stand-in has."""
        return next(self._ids)

    def account(self, login: str, kind: str = "User") -> Account:
        """The account of this login; made when it is named for the first time."""
        with self.lock:
            if login not in self.accounts:
                self.accounts[login] = Account(self.new_id(), login, kind)
            return self.accounts[login]

    def repository(self, owner: str, name: str) -> StandInRepository | None:
        """The repository of this name, in GitHub's case-insensitive way."""
        full_name = f"{owner}/{name}".lower()
        matches = (
            candidate
            for candidate in self.repositories.values()
            if candidate.full_name.lower() == full_name
        )
        return next(matches, None)

    def installations_on(self, repository: StandInRepository) -> Iterator[Installation]:
        """The installations that reach this repository and are not suspended."""
        for installation in self.installations.values():
            if repository.id in installation.repository_ids and not installation.suspended_at:
                yield installation

    def suite(self, repository: StandInRepository, app: App, head_sha: str) -> CheckSuite:
        """The App's suite on this commit; made where there is none."""
        for suite in repository.suites:
            if suite.app is app and suite.head_sha == head_sha:
                return suite
        branches = repository.git.branches()
        branch = next((name for name, sha in branches.items() if sha == head_sha), None)
        suite = CheckSuite(
            id=self.new_id(),
            app=app,
            head_sha=head_sha,
            head_branch=branch,
            before=repository.git.parent(head_sha),
            created_at=self.clock(),
        )
        repository.suites.append(suite)
        return suite


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
