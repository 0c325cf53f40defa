"""Reviewing a pull request: from its current state to its published review."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.decide import Conclusion
from bot.core.engine.review import Review
from bot.core.policy.model import Policy
from bot.core.publish.operations import (
    ConcludeCheck,
    Operation,
    Posted,
    PostFileComment,
    PostReview,
)
from bot.core.publish.plan import plan, same_text
from bot.core.publish.report import failed, invalid_policy, review_body
from bot.errors import GitHubError, Overtaken, PolicyError
from bot.github import check_runs, checks
from bot.github.activity import BranchPush
from bot.github.comments import perform, read_posted, refresh_reviews
from bot.github.connection import GitHubConnection
from bot.github.external_id import ExternalId
from bot.github.pulls import PullRequest, changed_files, on_head, read_pull
from bot.github.tasks import Announcement, Done, Job, Task
from bot.service.approvals import Case, codeowners_of, record_of, remember, settled, tell_teams
from bot.service.combination import combination_of, reviews_into, with_combination
from bot.service.commits import Commits
from bot.service.context import ServiceContext, pages, trusted
from bot.service.deadline import Deadline
from bot.service.page_record import store_page
from bot.service.refetch import fetching_for, is_last, refetching, with_retries
from bot.service.reverts import with_revert
from bot.service.shared_head import conclude

log = structlog.get_logger()

LOOK: Final = 5.0
"""Seconds between two checks of whether a running review is still needed."""


def announce(context: ServiceContext, task: Announcement) -> Done:
    """Puts the check run in progress, also while an older job of the pull request runs.

    The unfinished runs of a head that a push replaced end.
    """
    job = task.job
    with opened(context, job) as (github, pull):
        if task.pusher and task.after:
            pusher = GitHubAccount(task.pusher, task.pusher_id)
            push = BranchPush(pusher, task.after, task.before or "")
            record_of(context, github, pull.number).push(push)
        follow = _end_replaced_head(github, pull, job, task.before)
        about = check_runs.about_pull(pull)
        run = check_runs.newest(check_runs.runs_on(github, pull.head), about)
        if not pull.open or (job.reason == "missing" and run):
            return Done("unneeded", follow)
        if job.reason == "changed" and check_runs.is_reviewed(run, about, quiet=job.quiet):
            return Done("unneeded", follow)
        checks.begin(github, about)
        return Done("announced", (*follow, job))


def review(context: ServiceContext, job: Job) -> Done:
    """Reviews the pull request in its current state.

    Run twice, or again after a crash at any point, it leaves what one run leaves. The queue
    handles what it raises: it tries again or gives up, and then `give_up` ends the check.
    """
    deadline = Deadline(context.seconds)
    context = fetching_for(context, job)
    with opened(context, job) as (github, pull):
        about = check_runs.about_pull(pull)
        if _unneeded(github, pull, job):
            return Done("unneeded")
        # Nobody waits to see a sweep's review begin; without findings it is a single request.
        find = checks.adopt if job.priority in {"sweep", "recheck"} else checks.begin
        run = find(github, about)
        case = _assessed(context, github, pull, _Attempt(job, run, deadline))
        if isinstance(case, Done):
            return case
        case = with_revert(context, github, pull, case, deadline)
        policy, commits = case.policy, case.commits
        outcome = settled(context, github, pull, case)
        judged = with_retries(outcome.review, job, context.now())
        refetches = refetching(job, pull.head, judged)
        posted = read_posted(github, pull)
        files = changed_files(github, pull) if _has_threads(judged, policy) else ()
        *operations, ending = plan(
            judged, policy, posted, files, pages(github, pull.number, pull.head)
        )
        deadline.check()
        if _moved(github, pull):
            return _superseded(github, pull, job, run)
        written = _Comments(posted, tuple(_fitting(operations, pull, job, judged)))
        if _is_shown(github, about, job, _reviewed(ending, job)):
            if job.reason != "policy" or not written.operations:
                return Done("unchanged", refetches)
            written.write(github, pull, review_body(judged, policy))
            return Done("tidied", refetches)
        later = written.later(job)
        with context.observer.stage("publish"):
            if not later:
                written.write(github, pull, review_body(judged, policy))
        end = _reviewed(ending, job)
        key = remember(context, github, pull, outcome, end.shown.names)
        store_page(context, github, pull, replace(case, review=judged), commits)
        follow, shown = conclude(github, pull, job, run, end)
        record_of(context, github, pull.number).show(key, shown, pull.head)
        context.observer.reviewed(judged)
        follow += _retargeted(github, pull, job)
        if not job.quiet:
            tell_teams(context, github, pull, judged, policy)
    return Done(judged.verdict, (*follow, *refetches, *later))


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One run of a job: its check run, if there is one, and the time that it has."""

    job: Job
    run: check_runs.CheckRun | None
    deadline: Deadline


def _assessed(
    context: ServiceContext, github: GitHubConnection, pull: PullRequest, attempt: _Attempt
) -> Case | Done:
    """The review of the pull request before anybody's decision, or how the job ends without one."""
    job, run, deadline = attempt.job, attempt.run, attempt.deadline
    commits = _fetched(context, github, pull, deadline)
    tip = commits.repository.resolve(f"refs/heads/{pull.base}")
    combination = combination_of(commits, tip)
    if job.reason == "moved" and combination is None:
        # A base branch that was rewritten, or that gave back what met the change, ends the verdict.
        record = record_of(context, github, pull.number)
        if record.judged_with(pull.head) in {("", ""), (commits.base, "")}:
            return Done("unneeded")
    try:
        policy = context.policy(github, commits)
    except PolicyError as error:
        end = _unreviewed(invalid_policy(error))
        return Done("invalid-policy", conclude(github, pull, job, run, end)[0])
    try:
        known = context.reusing() if job.reason == "policy" else context
        judged = known.judged(commits, policy, deadline, _overtaken(github, pull))
        if combination is not None:
            pair = (judged, policy)
            judged = with_combination(context, commits, pair, combination, deadline)
    except Overtaken:
        return _superseded(github, pull, job, run)
    joined = combination.tip if combination else ""
    return Case(judged, commits, policy, codeowners_of(commits), tip=joined)


def give_up(context: ServiceContext, job: Job, reference: str) -> None:
    """Ends the check run of a job that failed for good, with a reference to its log lines.

    Unless the head was reviewed since then.
    """
    with opened(context, job) as (github, pull):
        if not _unneeded(github, pull, replace(job, reason="changed", quiet=True)):
            run = checks.adopt(github, check_runs.about_pull(pull))
            conclude(github, pull, job, run, _unreviewed(failed(reference)))


def close(context: ServiceContext, job: Job) -> Done:
    """Ends the runs of a closed pull request, and announces others with the same head again.

    GitHub keeps a verdict with the commit: a green one would let the commit merge elsewhere, under
    another policy, until it is reviewed there. It stays where the default branch has the commit.
    What a merge brings to another branch than the default one concerns the other pull requests
    into it; of the default branch, the push tells.
    """
    with opened(context, job) as (github, pull):
        if pull.open:
            return Done("unneeded")
        runs = check_runs.runs_on(github, pull.head)
        about = check_runs.about_pull(pull)
        checks.cancel_all(github, about, runs)
        newest = check_runs.newest(runs, about)
        elsewhere = not (pull.merged and pull.base == github.default_branch)
        if elsewhere and newest and newest.conclusion in {"success", "neutral"}:
            checks.retire(github, newest, about)
        follow = _anew(github, pull.head, pull, job)
        if pull.merged and pull.base != github.default_branch:
            follow += reviews_into(github, job, pull.base)
        return Done("closed", follow)


@contextmanager
def opened(context: ServiceContext, job: Job) -> Iterator[tuple[GitHubConnection, PullRequest]]:
    """A connection for this job alone, and the pull request as it is now."""
    with context.connected(job.installation, job.repository) as github:
        pull = read_pull(github, job.number)
        with structlog.contextvars.bound_contextvars(repository=github.full_name, head=pull.head):
            yield github, pull


def _unneeded(github: GitHubConnection, pull: PullRequest, job: Job) -> bool:
    """Whether there is nothing to review; then no run stays in progress either."""
    if pull.open and job.reason in {"requested", "moved", "policy"}:
        return False
    if pull.open and job.reason == "refetch":
        # Another head has its own review, and its own attempts.
        return pull.head != job.head
    about, runs = check_runs.about_pull(pull), check_runs.runs_on(github, pull.head)
    run = check_runs.newest(runs, about)
    if not pull.open or check_runs.is_reviewed(run, about, quiet=job.quiet):
        checks.cancel_all(github, about, runs)
        return True
    return False


def _end_replaced_head(
    github: GitHubConnection, pull: PullRequest, job: Job, before: str | None
) -> tuple[Task, ...]:
    """Ends the unfinished runs on a replaced head, and announces others that still have it."""
    if before is None or before == pull.head:
        return ()
    gone = check_runs.About(before, ExternalId("pull", pull.number))
    checks.cancel_all(github, gone, check_runs.runs_on(github, before))
    return _anew(github, before, pull, job)


def _anew(github: GitHubConnection, head: str, pull: PullRequest, job: Job) -> tuple[Task, ...]:
    """Announcements of the other pull requests on a commit, whose check showed the worst of all."""
    return tuple(
        Announcement(Job(job.installation, job.repository, other.number, "requested"))
        for other in on_head(github, head)
        if other.number != pull.number
    )


def _fetched(
    context: ServiceContext, github: GitHubConnection, pull: PullRequest, deadline: Deadline
) -> Commits:
    """The commits to compare: the head, and where it left the base branch."""
    base = f"refs/heads/{pull.base}"
    repository = context.fetched(github, (pull.head, base), deadline)
    return Commits(
        repository,
        base=repository.merge_base(base, pull.head),
        head=pull.head,
        trusted=repository.resolve(trusted(github)),
        target=pull.target,
        address=github.clone_url,
    )


def _moved(github: GitHubConnection, pull: PullRequest) -> bool:
    """Whether head, base or state of the pull request changed; that has a job of its own."""
    current = read_pull(github, pull.number)
    return (current.open, current.head, current.base) != (pull.open, pull.head, pull.base)


def _overtaken(github: GitHubConnection, pull: PullRequest) -> Callable[[], bool]:
    """Checks from time to time during the analysis whether the review is still needed."""
    checked = time.monotonic()

    def overtaken() -> bool:
        nonlocal checked
        if time.monotonic() < checked + LOOK:
            return False
        checked = time.monotonic()
        try:
            return _moved(github, pull)
        except GitHubError:
            # It is checked once more before anything is posted.
            return False

    return overtaken


def _superseded(
    github: GitHubConnection, pull: PullRequest, job: Job, run: check_runs.CheckRun | None
) -> Done:
    """Ends a review that a push, a new base or a closing overtook, without posting."""
    if run:
        checks.cancel(github, run, check_runs.about_pull(pull))
    # The newer head gets its check even if its own delivery is lost.
    return Done("superseded", (Announcement(replace(job, reason="changed")),))


def _retargeted(github: GitHubConnection, pull: PullRequest, job: Job) -> tuple[Task, ...]:
    """Withdraws at once a verdict whose base branch changed while it was posted.

    The announcement of that change found the run in progress and adopted it; until the next
    review, the verdict about the old base would let the merge through.
    """
    current = read_pull(github, pull.number)
    if not current.open or current.head != pull.head or current.base == pull.base:
        return ()
    checks.begin(github, check_runs.about_pull(current))
    return (Announcement(replace(job, reason="changed")),)


def _is_shown(github: GitHubConnection, about: check_runs.About, job: Job, end: checks.End) -> bool:
    """Whether the check of a review for which nobody asked says this already.

    After a change of the policy every word counts: it also says who may accept a finding. The last
    attempt to fetch something says so in any case.
    """
    whole = job.reason == "policy"
    if not whole and (job.reason not in {"moved", "refetch"} or is_last(job)):
        return False
    run = check_runs.newest(check_runs.runs_on(github, about.head), about)
    if run is None or run.status != "completed":
        return False
    same = (run.conclusion, run.title) == (end.shown.conclusion, end.shown.title)
    return same and (not whole or same_text(run.summary, end.shown.summary))


@dataclass(frozen=True, slots=True)
class _Comments:
    """The comments on a pull request, and what is to be done with them."""

    posted: Posted
    operations: tuple[Operation, ...]

    def later(self, job: Job) -> tuple[Task, ...]:
        """A job that takes away what is out of date, when hundreds of checks wait for a policy.

        GitHub limits writes, and the checks are what holds up the merges.
        """
        new = any(isinstance(one, PostReview | PostFileComment) for one in self.operations)
        if job.priority != "recheck" or new or not self.operations:
            return ()
        return (replace(job, priority="sweep"),)

    def write(self, github: GitHubConnection, pull: PullRequest, body: str) -> None:
        """Carry out the operations; what stands above the comments follows the verdict."""
        new = any(isinstance(one, PostReview) for one in self.operations)
        if new or self.posted.comments:
            refresh_reviews(github, pull, body)
        perform(github, pull, self.operations)


def _has_threads(judged: Review, policy: Policy) -> bool:
    """Whether comments need the changed files, which say where they may stand.

    They are up to thirty requests.
    """
    return any(policy.inline.reached_by(finding.severity) for finding in judged.findings)


def _fitting(
    operations: list[Operation], pull: PullRequest, job: Job, judged: Review
) -> Iterator[Operation]:
    """The operations without comments that nobody would read.

    A draft and a pull request older than the App get no comments; one by a bot only if it is
    blocked, so that a person has to look at it.
    """
    silent = pull.draft or job.quiet or (pull.by_bot and judged.verdict != "blocked")
    for operation in operations:
        if not (silent and isinstance(operation, PostReview | PostFileComment)):
            yield operation


def _reviewed(ending: Operation, job: Job) -> checks.End:
    if not isinstance(ending, ConcludeCheck):
        raise TypeError("a plan ends with the check run's conclusion")
    return checks.End(ending, quiet=job.quiet)


def _unreviewed(outcome: tuple[Conclusion, str]) -> checks.End:
    """The end of a run without a review; the next job for this head makes one."""
    how, summary = outcome
    return checks.End(ConcludeCheck(how.conclusion, how.title, summary), "failed")
