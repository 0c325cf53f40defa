"""Pushes to the default branch: policy changes, and commits without a pull request.

A direct push is compared with the commit before it. Its findings do not silently become part of
base: the run of its commit and of each later commit carries them until they are gone or waived
(docs/decisions/006-direct-pushes.md).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import structlog

from bot.core.codeowners import LOCATIONS
from bot.core.engine.decide import Conclusion, finding_order, verdict_of
from bot.core.engine.review import Review
from bot.core.policy.model import ORGANISATION_PATH, ORGANISATION_REPOSITORY, POLICY_PATH
from bot.core.publish.notices import kept_of, pushed
from bot.core.publish.operations import ConcludeCheck
from bot.core.publish.plan import conclude
from bot.core.publish.report import failed, invalid_policy
from bot.errors import PolicyError
from bot.git import Repository
from bot.github import check_runs, checks
from bot.github.connection import GitHubConnection
from bot.github.pulls import pulls_of
from bot.github.tasks import SPREAD, Done, MaintenanceTask, PushJob, Task
from bot.service.combination import reviews_into
from bot.service.commits import Commits
from bot.service.context import ServiceContext, pages
from bot.service.deadline import Deadline
from bot.service.refetch import fetching_for, repeated, with_retries

log = structlog.get_logger()

_EVERYTHING: Final = "all"
"""Carried instead of fingerprints for a push that could not be judged."""


def review_push(context: ServiceContext, job: PushJob) -> Done:
    """Reviews a push that no pull request brought, or after which a run carries findings."""
    deadline = Deadline(context.seconds)
    context = fetching_for(context, job)
    with context.connected(job.installation, job.repository) as github:
        repository = context.fetched(github, (job.before, job.after), deadline)
        branch = github.default_branch
        commits = Commits(repository, job.before, job.after, job.after, branch, github.clone_url)
        tasks = _rechecks(github, repository, job) if not job.tries else ()
        changed = bool(tasks)
        tasks = tasks or (reviews_into(github, job, github.default_branch) if not job.tries else ())
        spread = SPREAD if tasks and not changed else 0.0
        about = check_runs.about_push(job)
        carried = _carried(github, job.before)
        direct = not _by_pull_request(github, job.after)
        done = not job.tries and check_runs.reviewed(github, about)
        if (not direct and carried is None) or done:
            return Done("policy-changed" if changed else "unneeded", tasks, spread)
        try:
            policy = context.policy(github, commits)
        except PolicyError as error:
            _carry_on(github, job, carried, invalid_policy(error), direct=direct)
            return Done("invalid-policy", tasks, spread)
        judged = context.judged(commits, policy, deadline)
        if not direct:
            judged = replace(judged, findings=(), problems=())
        since = job.before
        if carried:
            since, marks = carried
            whole = context.judged(replace(commits, base=since), policy, deadline)
            judged = _with(judged, whole, marks)
        judged = replace(judged, verdict=verdict_of(judged.findings, judged.problems, policy))
        judged = with_retries(judged, job, context.now())
        kept = [finding.fingerprint for finding in judged.findings if finding.blocks]
        ending = pushed(conclude(judged, policy, pages(github)), since, kept)
        checks.conclude(github, about, checks.adopt(github, about), checks.End(ending))
        log.info("push reviewed", conclusion=ending.conclusion, title=ending.title)
        return Done(judged.verdict, (*tasks, *repeated(job, judged)), spread)


def give_up_push(context: ServiceContext, job: PushJob, reference: str) -> None:
    """Fails the run of a push that could not be reviewed, unless a pull request brought it."""
    with context.connected(job.installation, job.repository) as github:
        about = check_runs.about_push(job)
        runs, carried = check_runs.runs_on(github, job.after), _carried(github, job.before)
        direct = not _by_pull_request(github, job.after)
        begun = any(check_runs.is_unfinished(run, about) for run in runs)
        if not check_runs.is_reviewed(check_runs.newest(runs, about), about) and (
            begun or direct or carried
        ):
            _carry_on(github, job, carried, failed(reference), direct=direct)


def _carry_on(
    github: GitHubConnection,
    job: PushJob,
    carried: tuple[str, frozenset[str]] | None,
    outcome: tuple[Conclusion, str],
    *,
    direct: bool,
) -> None:
    """Posts a failed run for a push that could not be judged, with what the next must look at."""
    about, (how, summary) = check_runs.about_push(job), outcome
    since, marks = carried or (job.before, frozenset())
    kept = {*marks, _EVERYTHING} if direct else marks
    ending = pushed(ConcludeCheck(how.conclusion, how.title, summary), since, kept)
    checks.conclude(github, about, checks.adopt(github, about), checks.End(ending, "failed"))


def _rechecks(github: GitHubConnection, repository: Repository, job: PushJob) -> tuple[Task, ...]:
    """Tasks that judge open pull requests again because the policy or CODEOWNERS changed."""

    def changed(path: str) -> bool:
        old, new = (repository.file(commit, path) for commit in (job.before, job.after))
        return old != new

    home = github.full_name.rpartition("/")[2].lower() == ORGANISATION_REPOSITORY
    if home and changed(ORGANISATION_PATH):
        return (MaintenanceTask("recheck-installation", job.installation),)
    if any(map(changed, (POLICY_PATH, *LOCATIONS))):
        return (MaintenanceTask("recheck", job.installation, job.repository),)
    return ()


def _carried(github: GitHubConnection, commit: str) -> tuple[str, frozenset[str]] | None:
    """Since which commit, and which fingerprints, the run of a commit carries."""
    for run in check_runs.runs_on(github, commit):
        if run.about is not None and run.about.subject == "push" and run.status == "completed":
            kept = kept_of(run.summary)
            return kept if kept and kept[1] else None
    return None


def _by_pull_request(github: GitHubConnection, commit: str) -> bool:
    """Whether a pull request brought this commit to the default branch."""
    return any(
        not pull.open and pull.merged and pull.base == github.default_branch
        for pull in pulls_of(github, commit)
    )


def _with(judged: Review, whole: Review, marks: frozenset[str]) -> Review:
    """The review with those of the carried findings that still exist."""
    current = {finding.fingerprint for finding in judged.findings}
    still = (
        finding
        for finding in whole.findings
        if finding.fingerprint not in current
        and not marks.isdisjoint({finding.fingerprint, _EVERYTHING})
    )
    return replace(judged, findings=tuple(sorted((*judged.findings, *still), key=finding_order)))
