"""The stand-in as demos and tests use it: start it, act as people do, look at what was posted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.standin import checking, merging, people, reviewing
from bot.standin.administration import Administration
from bot.standin.context import Context
from bot.standin.deliveries import Deliveries
from bot.standin.events import Events, Push
from bot.standin.exchanges import Exchanges
from bot.standin.faults import Fault, Faults
from bot.standin.git import NO_COMMIT, Changes
from bot.standin.merge_queue import MergeQueue
from bot.standin.pushes import after_push
from bot.standin.server import API, Server, application
from bot.standin.state import (
    App,
    CheckRun,
    Installation,
    IssueComment,
    Permissions,
    PullRequest,
    Repository,
    RequiredCheck,
    Review,
    ReviewComment,
    State,
    latest_run,
    utc_now,
)

EXAMPLE = Path(__file__).parent / "example"


class StandIn:
    """A GitHub on loopback; its bare repositories are in `directory`, all else in memory.

    `exchanges`, `deliveries` and `faults` are its log of requests, its webhooks, and what is
    made to go wrong; `administration` and `merge_queue` do what fewer people do. Every method
    may be called from any thread while it serves.
    """

    def __init__(self, directory: Path, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.state = State(directory, clock)
        self.deliveries = Deliveries(self.state)
        self.exchanges = Exchanges()
        self.faults = Faults()
        self._context = Context(self.state, Events(self.state, self.deliveries))
        self.administration = Administration(self._context)
        self.merge_queue = MergeQueue(self._context)
        self._server: Server | None = None

    def start(self, port: int = 0) -> Self:
        """The stand-in, serving on a port of the loopback: a free one unless one is named."""
        app = application(self._context, self.exchanges, self.faults)
        self._server = Server(app, port)
        self.state.url = self._server.url
        self._server.start()
        self.deliveries.start()
        return self

    def close(self) -> None:
        """It no longer serves and no longer sends."""
        if self._server is not None:
            self.deliveries.stop()
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self if self._server else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where people see it."""
        return self.state.url

    @property
    def api_url(self) -> str:
        """Where the REST API is: PyGithub's `base_url`."""
        return f"{self.state.url}{API}"

    @property
    def graphql_url(self) -> str:
        """Where GraphQL is, as on an Enterprise Server."""
        return f"{self.state.url}/api/graphql"

    # Apps

    def create_app(
        self, name: str = "Fairlead", *, owner: str = "example", webhook_url: str | None = None
    ) -> App:
        """A new App, which asks for what Fairlead asks for; change it before it is installed."""
        with self.state.lock:
            account = self.state.account(owner, "Organization")
            return people.register_app(self.state, name, account, webhook_url)

    def set_webhook(self, app: App, url: str | None) -> None:
        """The App's webhook address; a `ping` goes to a new one."""
        with self.state.lock:
            app.webhook_url = url
            self._context.events.ping(app)

    def install(
        self, app: App, *repositories: Repository, permissions: Permissions | None = None
    ) -> Installation:
        """The App on repositories of one account, with its own permissions unless named."""
        with self.state.lock:
            return people.install(self._context, app, list(repositories), permissions)

    def suspend(self, installation: Installation) -> None:
        """Every call of the installation is refused from now on."""
        with self.state.lock:
            people.set_suspended(self._context, installation, suspended=True)

    def unsuspend(self, installation: Installation) -> None:
        """The installation works again."""
        with self.state.lock:
            people.set_suspended(self._context, installation, suspended=False)

    def uninstall(self, installation: Installation) -> None:
        """The installation and its tokens are gone."""
        with self.state.lock:
            people.uninstall(self._context, installation)

    # Repositories

    def create_repository(
        self, full_name: str, files: Path | Changes, *, default_branch: str = "main"
    ) -> Repository:
        """A private repository whose default branch holds these files in one commit."""
        with self.state.lock:
            made = people.found_repository(self.state, full_name, default_branch)
            self.commit(made, default_branch, people.files_of(files), message="Initial commit")
            return made

    def fork(self, repository: Repository, owner: str) -> Repository:
        """A fork of the repository under another account."""
        with self.state.lock:
            return people.fork_repository(self.state, repository, self.state.account(owner))

    def require_check(
        self,
        repository: Repository,
        context: str,
        *,
        app: App | None = None,
        branch: str | None = None,
    ) -> None:
        """The check must be green before a merge into the branch, by default the default one."""
        with self.state.lock:
            check = RequiredCheck(context, app.id if app else None)
            target = branch or repository.default_branch
            repository.required_checks.setdefault(target, []).append(check)

    def require_resolution(self, repository: Repository) -> None:
        """Conversations must be resolved before a merge into the default branch.

        The rule is shown; it does not block the stand-in's own merges.
        """
        with self.state.lock:
            repository.resolved_branches.add(repository.default_branch)

    def add_collaborator(self, repository: Repository, login: str, permission: str) -> None:
        """The person may `read`, `write` or `admin` the repository."""
        with self.state.lock:
            self.state.account(login)
            repository.collaborators[login] = permission

    def commit(  # noqa: PLR0913 - what a commit is made of
        self,
        repository: Repository,
        branch: str,
        changes: Path | Changes,
        *,
        message: str = "Change manifests",
        author: str = "octocat",
        parent: str | None = None,
    ) -> str:
        """The id of a commit pushed to a branch; None as content deletes a path.

        A new branch starts at the default branch. With `parent` the push is a forced one:
        the branch then is that commit and the new one.
        """
        with self.state.lock:
            by, files = self.state.account(author), people.files_of(changes)
            return people.push(
                self._context, repository, branch, files, message=message, by=by, parent=parent
            )

    def move_branch(
        self, repository: Repository, branch: str, commit: str, *, author: str = "octocat"
    ) -> None:
        """The branch at a commit that is there already, pushed, with force where needed."""
        with self.state.lock:
            before = repository.git.resolve(f"refs/heads/{branch}") or NO_COMMIT
            repository.git.set_ref(f"refs/heads/{branch}", commit)
            push = Push(branch, before, commit, self.state.account(author))
            after_push(self._context, repository, push)

    # Pull requests

    def open_pull_request(  # noqa: PLR0913 - what a pull request is made of
        self,
        repository: Repository,
        head: str,
        *,
        title: str = "Change manifests",
        body: str = "",
        base: str | None = None,
        author: str = "octocat",
        draft: bool = False,
        fork: Repository | None = None,
    ) -> PullRequest:
        """A pull request of a branch, of the fork where one is named, into the base branch."""
        with self.state.lock:
            return people.open_pull_request(
                self._context,
                repository,
                fork or repository,
                head_ref=head,
                base_ref=base or repository.default_branch,
                title=title,
                body=body,
                by=self.state.account(author),
                draft=draft,
            )

    def edit(
        self,
        pull: PullRequest,
        *,
        title: str | None = None,
        body: str | None = None,
        base: str | None = None,
        by: str = "octocat",
    ) -> None:
        """The pull request with another title, body, or base branch."""
        with self.state.lock:
            fields = {"title": title, "body": body, "base": base}
            people.edit(self._context, pull, self.state.account(by), **fields)

    def close_pull_request(self, pull: PullRequest, *, by: str = "octocat") -> None:
        """The pull request closed without a merge."""
        with self.state.lock:
            people.set_open(self._context, pull, self.state.account(by), opened=False)

    def reopen(self, pull: PullRequest, *, by: str = "octocat") -> None:
        """The closed pull request opened again."""
        with self.state.lock:
            people.set_open(self._context, pull, self.state.account(by), opened=True)

    def mark_ready(self, pull: PullRequest, *, by: str = "octocat") -> None:
        """The draft is ready for review."""
        with self.state.lock:
            people.set_draft(self._context, pull, self.state.account(by), draft=False)

    def convert_to_draft(self, pull: PullRequest, *, by: str = "octocat") -> None:
        """The pull request is a draft again."""
        with self.state.lock:
            people.set_draft(self._context, pull, self.state.account(by), draft=True)

    def merge(self, pull: PullRequest, *, by: str = "octocat") -> str:
        """The merge commit; `MergeRefused` with GitHub's sentence where something is in the way."""
        with self.state.lock:
            account = self.state.account(by)
            return merging.merge(self._context, pull.repository, pull, account)

    def merge_refused(self, pull: PullRequest) -> str | None:
        """Why a merge would be refused now, or None."""
        with self.state.lock:
            refused = merging.obstacle(pull.repository, pull)
            return str(refused) if refused else None

    # Comments

    def comment(self, pull: PullRequest, text: str, *, by: str) -> IssueComment:
        """A person's comment in the conversation."""
        with self.state.lock:
            place = reviewing.Place(pull.repository, pull)
            return reviewing.converse(self._context, place, self._person(by), text)

    def reply(
        self, pull: PullRequest, comment: ReviewComment, text: str, *, by: str
    ) -> ReviewComment:
        """A person's answer in the thread of a review comment."""
        with self.state.lock:
            place = reviewing.Place(pull.repository, pull)
            return reviewing.reply_to(self._context, place, self._person(by), comment, text)

    def review_comment(
        self, pull: PullRequest, path: str, line: int, text: str, *, by: str
    ) -> ReviewComment:
        """A person's comment on a line of the head."""
        with self.state.lock:
            place = reviewing.Place(pull.repository, pull)
            request = {"body": text, "path": path, "line": line, "commit_id": pull.head_sha}
            return reviewing.comment_on(self._context, place, self._person(by), request)

    def review(self, pull: PullRequest, event: str, *, by: str, text: str = "Seen") -> Review:
        """A person's review of the head: `APPROVE`, `COMMENT` or `REQUEST_CHANGES`."""
        with self.state.lock:
            place = reviewing.Place(pull.repository, pull)
            return reviewing.submit(
                self._context, place, self._person(by), {"event": event, "body": text}
            )

    def edit_comment(self, pull: PullRequest, comment: IssueComment, text: str, *, by: str) -> None:
        """The comment with another text, whoever writes it: maintainers may edit others'."""
        with self.state.lock:
            before, comment.body = comment.body, text
            comment.updated_at = self.state.clock() + timedelta(seconds=1)
            account, changed = self.state.account(by), {"body": {"from": before}}
            self._context.events.issue_comment(
                pull.repository, pull, comment, "edited", by=account, changes=changed
            )

    def delete_comment(self, pull: PullRequest, comment: IssueComment) -> None:
        """The conversation without the comment."""
        with self.state.lock:
            pull.conversation.remove(comment)
            self._context.events.issue_comment(pull.repository, pull, comment, "deleted")

    def resolve_thread(self, pull: PullRequest, comment: ReviewComment, *, by: str) -> None:
        """The thread that a comment began, resolved by a person."""
        with self.state.lock:
            pull.resolved_threads[comment.thread] = self.state.account(by)

    def _person(self, login: str) -> reviewing.Author:
        return reviewing.Author(self.state.account(login))

    # Checks

    def check_run(self, pull: PullRequest, name: str = "fairlead") -> CheckRun | None:
        """The newest run of a check on the pull request's head."""
        with self.state.lock:
            return latest_run(pull.repository, pull.head_sha, RequiredCheck(name))

    def rerequest(self, pull: PullRequest, run: CheckRun, *, by: str = "octocat") -> None:
        """A person presses "Re-run" at a check run."""
        with self.state.lock:
            checking.rerequest(self._context, pull.repository, run, self.state.account(by))

    def rerequest_suite(self, pull: PullRequest, app: App, *, by: str = "octocat") -> None:
        """A person presses "Re-run all checks"."""
        with self.state.lock:
            suite = self.state.suite(pull.repository, app, pull.head_sha)
            suite.rerequested = True
            account = self.state.account(by)
            self._context.events.check_suite(pull.repository, suite, "rerequested", account)

    def request_action(
        self, pull: PullRequest, run: CheckRun, identifier: str, *, by: str = "octocat"
    ) -> None:
        """A person presses one of the check run's own buttons."""
        with self.state.lock:
            account = self.state.account(by)
            self._context.events.requested_action(pull.repository, run, identifier, account)

    # Faults and waiting

    def fail(  # noqa: PLR0913 - what a fault is made of
        self,
        path: str,
        *,
        method: str = "*",
        times: int = 1,
        status: int | None = 502,
        retry_after: int | None = None,
        delay: float = 0.0,
        lost: bool = False,
        headers: Mapping[str, str] | None = None,
        message: str | None = None,
    ) -> None:
        """The next requests whose path holds this regular expression fail.

        `lost` lets them act first, as when only the answer gets lost. With `status=None` they
        are only late, by `delay` seconds.
        """
        pattern, more = re.compile(path), dict(headers or {})
        self.faults.add(
            Fault(method, pattern, times, status, retry_after, delay, lost, more, message)
        )

    def wait_until(self, holds: Callable[[], bool], timeout: float = 60.0) -> bool:
        """Whether the condition came to hold in time; it is asked again after each request."""
        return self.exchanges.wait_until(holds, timeout)

    def wait_for_check(
        self, pull: PullRequest, name: str = "fairlead", timeout: float = 60.0
    ) -> CheckRun | None:
        """The completed run of a check on the pull request's head, or None after the time."""

        def completed() -> bool:
            run = self.check_run(pull, name)
            return run is not None and run.status == "completed"

        return self.check_run(pull, name) if self.wait_until(completed, timeout) else None
