"""Check runs, suites and annotations as GitHub shows them."""

from __future__ import annotations

from bot.standin.bodies.accounts import app, maybe, stamp
from bot.standin.bodies.repository import page_url, repository_url, short_pull, simple_commit
from bot.standin.state import (
    Body,
    CheckSuite,
    GitHubState,
    StandInCheckRun,
    StandInRepository,
    node_id,
)


def suite_status(repository: StandInRepository, suite: CheckSuite) -> tuple[str, str | None]:
    """A suite's status and conclusion: the worst of its runs, as far as they have ended."""
    runs = [run for run in repository.runs.values() if run.suite is suite]
    if suite.rerequested or not runs:
        return "queued", None
    if any(run.status != "completed" for run in runs):
        return "in_progress", None
    order = (
        "failure",
        "timed_out",
        "action_required",
        "cancelled",
        "success",
        "neutral",
        "skipped",
    )
    return "completed", min((run.conclusion or "" for run in runs), key=order.index)


def run(state: GitHubState, repository: StandInRepository, one: StandInCheckRun) -> Body:
    """A `check-run`."""
    url = f"{repository_url(state, repository)}/check-runs/{one.id}"
    page = f"{page_url(state, repository)}/runs/{one.id}"
    return {
        "id": one.id,
        "node_id": node_id("CR", one.id),
        "head_sha": one.suite.head_sha,
        "external_id": one.external_id,
        "url": url,
        "html_url": page,
        "details_url": one.details_url or page,
        "status": one.status,
        "conclusion": one.conclusion,
        "started_at": maybe(one.started_at),
        "completed_at": maybe(one.completed_at),
        "output": {
            "title": one.title,
            "summary": one.summary,
            "text": one.text,
            "annotations_count": len(one.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "name": one.name,
        "check_suite": {"id": one.suite.id},
        "app": app(state, one.suite.app),
        "pull_requests": _pulls(state, repository, one.suite.head_sha),
    }


def run_in_event(state: GitHubState, repository: StandInRepository, one: StandInCheckRun) -> Body:
    """A check run as its webhook carries it: with more of the suite."""
    return run(state, repository, one) | {
        "check_suite": _simple_suite(state, repository, one.suite)
    }


def _simple_suite(state: GitHubState, repository: StandInRepository, one: CheckSuite) -> Body:
    status, conclusion = suite_status(repository, one)
    return {
        "id": one.id,
        "node_id": node_id("CS", one.id),
        "head_branch": one.head_branch,
        "head_sha": one.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": f"{repository_url(state, repository)}/check-suites/{one.id}",
        "before": one.before,
        "after": one.head_sha,
        "pull_requests": _pulls(state, repository, one.head_sha),
        "app": app(state, one.app),
        "created_at": stamp(one.created_at),
        "updated_at": stamp(state.clock()),
    }


def suite(state: GitHubState, repository: StandInRepository, one: CheckSuite) -> Body:
    """A check suite as its webhook carries it."""
    runs = sum(run.suite is one for run in repository.runs.values())
    simple = _simple_suite(state, repository, one)
    return simple | {
        "rerequestable": True,
        "runs_rerequestable": True,
        "latest_check_runs_count": runs,
        "check_runs_url": f"{simple['url']}/check-runs",
        "head_commit": simple_commit(repository.git.read_commit(one.head_sha)),
    }


def _pulls(state: GitHubState, repository: StandInRepository, head_sha: str) -> list[Body]:
    """The open pull requests of a commit; those from forks are not named, as on GitHub."""
    return [
        short_pull(state, pull, repository)
        for pull in repository.pulls.values()
        if pull.head_sha == head_sha and pull.state == "open" and pull.head_repository is repository
    ]


def annotation(
    state: GitHubState, repository: StandInRepository, one: StandInCheckRun, given: Body
) -> Body:
    """A `check-annotation`."""
    path = given["path"]
    return {
        "path": path,
        "blob_href": f"{page_url(state, repository)}/blob/{one.suite.head_sha}/{path}",
        "start_line": given["start_line"],
        "start_column": given.get("start_column"),
        "end_line": given["end_line"],
        "end_column": given.get("end_column"),
        "annotation_level": given["annotation_level"],
        "title": given.get("title"),
        "message": given["message"],
        "raw_details": given.get("raw_details"),
    }
