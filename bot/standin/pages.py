"""The pages for people: the repositories, their pull requests, and one pull request."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from bot.standin import changes, checking, reviewing
from bot.standin.accounts import Account
from bot.standin.calls import context, pull_request, state
from bot.standin.errors import not_accessible, not_found
from bot.standin.git import merging
from bot.standin.git.diff import DiffLine, FileDiff
from bot.standin.markdown import render
from bot.standin.repositories import (
    IssueComment,
    ReviewComment,
    StandInCheckRun,
    StandInPullRequest,
    StandInRepository,
    StandInReview,
)

pages = Blueprint("pages", __name__)
_ICONS = {
    "success": ("✓", "green"),
    "neutral": ("■", "grey"),
    "skipped": ("■", "grey"),
    "cancelled": ("■", "grey"),
    None: ("●", "amber"),
}


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment with its replies, and its place in words."""

    root: ReviewComment
    comments: list[ReviewComment]
    resolved_by: Account | None

    @property
    def place(self) -> str:
        """The line or lines, or the file."""
        line, start = self.root.original_line, self.root.original_start_line
        if line is None:
            return "on the file"
        side = "removed line" if self.root.side == "LEFT" else "line"
        return f"on {side}s {start} to {line}" if start else f"on {side} {line}"

    @property
    def outdated(self) -> bool:
        """Whether the line that it was about is no longer in the diff."""
        return self.root.original_line is not None and self.root.line is None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a diff, the hunk's header where `line` is None, and the threads below it."""

    line: DiffLine | None
    header: str
    threads: list[Thread]


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of the diff as it is drawn."""

    diff: FileDiff
    threads: list[Thread]
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A comment, or a review with its comments on outdated lines."""

    at: datetime
    id: int
    user: Account
    words: str
    body: str
    minimized: str | None
    threads: list[Thread]


@pages.get("/")
def list_repositories() -> str:
    """Every repository, and its pull requests."""
    return render_template("repositories.html", repositories=state().repositories.values())


@pages.get("/<owner>/<name>/pull/<int:number>")
def show_pull(owner: str, name: str, number: int) -> str:
    """One pull request: its conversation, what blocks its merge, and its diff."""
    repository, pull = _named(owner, name, number)
    threads = _threads(pull)
    return render_template(
        "pull.html",
        repository=repository,
        pull=pull,
        commits=len(changes.commits(pull)),
        entries=_entries(pull, [entry for entry in threads if entry.outdated]),
        files=[_file(entry, threads) for entry in _files(pull)],
        checks=_checks(pull),
        required={entry.context for entry in repository.required_checks.get(pull.base_ref, ())},
        obstacle=merging.obstacle(pull),
        markdown=render,
        stamp=_when,
        icon=_icon,
        people=sorted(
            account.login for account in state().accounts.values() if account.type == "User"
        ),
        waiting=pull.state == "open" and not _ended(pull),
    )


@pages.post("/<owner>/<name>/pull/<int:number>/merge")
def merge(owner: str, name: str, number: int) -> Answer:
    """Merges the pull request; where the merge is blocked, the page says why."""
    repository, pull = _named(owner, name, number)
    with state().lock, contextlib.suppress(merging.MergeRefused):
        merging.merge(context(), pull, _person())
    return redirect(f"/{repository.full_name}/pull/{number}")


@pages.post("/<owner>/<name>/pull/<int:number>/comment")
def comment(owner: str, name: str, number: int) -> Answer:
    """Adds a comment to the conversation, by any known person."""
    repository, pull = _named(owner, name, number)
    _person()
    person = state().accounts.get(request.form.get("login", ""))
    text = request.form.get("body", "").strip()
    if person is None or person.type != "User" or not text:
        raise not_found()
    with state().lock:
        reviewing.converse(context(), pull, reviewing.Author(person), text)
    return redirect(f"/{repository.full_name}/pull/{number}")


@pages.post("/<owner>/<name>/pull/<int:number>/rerequest/<int:run>")
def rerequest(owner: str, name: str, number: int, run: int) -> Answer:
    """Asks the check's App to run it again."""
    repository, _ = _named(owner, name, number)
    check_run = repository.runs.get(run)
    if check_run is None:
        raise not_found()
    person = _person()
    with state().lock:
        checking.rerequest(context(), repository, check_run, person)
    return redirect(f"/{repository.full_name}/pull/{number}")


def _person() -> Account:
    """The person who presses a button; requests from other sites are refused."""
    if request.headers.get("Origin") not in (None, state().url):
        raise not_accessible()
    return state().account("octocat")


def _named(owner: str, name: str, number: int) -> tuple[StandInRepository, StandInPullRequest]:
    repository = state().repository(owner, name)
    if repository is None:
        raise not_found()
    return repository, pull_request(repository, number)


def _when(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _ended(pull: StandInPullRequest) -> bool:
    """Whether every check on the head has ended, including all required ones."""
    runs = _checks(pull)
    required = {check.context for check in pull.repository.required_checks.get(pull.base_ref, ())}
    reported = {run.name for run in runs}
    return required <= reported and all(run.status == "completed" for run in runs)


def _icon(run: StandInCheckRun) -> tuple[str, str]:
    return _ICONS.get(run.conclusion, ("✗", "red"))


def _files(pull: StandInPullRequest) -> list[FileDiff]:
    return sorted(changes.files(pull), key=lambda file: file.path)


def _checks(pull: StandInPullRequest) -> list[StandInCheckRun]:
    """The newest run of each check on the head."""
    newest: dict[tuple[int, str], StandInCheckRun] = {}
    for run in sorted(pull.repository.runs.values(), key=lambda run: run.id):
        if run.suite.head_sha == pull.head_sha:
            newest[run.suite.app.id, run.name] = run
    return list(newest.values())


def _threads(pull: StandInPullRequest) -> list[Thread]:
    return [
        Thread(comments[0], comments, pull.resolved_threads.get(number))
        for number, comments in pull.threads().items()
    ]


def _entries(pull: StandInPullRequest, outdated: list[Thread]) -> list[TimelineEntry]:
    entries = [_commented(comment) for comment in pull.conversation]
    for review in pull.reviews:
        below = [thread for thread in outdated if thread.root.review_id == review.id]
        if review.body or below:
            entries.append(_reviewed(review, below))
    return sorted(entries, key=lambda entry: (entry.at, entry.id))


def _commented(comment: IssueComment) -> TimelineEntry:
    return TimelineEntry(
        comment.created_at,
        comment.id,
        comment.user,
        "commented",
        comment.body,
        comment.minimized,
        [],
    )


def _reviewed(review: StandInReview, outdated: list[Thread]) -> TimelineEntry:
    words = {"APPROVED": "approved these changes", "CHANGES_REQUESTED": "requested changes"}
    verb = words.get(review.state, "reviewed")
    return TimelineEntry(
        review.submitted_at, review.id, review.user, verb, review.body, None, outdated
    )


def _file(diff: FileDiff, threads: list[Thread]) -> FileView:
    visible = [
        thread for thread in threads if thread.root.path == diff.path and not thread.outdated
    ]
    rows: list[Row] = []
    headers = [line for line in (diff.patch or "").split("\n") if line.startswith("@@ ")]
    shown = -1
    for line in diff.lines():
        if line.hunk != shown:
            shown = line.hunk
            rows.append(Row(None, headers[shown], []))
        rows.append(
            Row(line, "", [thread for thread in visible if thread.root.position == line.position])
        )
    on_file = [thread for thread in visible if thread.root.subject_type == "file"]
    for row in rows:
        row.threads[:] = [thread for thread in row.threads if thread not in on_file]
    return FileView(diff, on_file, rows)
