"""The pages that people look at: the repositories, their pull requests, and one of these whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template

from bot.standin import changes, merging
from bot.standin.bodies.accounts import stamp
from bot.standin.calls import pull_request, state
from bot.standin.diff import DiffLine, FileDiff
from bot.standin.errors import not_found
from bot.standin.markdown import render
from bot.standin.state import (
    Account,
    CheckRun,
    IssueComment,
    PullRequest,
    Repository,
    Review,
    ReviewComment,
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
    """A comment and the answers to it, with where it stands in words."""

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
class Entry:
    """Something that was said: a comment, or a review with what it says of outdated lines."""

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
    """One pull request: what was said, what keeps it from being merged, and its diff."""
    repository = state().repository(owner, name)
    if repository is None:
        raise not_found()
    pull = pull_request(repository, number)
    threads = _threads(pull)
    return render_template(
        "pull.html",
        repository=repository,
        pull=pull,
        commits=len(changes.commits(repository, pull)),
        entries=_entries(pull, [one for one in threads if one.outdated]),
        files=[_file(one, threads) for one in _files(repository, pull)],
        checks=_checks(repository, pull),
        required={one.context for one in repository.required_checks.get(pull.base_ref, ())},
        obstacle=merging.obstacle(repository, pull),
        markdown=render,
        stamp=stamp,
        icon=_icon,
    )


def _icon(run: CheckRun) -> tuple[str, str]:
    return _ICONS.get(run.conclusion, ("✗", "red"))


def _files(repository: Repository, pull: PullRequest) -> list[FileDiff]:
    return sorted(changes.files(repository, pull), key=lambda file: file.path)


def _checks(repository: Repository, pull: PullRequest) -> list[CheckRun]:
    """The newest run of each check on the head."""
    newest: dict[tuple[int, str], CheckRun] = {}
    for run in sorted(repository.runs.values(), key=lambda run: run.id):
        if run.suite.head_sha == pull.head_sha:
            newest[run.suite.app.id, run.name] = run
    return list(newest.values())


def _threads(pull: PullRequest) -> list[Thread]:
    roots = [one for one in pull.comments if one.in_reply_to is None]
    return [
        Thread(
            root,
            [one for one in pull.comments if root.id in (one.id, one.in_reply_to)],
            pull.resolved_threads.get(root.id),
        )
        for root in roots
    ]


def _entries(pull: PullRequest, outdated: list[Thread]) -> list[Entry]:
    said = [_commented(one) for one in pull.conversation]
    for review in pull.reviews:
        own = [thread for thread in outdated if thread.root.review_id == review.id]
        if review.body or own:
            said.append(_reviewed(review, own))
    return sorted(said, key=lambda entry: (entry.at, entry.id))


def _commented(one: IssueComment) -> Entry:
    return Entry(one.created_at, one.id, one.user, "commented", one.body, one.minimized, [])


def _reviewed(one: Review, outdated: list[Thread]) -> Entry:
    words = {"APPROVED": "approved these changes", "CHANGES_REQUESTED": "requested changes"}
    said = words.get(one.state, "reviewed")
    return Entry(one.submitted_at, one.id, one.user, said, one.body, None, outdated)


def _file(diff: FileDiff, threads: list[Thread]) -> FileView:
    here = [one for one in threads if one.root.path == diff.path and not one.outdated]
    rows: list[Row] = []
    headers = [line for line in (diff.patch or "").split("\n") if line.startswith("@@ ")]
    shown = -1
    for line in diff.lines():
        if line.hunk != shown:
            shown = line.hunk
            rows.append(Row(None, headers[shown], []))
        rows.append(Row(line, "", [one for one in here if one.root.position == line.position]))
    on_file = [one for one in here if one.root.subject_type == "file"]
    for row in rows:
        row.threads[:] = [one for one in row.threads if one not in on_file]
    return FileView(diff, on_file, rows)
