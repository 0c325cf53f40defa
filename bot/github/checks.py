"""The check run: there before the work begins, and always concluded."""

from __future__ import annotations

import re
import time
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from bot.core.publish.plan import Annotation, ConcludeCheck
from bot.errors import GitHubAnswerError, GitHubError
from bot.github.auth import GitHubConnection
from bot.github.errors import created, translated
from bot.github.events import EXTERNAL_ID, RECHECK
from bot.github.pulls import PullRequest
from bot.github.tasks import GroupJob, PushJob
from bot.github.webhook import NAME

Ending = Literal["done", "judged", "failed", "superseded"]
"""How a run ended; one that is "judged" waits for another pull request of its commit."""

AGAIN: Final = {
    "label": "Review again",
    "description": "Judge this commit as things are now",
    "identifier": RECHECK,
}

_TRIES: Final = 3
_SAID: Final = re.compile(r":(?:done|judged):([a-z_]{1,20})(?::quiet)?$")


@dataclass(frozen=True, slots=True)
class About:
    """What a run is about: a commit, for whom (`scope`), and compared with what (`mark`).

    `scope` and `mark` are beginnings of the run's external id, which maps it back.
    """

    head: str
    scope: str
    mark: str


@dataclass(frozen=True, slots=True)
class End:
    """How a run ends; `own` is what the review said where the run shows something worse.

    `quiet`: the review posted no comment, and does not stand for one that would.
    """

    shown: ConcludeCheck
    how: Ending = "done"
    own: str | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check run of ours on a commit. `noted`: how many annotations it holds."""

    id: int
    status: str
    external_id: str
    noted: int
    conclusion: str | None = None
    title: str = ""
    summary: str = ""


def about_pull(pull: PullRequest) -> About:
    """The run of a pull request's head."""
    scope = f"v1:{pull.number}:"
    return About(pull.head, scope, f"{scope}{pull.comparison}")


def about_group(job: GroupJob) -> About:
    """The run of a merge queue's combination."""
    scope = f"v1:queue:{job.number}:"
    return About(job.head, scope, f"{scope}{job.base}")


def about_push(job: PushJob) -> About:
    """The run of a commit that was pushed to the default branch."""
    return About(job.after, "v1:push:", f"v1:push:{job.before}")


def runs_on(connection: GitHubConnection, commit: str) -> tuple[CheckRun, ...]:
    """Our runs on a commit, newest first."""
    with translated():
        answer = connection.github.requester.requestJsonAndCheck(
            "GET",
            f"/repos/{connection.full_name}/commits/{commit}/check-runs",
            parameters={
                "check_name": NAME,
                "app_id": connection.identity.id,
                "filter": "all",
                "per_page": 100,
            },
        )[1]
    runs = (_run(raw) for raw in answer["check_runs"])
    return tuple(sorted(runs, key=lambda run: run.id, reverse=True))


def runs_on_any(connection: GitHubConnection, commit: str) -> tuple[CheckRun, ...]:
    """The same of a commit that may be unknown there."""
    try:
        return runs_on(connection, commit)
    except GitHubAnswerError as error:
        if error.status in {404, 422}:
            return ()
        raise


def newest(runs: Iterable[CheckRun], about: About) -> CheckRun | None:
    """The newest of these runs that is for the same."""
    return next((run for run in runs if run.external_id.startswith(about.scope)), None)


def reviewed(connection: GitHubConnection, about: About, *, quiet: bool = True) -> bool:
    """Whether this commit was reviewed to the end against this base already.

    Without `quiet`, a review that posted no comment is none.
    """
    return is_reviewed(newest(runs_on(connection, about.head), about), about, quiet=quiet)


def is_reviewed(run: CheckRun | None, about: About, *, quiet: bool = True) -> bool:
    """The same of a run that is known already."""
    if run is None or run.status != "completed" or not _is(run, about, "done"):
        return False
    return quiet or not run.external_id.endswith(":quiet")


def is_unfinished(run: CheckRun, about: About) -> bool:
    """Whether a run is for the same and has not ended."""
    return run.status != "completed" and run.external_id.startswith(about.scope)


def own_conclusion(runs: Iterable[CheckRun], about: About) -> str | None:
    """What the review itself said, whatever the run shows; None where it is not known yet."""
    run = newest(runs, about)
    if run is None:
        return None
    if run.status == "completed" and _is(run, about, "failed"):
        return "failure"
    said = _SAID.search(run.external_id) if run.external_id.startswith(f"{about.mark}:") else None
    return said[1] if said else None


def begin(connection: GitHubConnection, about: About) -> CheckRun:
    """The run in progress: the one there is, or a new one."""
    return adopt(connection, about) or _create(connection, about)


def adopt(connection: GitHubConnection, about: About) -> CheckRun | None:
    """The run that is in progress, if there is one: the newest, which is what GitHub shows.

    A run that got some of its annotations before its job died would get them twice: it is
    cancelled, and a new one takes its place. So is every one but the newest, and one above which
    GitHub shows the cancelled run of a pull request that had this head, too.
    """
    runs = runs_on(connection, about.head)
    latest = newest(runs, about)
    hidden = latest and any(run.id > latest.id and _is_superseded(run) for run in runs)
    usable = latest and latest.status != "completed" and not latest.noted and not hidden
    kept = latest if usable else None
    cancel_all(connection, about, (run for run in runs if run is not kept))
    return kept


def conclude(connection: GitHubConnection, about: About, run: CheckRun | None, end: End) -> None:
    """Ends the run; without one, a small end is a single request that also makes it.

    Annotations go in as many requests as needed, the conclusion with the last.
    """
    if connection.github.doubtful:
        # GitHub may have made a run long after it was asked, above the one that it was asked next.
        connection.github.doubtful = False
        run = adopt(connection, about) or run
    batches: Sequence[Sequence[Annotation]] = end.shown.annotations or ((),)
    output = {"title": end.shown.title, "summary": end.shown.summary}
    last: dict[str, Any] = {
        "external_id": _external(about, end),
        "output": _with(output, batches[-1]),
    }
    if end.how != "judged":
        last |= {"status": "completed", "conclusion": end.shown.conclusion}
        last |= _buttons(about, end)
        if run is None and len(batches) == 1:
            _post(connection, about, last)
            return
    run = run or begin(connection, about)
    sent = run.noted
    for batch in batches[:-1]:
        sent += len(batch)
        _update(connection, run, {"output": _with(output, batch)}, sent, "in_progress")
    _update(connection, run, last, sent + len(batches[-1]), last.get("status", "in_progress"))


def show(connection: GitHubConnection, run: CheckRun, ending: ConcludeCheck) -> None:
    """Another end for a run that has one, or waits for it; what its review said is kept."""
    change = {
        "status": "completed",
        "conclusion": ending.conclusion,
        "external_id": run.external_id.replace(":judged:", ":done:"),
        "output": {"title": ending.title, "summary": ending.summary},
    }
    _update(connection, run, change, run.noted, "completed")


def cancel(connection: GitHubConnection, run: CheckRun, about: About) -> None:
    """Ends a run whose commit is no longer the head, or whose place another run takes."""
    ended = {
        "status": "completed",
        "conclusion": "cancelled",
        "external_id": f"{about.mark}:superseded",
        "output": {
            "title": "Superseded",
            "summary": "A newer commit or a newer run of this check is reviewed instead.",
        },
    }
    _update(connection, run, ended, run.noted, "completed")


def cancel_all(connection: GitHubConnection, about: About, runs: Iterable[CheckRun]) -> None:
    """Ends those of these runs that are for the same and unfinished.

    Two tasks of a pull request that begin in the same moment make a run each. One of the two is
    reviewed; the other must not stay in progress for ever.
    """
    for run in runs:
        if is_unfinished(run, about):
            cancel(connection, run, about)


def cancel_strays(
    connection: GitHubConnection, head: str, runs: Iterable[CheckRun], here: Container[int]
) -> bool:
    """Ends what is unfinished for pull requests that have this head no more; whether any was."""
    found = False
    for run in runs:
        known = EXTERNAL_ID.match(run.external_id)
        if known and run.status != "completed" and int(known[1]) not in here:
            cancel(connection, run, About(head, known[0], known[0]))
            found = True
    return found


def greet(connection: GitHubConnection, commit: str, ending: ConcludeCheck) -> None:
    """A completed run on a commit that has none of ours: then the check can be required."""
    about = About(commit, "v1:installed", "v1:installed")
    if not runs_on(connection, commit):
        conclude(connection, about, None, End(ending))


def _external(about: About, end: End) -> str:
    said = f":{end.own or end.shown.conclusion}" if end.how in {"done", "judged"} else ""
    return f"{about.mark}:{end.how}{said}{':quiet' if said and end.quiet else ''}"


def _buttons(about: About, end: End) -> dict[str, Any]:
    """What people can press where a pull request does not pass; `bot.github.events` hears of it."""
    if end.shown.conclusion == "success" or not EXTERNAL_ID.match(about.scope):
        return {}
    return {"actions": [AGAIN]}


def _is_superseded(run: CheckRun) -> bool:
    return run.external_id.endswith(":superseded")


def _is(run: CheckRun, about: About, how: Ending) -> bool:
    return run.external_id.startswith(f"{about.mark}:{how}")


def _create(connection: GitHubConnection, about: About) -> CheckRun:
    return _post(connection, about, {"status": "in_progress", "external_id": about.mark})


def _post(connection: GitHubConnection, about: About, fields: dict[str, Any]) -> CheckRun:
    """A new run, made once: a POST whose answer got lost may have worked."""
    wanted = (fields["status"], fields["external_id"])

    def find() -> CheckRun | None:
        connection.github.doubtful = True
        # An older one may say the same, but GitHub shows the newest.
        held = newest(runs_on(connection, about.head), about)
        return held if held and (held.status, held.external_id) == wanted else None

    def make() -> CheckRun:
        path = f"/repos/{connection.full_name}/check-runs"
        given = {"name": NAME, "head_sha": about.head, **fields}
        return _run(connection.github.requester.requestJsonAndCheck("POST", path, input=given)[1])

    return created(find, make)


def _update(
    connection: GitHubConnection, run: CheckRun, change: dict[str, Any], noted: int, status: str
) -> None:
    """One PATCH, repeated where it failed passingly and did not work after all.

    Annotations are added to those that are there: to repeat blindly would double them.
    """
    path = f"/repos/{connection.full_name}/check-runs/{run.id}"
    requester = connection.github.requester
    for attempt in range(1, _TRIES + 1):
        try:
            with translated():
                requester.requestJsonAndCheck("PATCH", path, input=change)
        except GitHubError as error:
            if attempt == _TRIES or not error.retryable or error.retry_after is not None:
                raise
        else:
            return
        time.sleep(0.3 * attempt)
        with translated():
            now = _run(requester.requestJsonAndCheck("GET", path)[1])
        wanted = change.get("external_id", now.external_id)
        if (now.noted, now.status, now.external_id) == (noted, status, wanted):
            return


def _with(output: Mapping[str, str], batch: Sequence[Annotation]) -> dict[str, Any]:
    if not batch:
        return dict(output)
    return {**output, "annotations": [asdict(annotation) for annotation in batch]}


def _run(raw: Mapping[str, Any]) -> CheckRun:
    # After a rename, a POST gets a redirect that PyGithub takes for an empty answer.
    if not isinstance(raw.get("id"), int):
        raise GitHubError("GitHub did not create the check run; was the repository renamed?")
    output = raw.get("output") or {}
    return CheckRun(
        id=raw["id"],
        status=raw["status"],
        external_id=raw.get("external_id") or "",
        noted=output.get("annotations_count") or 0,
        conclusion=raw.get("conclusion"),
        title=output.get("title") or "",
        summary=output.get("summary") or "",
    )
