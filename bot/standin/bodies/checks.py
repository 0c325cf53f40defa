"""Check runs, suites and annotations as GitHub shows them."""

from __future__ import annotations

from bot.standin.bodies.accounts import app, maybe, stamp
from bot.standin.bodies.repository import page_url, repository_url, short_pull, simple_commit
from bot.standin.repositories import Body, CheckSuite, StandInCheckRun, StandInRepository
from bot.standin.state import GitHubState, node_id


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


def run(state: GitHubState, repository: StandInRepository, run: StandInCheckRun) -> Body:
    """A `check-run`."""
    url = f"{repository_url(state, repository)}/check-runs/{run.id}"
    page = f"{page_url(state, repository)}/runs/{run.id}"
    return {
        "id": run.id,
        "node_id": node_id("CR", run.id),
        "head_sha": run.suite.head_sha,
        "external_id": run.external_id,
        "url": url,
        "html_url": page,
        "details_url": run.details_url or page,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": maybe(run.started_at),
        "completed_at": maybe(run.completed_at),
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": len(run.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "name": run.name,
        "check_suite": {"id": run.suite.id},
        "app": app(state, run.suite.app),
        "pull_requests": _pulls(state, repository, run.suite.head_sha),
    }


def run_in_event(
    state: GitHubState, repository: StandInRepository, check_run: StandInCheckRun
) -> Body:
    """A check run as its webhook carries it: with more of the suite."""
    return run(state, repository, check_run) | {
        "check_suite": _simple_suite(state, repository, check_run.suite)
    }


def _simple_suite(state: GitHubState, repository: StandInRepository, suite: CheckSuite) -> Body:
    status, conclusion = suite_status(repository, suite)
    return {
        "id": suite.id,
        "node_id": node_id("CS", suite.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": f"{repository_url(state, repository)}/check-suites/{suite.id}",
        "before": suite.before,
        "after": suite.head_sha,
        "pull_requests": _pulls(state, repository, suite.head_sha),
        "app": app(state, suite.app),
        "created_at": stamp(suite.created_at),
        "updated_at": stamp(state.clock()),
    }


def suite(state: GitHubState, repository: StandInRepository, suite: CheckSuite) -> Body:
    """A check suite as its webhook carries it."""
    runs = sum(run.suite is suite for run in repository.runs.values())
    simple = _simple_suite(state, repository, suite)
    return simple | {
        "rerequestable": True,
        "runs_rerequestable": True,
        "latest_check_runs_count": runs,
        "check_runs_url": f"{simple['url']}/check-runs",
        "head_commit": simple_commit(repository.git.read_commit(suite.head_sha)),
    }


def _pulls(state: GitHubState, repository: StandInRepository, head_sha: str) -> list[Body]:
    """The open pull requests of a commit; those from forks are not named, as on GitHub."""
    return [
        short_pull(state, pull)
        for pull in repository.pulls.values()
        if pull.head_sha == head_sha and pull.state == "open" and pull.head_repository is repository
    ]


def annotation(
    state: GitHubState, repository: StandInRepository, run: StandInCheckRun, annotation: Body
) -> Body:
    """A `check-annotation`."""
    path = annotation["path"]
    return {
        "path": path,
        "blob_href": f"{page_url(state, repository)}/blob/{run.suite.head_sha}/{path}",
        "start_line": annotation["start_line"],
        "start_column": annotation.get("start_column"),
        "end_line": annotation["end_line"],
        "end_column": annotation.get("end_column"),
        "annotation_level": annotation["annotation_level"],
        "title": annotation.get("title"),
        "message": annotation["message"],
        "raw_details": annotation.get("raw_details"),
    }
