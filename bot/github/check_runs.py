"""The check runs of this App on a commit, and what each says of its subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import GitHubAnswerError, GitHubError
from bot.github.api import read
from bot.github.connection import GitHubConnection
from bot.github.external_id import ExternalId
from bot.github.pulls import PullRequest
from bot.github.tasks import GroupJob, PushJob
from bot.github.webhook import NAME


@dataclass(frozen=True, slots=True)
class About:
    """What a run is about: a commit, and the external id that the run has while under way."""

    head: str
    id: ExternalId


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
    runs = (check_run(raw) for raw in answer["check_runs"])
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


def _same_subject(run: CheckRun, about: About) -> bool:
    return run.about is not None and run.about.same_subject(about.id)


def check_run(raw: Mapping[str, Any]) -> CheckRun:
    """The run in an answer of GitHub. Raises GitHubError where there is none."""
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
