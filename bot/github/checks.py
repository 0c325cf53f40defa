"""The check run: there before the work begins, and always concluded."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from bot.core.publish.operations import Annotation, ConcludeCheck
from bot.github.check_requests import post_run, update_run
from bot.github.check_runs import About, CheckRun, is_superseded, is_unfinished, newest, runs_on
from bot.github.connection import GitHubConnection
from bot.github.events import RECHECK
from bot.github.external_id import CheckEnding, ExternalId

AGAIN: Final = {
    "label": "Review again",
    "description": "Review this commit again",
    "identifier": RECHECK,
}


@dataclass(frozen=True, slots=True)
class End:
    """How a run ends; `reviewed` is what the review said where the run shows something worse.

    `quiet`: the review posted no comments, and does not replace a review that would.
    """

    shown: ConcludeCheck
    how: CheckEnding = "done"
    reviewed: str | None = None
    quiet: bool = False


def begin(connection: GitHubConnection, about: About) -> CheckRun:
    """The run in progress: the existing one, or a new one."""
    return adopt(connection, about) or _create(connection, about)


def adopt(connection: GitHubConnection, about: About) -> CheckRun | None:
    """The run that is in progress, if there is one: the newest, which is what GitHub shows.

    A run whose job died after some annotations would get them twice: it is cancelled and replaced.
    So is every run but the newest, and a run that GitHub hides behind a newer, cancelled run of
    another pull request with the same head.
    """
    runs = runs_on(connection, about.head)
    latest = newest(runs, about)
    hidden = latest and any(run.id > latest.id and is_superseded(run) for run in runs)
    usable = latest and latest.status != "completed" and not latest.annotations and not hidden
    kept = latest if usable else None
    cancel_all(connection, about, (run for run in runs if run is not kept))
    return kept


def conclude(
    connection: GitHubConnection, about: About, run: CheckRun | None, end: End
) -> CheckRun:
    """Ends the run. Without a run, one that needs few annotations is created already ended.

    Annotations are sent in as many requests as needed, the conclusion with the last. Returns the
    run as GitHub has it then.
    """
    if connection.github.doubtful:
        # GitHub may have created a run long after the request for it, above the one in use.
        connection.github.doubtful = False
        run = adopt(connection, about) or run
    batches: Sequence[Sequence[Annotation]] = end.shown.annotations or ((),)
    output = {"title": end.shown.title, "summary": end.shown.summary}
    last: dict[str, Any] = {
        "external_id": str(_ended(about, end)),
        "output": _with(output, batches[-1]),
    }
    if end.how != "judged":
        last |= {"status": "completed", "conclusion": end.shown.conclusion}
        last |= _buttons(about, end)
        if run is None and len(batches) == 1:
            return post_run(connection, about, last)
    run = run or begin(connection, about)
    sent = run.annotations
    for batch in batches[:-1]:
        sent += len(batch)
        update_run(connection, run, {"output": _with(output, batch)}, sent, "in_progress")
    status = last.get("status", "in_progress")
    return update_run(connection, run, last, sent + len(batches[-1]), status)


def show(connection: GitHubConnection, run: CheckRun, ending: ConcludeCheck) -> None:
    """Shows another end on a run that has one or waits for it; its own conclusion is kept."""
    fields: dict[str, Any] = {
        "status": "completed",
        "conclusion": ending.conclusion,
        "output": {"title": ending.title, "summary": ending.summary},
    }
    if run.about is not None:
        waiting = run.about.ending == "judged"
        fields["external_id"] = str(replace(run.about, ending="done") if waiting else run.about)
    update_run(connection, run, fields, run.annotations, "completed")


def cancel(connection: GitHubConnection, run: CheckRun, about: About) -> None:
    """Ends a run whose commit is no longer the head, or that another run replaces."""
    ended = {
        "status": "completed",
        "conclusion": "cancelled",
        "external_id": str(about.id.ended("superseded")),
        "output": {
            "title": "Superseded",
            "summary": "A newer commit or a newer run of this check is reviewed instead.",
        },
    }
    update_run(connection, run, ended, run.annotations, "completed")


def retire(connection: GitHubConnection, run: CheckRun, about: About) -> None:
    """Takes back the green of a closed pull request: its verdict is about no open proposal."""
    fields = {
        "status": "completed",
        "conclusion": "cancelled",
        "external_id": str(about.id.ended("superseded")),
        "output": {
            "title": "Closed",
            "summary": (
                f"Pull request #{about.id.number} was closed. Its findings say nothing about "
                "another pull request with this commit, which is reviewed separately."
            ),
        },
    }
    update_run(connection, run, fields, run.annotations, "completed")


def cancel_all(connection: GitHubConnection, about: About, runs: Iterable[CheckRun]) -> None:
    """Ends those of these runs that are about the same subject and unfinished.

    Two tasks of a pull request that begin at the same moment create a run each. One of the two is
    reviewed; the other must not stay in progress forever.
    """
    for run in runs:
        if is_unfinished(run, about):
            cancel(connection, run, about)


def cancel_strays(
    connection: GitHubConnection, head: str, runs: Iterable[CheckRun], here: Container[int]
) -> bool:
    """Ends the unfinished runs of pull requests that no longer have this head.

    `here` are the numbers of those that do. Returns whether there were any.
    """
    cancelled = False
    for run in runs:
        if run.about is None or run.about.subject != "pull" or run.status == "completed":
            continue
        if run.about.number not in here:
            cancel(connection, run, About(head, ExternalId("pull", run.about.number)))
            cancelled = True
    return cancelled


def greet(connection: GitHubConnection, commit: str, ending: ConcludeCheck) -> None:
    """Posts a completed run on a commit that has none, so that the check can be required."""
    about = About(commit, ExternalId("installed"))
    if not runs_on(connection, commit):
        conclude(connection, about, None, End(ending))


def _ended(about: About, end: End) -> ExternalId:
    if end.how not in {"done", "judged"}:
        return about.id.ended(end.how)
    return about.id.ended(end.how, end.reviewed or end.shown.conclusion, quiet=end.quiet)


def _buttons(about: About, end: End) -> dict[str, Any]:
    """What people can press where a pull request does not pass: see `bot.github.events`."""
    if end.shown.conclusion == "success" or about.id.subject != "pull":
        return {}
    return {"actions": [AGAIN]}


def _create(connection: GitHubConnection, about: About) -> CheckRun:
    return post_run(connection, about, {"status": "in_progress", "external_id": str(about.id)})


def _with(output: Mapping[str, str], batch: Sequence[Annotation]) -> dict[str, Any]:
    if not batch:
        return dict(output)
    return {**output, "annotations": [asdict(annotation) for annotation in batch]}
