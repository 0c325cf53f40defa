"""Check runs and suites."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from bot.standin import checking
from bot.standin.bodies import checks as bodies
from bot.standin.calls import author, authorised, body, calling_token, context, page, state
from bot.standin.errors import HttpRefusal, not_found
from bot.standin.repositories import StandInCheckRun, StandInRepository

checks = Blueprint("checks", __name__)
_Answer = Response | tuple[Response, int]
_RUN = "/repos/<owner>/<name>/check-runs/<int:number>"


def _run(repository: StandInRepository, number: int) -> StandInCheckRun:
    run = repository.runs.get(number)
    if run is None:
        raise not_found()
    return run


@checks.post("/repos/<owner>/<name>/check-runs")
def create_run(owner: str, name: str) -> _Answer:
    """A new check run."""
    repository = authorised(owner, name, checks="write")
    run = checking.create(context(), repository, calling_token().installation.app, body())
    return jsonify(bodies.run(state(), repository, run)), 201


@checks.get(_RUN)
def get_run(owner: str, name: str, number: int) -> Response:
    """One check run."""
    repository = authorised(owner, name, checks="read")
    return jsonify(bodies.run(state(), repository, _run(repository, number)))


@checks.patch(_RUN)
def update_run(owner: str, name: str, number: int) -> Response:
    """The check run, changed; only its own App may."""
    repository = authorised(owner, name, checks="write")
    run = _run(repository, number)
    app = calling_token().installation.app
    if run.suite.app is not app:
        message = f"Invalid app_id `{app.id}` - check run can only be modified by its GitHub App"
        raise HttpRefusal(403, message)
    checking.update(context(), repository, run, body())
    return jsonify(bodies.run(state(), repository, run))


@checks.get(f"{_RUN}/annotations")
def list_annotations(owner: str, name: str, number: int) -> Response:
    """All annotations of a run, in the order in which they were added."""
    repository = authorised(owner, name, checks="read")
    run = _run(repository, number)
    return page(
        run.annotations, lambda annotation: bodies.annotation(state(), repository, run, annotation)
    )


@checks.post(f"{_RUN}/rerequest")
def rerequest_run(owner: str, name: str, number: int) -> _Answer:
    """The run's App is asked to run it again."""
    repository = authorised(owner, name, checks="write")
    checking.rerequest(context(), repository, _run(repository, number), author().account)
    return jsonify({}), 201


@checks.get("/repos/<owner>/<name>/commits/<path:ref>/check-runs")
def list_runs(owner: str, name: str, ref: str) -> Response:
    """The runs on a commit, newest first; of each name the latest, unless all are asked for."""
    repository = authorised(owner, name, checks="read")
    sha = repository.git.resolve(ref)
    if sha is None:
        raise HttpRefusal(422, f"No commit found for SHA: {ref}")
    arguments = request.args
    number = arguments.get("app_id", type=int)
    runs: list[StandInCheckRun] = []
    for run in sorted(repository.runs.values(), key=lambda run: -run.id):
        if run.suite.head_sha != sha or number not in (None, run.suite.app.id):
            continue
        if arguments.get("check_name", run.name) != run.name:
            continue
        if arguments.get("status", run.status) != run.status:
            continue
        again = any(run.name == each.name and run.suite is each.suite for each in runs)
        if arguments.get("filter", "latest") == "all" or not again:
            runs.append(run)
    return page(runs, lambda run: bodies.run(state(), repository, run), "check_runs")
