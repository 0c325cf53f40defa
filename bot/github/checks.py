"""The check run: there before the work begins, and always concluded."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from bot.core.publish.plan import Annotation, ConcludeCheck
from bot.errors import GitHubAnswerError, GitHubError
from bot.github.api import change, read, send
from bot.github.auth import GitHubConnection
from bot.github.events import RECHECK
from bot.github.external_id import CheckEnding, ExternalId
from bot.github.pulls import PullRequest
from bot.github.tasks import GroupJob, PushJob
from bot.github.webhook import NAME

AGAIN: Final = {
    "label": "Review again",
    "description": "Judge this commit as things are now",
    "identifier": RECHECK,
}


@dataclass(frozen=True, slots=True)
class About:
    """What a run is about: a commit, and the external id that the run has while under way."""

    head: str
    id: ExternalId


@dataclass(frozen=True, slots=True)
class End:
    """How a run ends; `reviewed` is what the review said where the run shows something worse.

    `quiet`: the review posted no comments, and does not replace a review that would.
    """

    shown: ConcludeCheck
    how: CheckEnding = "done"
    reviewed: str | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check run of this App on a commit.

    `about` is its external id, None where Fairlead did not write it. `annotations` is how many
    annotations it has, `completed_at` when it ended by GitHub's clock.
    """

    id: int
    status: str
    about: ExternalId | None
    annotations: int
    conclusion: str | None = None
    title: str = ""
    summary: str = ""
    completed_at: str = ""


def about_pull(pull: PullRequest) -> About:
    """The run of a pull request's head."""
    return About(pull.head, ExternalId("pull", pull.number, pull.comparison))


def about_group(job: GroupJob) -> About:
    """The run of a merge queue's combination."""
    return About(job.head, ExternalId("queue", job.number, job.base))


def about_push(job: PushJob) -> About:
    """The run of a commit that was pushed to the default branch."""
    return About(job.after, ExternalId("push", compared=job.before))


def runs_on(connection: GitHubConnection, commit: str) -> tuple[CheckRun, ...]:
    """This App's runs on a commit, newest first."""
    answer = read(
        connection.github.requester,
        f"/repos/{connection.full_name}/commits/{commit}/check-runs",
        check_name=NAME,
        app_id=connection.identity.id,
        filter="all",
        per_page=100,
    )
    runs = (_run(raw) for raw in answer["check_runs"])
    return tuple(sorted(runs, key=lambda run: run.id, reverse=True))


def runs_on_any(connection: GitHubConnection, commit: str) -> tuple[CheckRun, ...]:
    """This App's runs on a commit that GitHub may not know, newest first."""
    try:
        return runs_on(connection, commit)
    except GitHubAnswerError as error:
        if error.status in {404, 422}:
            return ()
        raise


def newest(runs: Iterable[CheckRun], about: About) -> CheckRun | None:
    """The newest of these runs that is about the same subject."""
    return next((run for run in runs if _same_subject(run, about)), None)


def reviewed(connection: GitHubConnection, about: About, *, quiet: bool = True) -> bool:
    """Whether this commit was already reviewed to the end against this base.

    Without `quiet`, a review that posted no comments does not count.
    """
    return is_reviewed(newest(runs_on(connection, about.head), about), about, quiet=quiet)


def is_reviewed(run: CheckRun | None, about: About, *, quiet: bool = True) -> bool:
    """Whether this run is a finished review of the commit against this base."""
    if run is None or run.about is None or run.status != "completed":
        return False
    done = run.about.same_comparison(about.id) and run.about.ending == "done"
    return done and (quiet or not run.about.quiet)


def is_unfinished(run: CheckRun, about: About) -> bool:
    """Whether a run is about the same subject and has not ended."""
    return run.status != "completed" and _same_subject(run, about)


def is_superseded(run: CheckRun) -> bool:
    """Whether another run took the place of this one."""
    return run.about is not None and run.about.ending == "superseded"


def own_conclusion(runs: Iterable[CheckRun], about: About) -> str | None:
    """What the review itself concluded, whatever the run shows; None where it has not yet."""
    run = newest(runs, about)
    if run is None or run.about is None or not run.about.same_comparison(about.id):
        return None
    if run.about.ending == "failed":
        return "failure" if run.status == "completed" else None
    return (run.about.conclusion or None) if run.about.ending in {"done", "judged"} else None


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
            return _post(connection, about, last)
    run = run or begin(connection, about)
    sent = run.annotations
    for batch in batches[:-1]:
        sent += len(batch)
        _update(connection, run, {"output": _with(output, batch)}, sent, "in_progress")
    status = last.get("status", "in_progress")
    return _update(connection, run, last, sent + len(batches[-1]), status)


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
    _update(connection, run, fields, run.annotations, "completed")


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
    _update(connection, run, ended, run.annotations, "completed")


def retire(connection: GitHubConnection, run: CheckRun, about: About) -> None:
    """Takes back the green of a closed pull request: its verdict is about no open proposal."""
    fields = {
        "status": "completed",
        "conclusion": "cancelled",
        "external_id": str(about.id.ended("superseded")),
        "output": {
            "title": "Closed",
            "summary": (
                f"Pull request #{about.id.number} was closed. What was found about it says nothing "
                "about another pull request of this commit, which is reviewed by itself."
            ),
        },
    }
    _update(connection, run, fields, run.annotations, "completed")


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


def _same_subject(run: CheckRun, about: About) -> bool:
    return run.about is not None and run.about.same_subject(about.id)


def _create(connection: GitHubConnection, about: About) -> CheckRun:
    return _post(connection, about, {"status": "in_progress", "external_id": str(about.id)})


def _details(connection: GitHubConnection, about: About) -> dict[str, str]:
    """Where "Details" of the check leads: the page of the review, else the service's first page."""
    page = connection.page(about.id.number, about.head) if about.id.subject == "pull" else None
    url = page or connection.site
    return {"details_url": url} if url else {}


def _post(connection: GitHubConnection, about: About, fields: dict[str, Any]) -> CheckRun:
    """A new run, created exactly once."""
    wanted_state = (fields["status"], fields["external_id"])

    def posted() -> CheckRun | None:
        connection.github.doubtful = True
        # An older run may say the same, but GitHub shows the newest.
        run = newest(runs_on(connection, about.head), about)
        return run if run and (run.status, str(run.about)) == wanted_state else None

    def post() -> CheckRun:
        path = f"/repos/{connection.full_name}/check-runs"
        body = {"name": NAME, "head_sha": about.head, **_details(connection, about), **fields}
        return _run(send(connection.github.requester, "POST", path, body))

    return change(post, posted)


def _update(
    connection: GitHubConnection,
    run: CheckRun,
    fields: dict[str, Any],
    annotations: int,
    status: str,
) -> CheckRun:
    """Changes a run exactly once: sending annotations again would double them.

    `annotations` and `status` are what the run has once the change worked.
    """
    path = f"/repos/{connection.full_name}/check-runs/{run.id}"
    requester = connection.github.requester

    def updated() -> CheckRun | None:
        current = _run(read(requester, path))
        identity = fields.get("external_id", str(current.about))
        state = (current.annotations, current.status, str(current.about))
        return current if state == (annotations, status, identity) else None

    def update() -> CheckRun:
        return _run(send(requester, "PATCH", path, fields))

    return change(update, updated)


def _with(output: Mapping[str, str], batch: Sequence[Annotation]) -> dict[str, Any]:
    if not batch:
        return dict(output)
    return {**output, "annotations": [asdict(annotation) for annotation in batch]}


def _run(raw: Mapping[str, Any]) -> CheckRun:
    # After a rename, GitHub answers a POST with a redirect that PyGithub reads as empty.
    if not isinstance(raw.get("id"), int):
        raise GitHubError("GitHub did not create the check run; was the repository renamed?")
    output = raw.get("output") or {}
    return CheckRun(
        id=raw["id"],
        status=raw["status"],
        about=ExternalId.parse(raw.get("external_id") or ""),
        annotations=output.get("annotations_count") or 0,
        conclusion=raw.get("conclusion"),
        title=output.get("title") or "",
        summary=output.get("summary") or "",
        completed_at=raw.get("completed_at") or "",
    )
