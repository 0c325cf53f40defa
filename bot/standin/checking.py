"""Creates, changes and re-requests check runs as GitHub does, within GitHub's limits."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from bot.standin.accounts import Account, App
from bot.standin.context import Context
from bot.standin.errors import invalid
from bot.standin.repositories import Body, StandInCheckRun, StandInRepository

# https://docs.github.com/rest/checks/runs
MAXIMUM_ANNOTATIONS = 50
MAXIMUM_OUTPUT = 65_535
MAXIMUM_ACTIONS = 3
STATUSES = ("queued", "in_progress", "completed")
CONCLUSIONS = (
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "timed_out",
)
_LEVELS = ("notice", "warning", "failure")
_LIMITS = {"label": 20, "description": 40, "identifier": 20}


def create(
    context: Context, repository: StandInRepository, app: App, request: Body
) -> StandInCheckRun:
    """A new check run of the App on a commit."""
    name, head_sha = request.get("name"), request.get("head_sha")
    if not isinstance(name, str) or not name:
        raise invalid("CheckRun", "name", "name is missing", "missing_field")
    if not isinstance(head_sha, str) or repository.git.resolve(head_sha) != head_sha:
        raise invalid("CheckRun", "head_sha", f"No commit found for SHA: {head_sha}")
    _check(request)
    state = context.state
    suite = state.suite(repository, app, head_sha)
    run = StandInCheckRun(state.new_id(), suite, name, state.clock(), started_at=state.clock())
    repository.runs[run.id] = run
    _apply(context, run, request)
    context.events.check_run(repository, run, "created", app.bot)
    if run.status == "completed":
        context.events.check_run(repository, run, "completed", app.bot)
    return run


def update(
    context: Context, repository: StandInRepository, run: StandInCheckRun, request: Body
) -> None:
    """The check run as the request changes it; annotations are added to those it has."""
    _check(request)
    ended = run.status == "completed"
    _apply(context, run, request)
    if run.status == "completed" and not ended:
        context.events.check_run(repository, run, "completed", run.suite.app.bot)


def rerequest(
    context: Context, repository: StandInRepository, run: StandInCheckRun, by: Account
) -> None:
    """The App is asked to run the check again; the run itself stays as it is."""
    run.suite.rerequested = True
    context.events.check_run(repository, run, "rerequested", by)


def _check(request: Body) -> None:
    if request.get("status", "queued") not in STATUSES:
        raise invalid("CheckRun", "status", f"{request['status']} is not a status", "invalid")
    conclusion = request.get("conclusion")
    if conclusion is not None and conclusion not in CONCLUSIONS:
        raise invalid("CheckRun", "conclusion", f"{conclusion} is not a conclusion", "invalid")
    if request.get("status") == "completed" and conclusion is None:
        raise invalid("CheckRun", "conclusion", "conclusion is missing", "missing_field")
    _check_output(request.get("output"))
    _check_actions(request.get("actions") or [])


def _check_output(output: Body | None) -> None:
    if output is None:
        return
    if not output.get("summary"):
        raise invalid("CheckRun", "output.summary", "summary is missing", "missing_field")
    for field in ("summary", "text"):
        # Bytes, whatever the documentation calls them: https://github.com/github/docs/issues/35252
        if len((output.get(field) or "").encode()) > MAXIMUM_OUTPUT:
            message = f"{field} exceeds a maximum bytesize of {MAXIMUM_OUTPUT}"
            raise invalid("CheckRun", f"output.{field}", message)
    annotations = output.get("annotations") or []
    if len(annotations) > MAXIMUM_ANNOTATIONS:
        message = f"No more than {MAXIMUM_ANNOTATIONS} annotations are allowed per request"
        raise invalid("CheckRun", "output.annotations", message)
    for annotation in annotations:
        _check_annotation(annotation)


def _check_annotation(annotation: Body) -> None:
    field = "output.annotations"
    missing = {"path", "start_line", "end_line", "annotation_level", "message"} - set(annotation)
    if missing:
        raise invalid("CheckRun", field, f"{min(missing)} is missing", "missing_field")
    if annotation["annotation_level"] not in _LEVELS:
        raise invalid("CheckRun", field, "annotation_level is not known", "invalid")
    if annotation["start_line"] > annotation["end_line"] or annotation["start_line"] < 1:
        raise invalid("CheckRun", field, "start_line must not be after end_line", "invalid")
    columns = {"start_column", "end_column"} & set(annotation)
    if columns and annotation["start_line"] != annotation["end_line"]:
        raise invalid("CheckRun", field, "columns are allowed on one line only", "invalid")
    sizes = {"message": 64 * 1024, "raw_details": 64 * 1024, "title": 255}
    for key, size in sizes.items():
        if len((annotation.get(key) or "").encode()) > size:
            raise invalid("CheckRun", field, f"{key} is too long", "invalid")


def _check_actions(actions: list[Body]) -> None:
    if len(actions) > MAXIMUM_ACTIONS:
        raise invalid("CheckRun", "actions", f"No more than {MAXIMUM_ACTIONS} actions are allowed")
    for action, (field, size) in itertools.product(actions, _LIMITS.items()):
        if not 0 < len(action.get(field) or "") <= size:
            raise invalid("CheckRun", f"actions.{field}", f"{field} is missing or too long")


def _apply(context: Context, run: StandInCheckRun, request: Body) -> None:
    moment = context.state.clock()
    for field in ("name", "details_url", "external_id"):
        if field in request:
            setattr(run, field, request[field])
    if "started_at" in request:
        run.started_at = _moment(request["started_at"])
    if "status" in request:
        run.status = request["status"]
        run.suite.rerequested = False
    conclusion = request.get("conclusion")
    if conclusion is not None:
        run.status, run.conclusion = "completed", conclusion
    if run.status == "completed":
        completed_at = request.get("completed_at")
        run.completed_at = _moment(completed_at) if completed_at else run.completed_at or moment
    else:
        run.conclusion = run.completed_at = None
    if request.get("output"):
        _write(run, request["output"])
    if "actions" in request:
        run.actions = list(request["actions"])


def _write(run: StandInCheckRun, output: Body) -> None:
    run.title = output.get("title", run.title)
    run.summary = output["summary"]
    run.text = output.get("text", run.text)
    run.annotations += output.get("annotations") or []


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
