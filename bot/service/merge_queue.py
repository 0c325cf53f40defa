"""A merge queue's combination: what its pull requests do together, judged before the merge."""

from __future__ import annotations

import structlog

from bot.core.publish.notices import ejected, ejected_mark
from bot.core.publish.operations import ConcludeCheck
from bot.core.publish.plan import conclude
from bot.core.publish.report import failed, invalid_policy
from bot.errors import PolicyError
from bot.git import Repository
from bot.github import check_runs, checks
from bot.github.connection import GitHubConnection
from bot.github.conversation import say_once
from bot.github.external_id import ExternalId
from bot.github.pulls import open_pulls, read_pull
from bot.github.tasks import Done, GroupJob, MaintenanceTask
from bot.service.approvals import Case, codeowners_of, settled_together
from bot.service.commits import Commits
from bot.service.context import ServiceContext, pages, trusted
from bot.service.deadline import Deadline
from bot.service.refetch import fetching_for, repeated

log = structlog.get_logger()


def review_group(context: ServiceContext, job: GroupJob) -> Done:
    """Reviews the combined tree against the queue's base.

    Approvals of its pull requests hold here as well, finding by finding.
    """
    deadline = Deadline(context.seconds)
    context = fetching_for(context, job)
    with context.connected(job.installation, job.repository) as github:
        about = check_runs.about_group(job)
        earlier = check_runs.newest(check_runs.runs_on(github, job.head), about)
        if earlier and check_runs.is_superseded(earlier):
            return Done("unneeded")
        run = checks.begin(github, about)
        repository = context.fetched(github, (job.head, job.base), deadline)
        tip = repository.resolve(trusted(github))
        # A run that is requested again may not name the queue's branch.
        target = job.branch or read_pull(github, job.number).target
        commits = Commits(repository, job.base, job.head, tip, target, github.clone_url)
        try:
            policy = context.policy(github, commits)
        except PolicyError as error:
            outcome, summary = invalid_policy(error)
            ending = ConcludeCheck(outcome.conclusion, outcome.title, summary)
            checks.conclude(github, about, run, checks.End(ending, "failed"))
            return Done("invalid-policy")
        judged = context.judged(commits, policy, deadline)
        case = Case(judged, commits, policy, codeowners_of(commits))
        judged = settled_together(context, github, _members(github, repository, job), case)
        deadline.check()
        again = repeated(job, judged)
        if again:
            # Its check stays in progress: concluded, it would put the change out of the queue.
            return Done("unreachable", again)
        ending = conclude(judged, policy, pages(github))
        checks.conclude(github, about, run, checks.End(ending))
        log.info("check concluded", conclusion=ending.conclusion, title=ending.title)
    return Done(judged.verdict)


def give_up_group(context: ServiceContext, job: GroupJob, reference: str) -> None:
    """Ends the run of a combination that could not be reviewed, as a failure."""
    with context.connected(job.installation, job.repository) as github:
        about = check_runs.about_group(job)
        if not check_runs.reviewed(github, about):
            outcome, summary = failed(reference)
            ending = ConcludeCheck(outcome.conclusion, outcome.title, summary)
            run = checks.adopt(github, about)
            checks.conclude(github, about, run, checks.End(ending, "failed"))


def leave(context: ServiceContext, task: MaintenanceTask) -> Done:
    """Ends the run of a dissolved combination; one comment says so if the check was the cause."""
    head, _, reason = task.detail.partition(" ")
    with context.connected(task.installation, task.repository) as github:
        about = check_runs.About(head, ExternalId("queue", task.number))
        runs = check_runs.runs_on(github, head)
        run = check_runs.newest(runs, about)
        checks.cancel_all(github, about, runs)
        failing = run is not None and run.conclusion in {"failure", "action_required"}
        if run is None or not failing or reason == "merged":
            return Done("ungrouped")
        body = ejected(run.title, head)
        say_once(github, task.number, body, ejected_mark(head))
    return Done("ejected")


def _members(github: GitHubConnection, repository: Repository, job: GroupJob) -> tuple[int, ...]:
    """The pull requests of the combination: the one that it is named for, and those below it."""
    merged = repository.between(job.base, job.head)
    below = {pull.number for pull in open_pulls(github) if pull.head in merged}
    return tuple(sorted(below | {job.number}))
