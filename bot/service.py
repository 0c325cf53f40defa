"""The one story: from a pull request to be reviewed to its published review."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

import structlog

from bot.analysis.review import review_trees
from bot.analysis.run import Options, Side
from bot.catalog import rule_options
from bot.core.decide import Conclusion
from bot.core.plan import ConcludeCheck, Operation, PostFileComment, PostReview, plan
from bot.core.policy import Policy, parse_policy
from bot.core.report import POLICY_PATH, failed, invalid_policy
from bot.core.review import Review
from bot.errors import AnalysisError, PolicyError
from bot.git import Mirror, Repository
from bot.github import checks
from bot.github.auth import Connection, Gateway
from bot.github.comments import perform, read_posted
from bot.github.pulls import PullRequest, changed_files, read_pull
from bot.github.webhook import Job

log = structlog.get_logger()

LARGEST_POLICY: Final = 1024 * 1024


class Judge(Protocol):
    """Who compares two commits: `bot.analysis`, in a process that holds no key and no token."""

    def __call__(
        self, base: Side, head: Side, policy: Policy, today: date, options: Options, /
    ) -> Review:
        """The review of the change from `base` to `head`. Raises AnalysisError."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a review needs: GitHub, a directory for mirrors, a limit of time, and a clock.

    `transport` are the protocols that git may speak, `surroundings` the variables that it needs
    to reach GitHub, such as a proxy.
    """

    gateway: Gateway
    mirrors: Path
    seconds: float
    today: Callable[[], date]
    options: Options = field(default_factory=Options)
    transport: tuple[str, ...] = ("https",)
    surroundings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    judge: Judge = review_trees

    def review(self, job: Job) -> str:
        """One word for what became of the pull request as it is now.

        Run twice, also after a crash anywhere in between, it leaves what one run leaves. What it
        raises is for the queue, which tries again or gives up: then `give_up` ends the check.
        """
        deadline = _Deadline(self.seconds)
        with self._opened(job) as (github, pull):
            if not pull.open or (job.reason == "changed" and checks.reviewed(github, pull)):
                return "unneeded"
            run = checks.begin(github, pull)
            commits = self._fetched(github, pull, deadline)
            try:
                policy = commits.policy()
            except PolicyError as error:
                _end(github, run, pull, invalid_policy(error))
                return "invalid-policy"
            review = self._judged(commits, policy, deadline, github.clone_url)
            posted, files = read_posted(github, pull), changed_files(github, pull)
            *operations, ending = plan(review, policy, posted, files)
            deadline.check()
            if _moved(github, pull):
                checks.cancel(github, run, pull)
                return "superseded"
            perform(github, pull, _fitting(operations, pull))
            _conclude(github, run, pull, ending)
        return review.verdict

    def give_up(self, job: Job, reference: str) -> None:
        """Ends the check run of a job that failed for good, with what finds it in the logs.

        Not where the head was reviewed since then.
        """
        with self._opened(job) as (github, pull):
            if pull.open and not checks.reviewed(github, pull):
                run = checks.begin(github, pull)
                _end(github, run, pull, failed(reference))

    @contextmanager
    def _opened(self, job: Job) -> Iterator[tuple[Connection, PullRequest]]:
        """A connection for this job alone, and the pull request as it is now."""
        github = self.gateway.connect(job.installation, job.repository)
        try:
            pull = read_pull(github, job.number)
            with structlog.contextvars.bound_contextvars(
                repository=github.full_name, head=pull.head
            ):
                yield github, pull
        finally:
            github.close()

    def _fetched(self, github: Connection, pull: PullRequest, deadline: _Deadline) -> _Commits:
        """The commits to compare: the head, and where it left the base branch."""
        mirror = Mirror(
            self.mirrors / f"{github.repository_id}.git",
            protocols=self.transport,
            surroundings=self.surroundings,
            seconds=deadline.check(),
        )
        base, default = (f"refs/heads/{name}" for name in (pull.base, github.default_branch))
        repository = mirror.fetch(
            github.clone_url, [pull.head, *dict.fromkeys((base, default))], github.token
        )
        return _Commits(
            repository,
            base=repository.merge_base(base, pull.head),
            head=pull.head,
            trusted=repository.resolve(default),
        )

    def _judged(
        self, commits: _Commits, policy: Policy, deadline: _Deadline, address: str
    ) -> Review:
        """The review, in the time that is left, of which at most half goes into rendering."""
        left = deadline.check()
        known = self.options.renders
        renders = replace(known, seconds=min(known.seconds, left / 2))
        wall = min(left - renders.seconds, self.options.limits.wall)
        limits = replace(self.options.limits, wall=wall)
        with commits.repository.blobs() as blobs:
            base, head = (
                Side(commits.repository.tree(commit), blobs, commit)
                for commit in (commits.base, commits.head)
            )
            tenant = commits.repository.git_directory.name
            options = replace(
                self.options,
                limits=limits,
                tenant=tenant,
                renders=renders,
                repositories=(address,),
            )
            return self.judge(base, head, policy, self.today(), options)


@dataclass(frozen=True, slots=True)
class _Commits:
    """What was fetched. `trusted` is the default branch's tip, from which the policy comes."""

    repository: Repository
    base: str
    head: str
    trusted: str

    def policy(self) -> Policy:
        """The policy; never the head's nor another target branch's. Raises PolicyError."""
        data = self.repository.file(self.trusted, POLICY_PATH) or b""
        if len(data) > LARGEST_POLICY:
            raise PolicyError(f"the file is larger than {LARGEST_POLICY} bytes")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise PolicyError("the file is not UTF-8 text") from error
        return parse_policy(text, rule_options())


class _Deadline:
    """When a job must have ended: a check that never concludes blocks the merge for ever."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> float:
        """The seconds that are left. Raises AnalysisError where there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise AnalysisError(f"the review took longer than {self._seconds:.0f} seconds")
        return left


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
