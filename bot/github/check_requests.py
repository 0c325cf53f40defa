"""Creates and changes a check run on GitHub, each exactly once."""

from __future__ import annotations

from typing import Any

from bot.github.api import change, read, send
from bot.github.check_runs import About, CheckRun, check_run, newest, runs_on
from bot.github.connection import GitHubConnection
from bot.github.webhook import NAME


def _details(connection: GitHubConnection, about: About) -> dict[str, str]:
    """Where "Details" of the check leads: the page of the review, else the service's first page."""
    page = connection.page(about.id.number, about.head) if about.id.subject == "pull" else None
    url = page or connection.site
    return {"details_url": url} if url else {}


def post_run(connection: GitHubConnection, about: About, fields: dict[str, Any]) -> CheckRun:
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
        return check_run(send(connection.github.requester, "POST", path, body))

    return change(post, posted)


def update_run(
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
        current = check_run(read(requester, path))
        identity = fields.get("external_id", str(current.about))
        state = (current.annotations, current.status, str(current.about))
        return current if state == (annotations, status, identity) else None

    def update() -> CheckRun:
        return check_run(send(requester, "PATCH", path, fields))

    return change(update, updated)
