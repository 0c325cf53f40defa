"""The one story: from a pull request to be reviewed to its published review."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot.core.decide import Conclusion
from bot.core.plan import ConcludeCheck, Operation, PostFileComment, PostReview, plan
from bot.core.report import failed, invalid_policy
from bot.errors import PolicyError
from bot.github import checks
from bot.github.auth import Connection
from bot.github.comments import perform, read_posted
from bot.github.pulls import PullRequest, changed_files, read_pull
from bot.github.webhook import Job
from bot.service.commits import Commits
from bot.service.consent import Case, codeowners_of, settled, tell_teams
from bot.service.deadline import Deadline
from bot.service.means import Means, trusted

log = structlog.get_logger()


def review(means: Means, job: Job) -> str:
    """One word for what became of the pull request as it is now.

    Run twice, also after a crash anywhere in between, it leaves what one run leaves. What it
    raises is for the queue, which tries again or gives up: then `give_up` ends the check.
    """
    deadline = Deadline(means.seconds)
    with opened(means, job) as (github, pull):
        if not pull.open or (job.reason == "changed" and checks.reviewed(github, pull)):
            return "unneeded"
        run = checks.begin(github, pull)
        commits = _fetched(means, github, pull, deadline)
        try:
            policy = commits.policy()
        except PolicyError as error:
            _end(github, run, pull, invalid_policy(error))
            return "invalid-policy"
        judged = means.judged(commits, policy, deadline)
        judged = settled(means, github, pull, Case(judged, policy, codeowners_of(commits)))
        posted, files = read_posted(github, pull), changed_files(github, pull)
        *operations, ending = plan(judged, policy, posted, files)
        deadline.check()
        if _moved(github, pull):
            checks.cancel(github, run, pull)
            return "superseded"
        perform(github, pull, _fitting(operations, pull))
        _conclude(github, run, pull, ending)
        tell_teams(means, github, pull, judged, policy)
    return judged.verdict


def give_up(means: Means, job: Job, reference: str) -> None:
    """Ends the check run of a job that failed for good, with what finds it in the logs.

    Not where the head was reviewed since then.
    """
    with opened(means, job) as (github, pull):
        if pull.open and not checks.reviewed(github, pull):
            run = checks.begin(github, pull)
            _end(github, run, pull, failed(reference))


@contextmanager
def opened(means: Means, job: Job) -> Iterator[tuple[Connection, PullRequest]]:
    """A connection for this job alone, and the pull request as it is now."""
    with means.connected(job.installation, job.repository) as github:
        pull = read_pull(github, job.number)
        with structlog.contextvars.bound_contextvars(repository=github.full_name, head=pull.head):
            yield github, pull


def _fetched(means: Means, github: Connection, pull: PullRequest, deadline: Deadline) -> Commits:
    """The commits to compare: the head, and where it left the base branch."""
    base = f"refs/heads/{pull.base}"
    repository = means.fetched(github, (pull.head, base), deadline)
    return Commits(
        repository,
        base=repository.merge_base(base, pull.head),
        head=pull.head,
        trusted=repository.resolve(trusted(github)),
    )


def _moved(github: Connection, pull: PullRequest) -> bool:
    """Whether the pull request is another by now; its newer delivery has a job of its own."""
    now = read_pull(github, pull.number)
    return (now.open, now.head, now.base) != (pull.open, pull.head, pull.base)


def _fitting(operations: list[Operation], pull: PullRequest) -> Iterator[Operation]:
    """The operations that suit the pull request: nobody asked for comments on a draft yet."""
    for operation in operations:
        if not (pull.draft and isinstance(operation, PostReview | PostFileComment)):
            yield operation


def _conclude(
    github: Connection, run: checks.CheckRun, pull: PullRequest, ending: Operation
) -> None:
    if not isinstance(ending, ConcludeCheck):
        raise TypeError("a plan ends with the check run's conclusion")
    checks.conclude(github, run, ending, checks.external_id(pull, "done"))
    log.info("check concluded", conclusion=ending.conclusion, title=ending.title)


def _end(
    github: Connection,
    run: checks.CheckRun,
    pull: PullRequest,
    told: tuple[Conclusion, str],
) -> None:
    """Concludes a run that has no review to show; the next job for this head makes one."""
    how, summary = told
    check = ConcludeCheck(how.conclusion, how.title, summary)
    checks.conclude(github, run, check, checks.external_id(pull, "failed"))
    log.info("check concluded", conclusion=how.conclusion, title=how.title)
