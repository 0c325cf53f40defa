"""The check run: there before the work begins, and always concluded."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from bot.core.plan import Annotation, ConcludeCheck
from bot.errors import GitHubError
from bot.github.answers import created, translated
from bot.github.auth import Connection
from bot.github.pulls import PullRequest

NAME: Final = "fairlead"

Ending = Literal["done", "failed", "superseded"]

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check run of ours on a head commit. `noted`: how many annotations it holds."""

    id: int
    status: str
    external_id: str
    noted: int


def external_id(pull: PullRequest, ending: Ending | None = None) -> str:
    """What maps a run back to its pull request, and says what it was about and how it ended."""
    return f"v1:{pull.number}:{pull.base_sha[:16]}" + (f":{ending}" if ending else "")


def reviewed(connection: Connection, pull: PullRequest) -> bool:
    """Whether this head was reviewed to the end against this base already."""
    runs = _runs(connection, pull)
    return bool(runs) and (runs[0].status, runs[0].external_id) == (
        "completed",
        external_id(pull, "done"),
    )


def begin(connection: Connection, pull: PullRequest) -> CheckRun:
    """The run in progress on the pull request's head: the one there is, or a new one.

    A run that got some of its annotations before its job died would get them twice: it is
    cancelled, and a new one takes its place.
    """
    mine = [run for run in _runs(connection, pull) if _unfinished(run, pull)]
    for run in mine:
        if run.noted:
            cancel(connection, run, pull)
    kept = [run for run in mine if not run.noted]
    return kept[0] if kept else _create(connection, pull)


def conclude(
    connection: Connection,
    run: CheckRun,
    ending: ConcludeCheck,
    mark: str,
) -> None:
    """Ends the run. Annotations go in as many requests as needed, the conclusion with the last."""
    batches: Sequence[Sequence[Annotation]] = ending.annotations or ((),)
    output = {"title": ending.title, "summary": ending.summary}
    sent = run.noted
    for batch in batches[:-1]:
        sent += len(batch)
        _update(connection, run, {"output": _with(output, batch)}, sent, "in_progress")
    last = {
        "status": "completed",
        "conclusion": ending.conclusion,
        "external_id": mark,
        "output": _with(output, batches[-1]),
    }
    _update(connection, run, last, sent + len(batches[-1]), "completed")


def cancel(connection: Connection, run: CheckRun, pull: PullRequest) -> None:
    """Ends a run whose commit is no longer the head, or whose place another run takes."""
    ended = {
        "status": "completed",
        "conclusion": "cancelled",
        "external_id": external_id(pull, "superseded"),
        "output": {
            "title": "Superseded",
            "summary": "A newer commit or a newer run of this check is reviewed instead.",
        },
    }
    _update(connection, run, ended, run.noted, "completed")


def _unfinished(run: CheckRun, pull: PullRequest) -> bool:
    return run.status != "completed" and run.external_id.startswith(f"v1:{pull.number}:")


def _create(connection: Connection, pull: PullRequest) -> CheckRun:
    mark = external_id(pull)

    def find() -> CheckRun | None:
        held = [run for run in _runs(connection, pull) if run.external_id == mark]
        return next((run for run in held if run.status != "completed"), None)

    def make() -> CheckRun:
        raw = connection.repository.create_check_run(
            NAME, pull.head, status="in_progress", external_id=mark
        ).raw_data
        return _run(raw)

    return created(find, make)


def _runs(connection: Connection, pull: PullRequest) -> tuple[CheckRun, ...]:
    """Our runs on the head, newest first."""
    with translated():
        answer = connection.github.requester.requestJsonAndCheck(
            "GET",
            f"/repos/{connection.full_name}/commits/{pull.head}/check-runs",
            parameters={
                "check_name": NAME,
                "app_id": connection.identity.id,
                "filter": "all",
                "per_page": 100,
            },
        )[1]
    runs = (_run(raw) for raw in answer["check_runs"])
    return tuple(sorted(runs, key=lambda run: run.id, reverse=True))


def _update(
    connection: Connection, run: CheckRun, change: dict[str, Any], noted: int, status: str
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
        if (now.noted, now.status) == (noted, status):
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
    )
