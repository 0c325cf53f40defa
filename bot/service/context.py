"""What every task needs: GitHub, a directory for mirrors, a time limit, and a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, Self

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.analysis.review import review_trees
from bot.catalog import rule_options
from bot.core.engine.review import Review
from bot.core.policy.model import Policy
from bot.core.policy.organisation import parse_organisation
from bot.core.publish.pages import Pages
from bot.errors import PolicyError
from bot.git import Repository
from bot.git.mirror import Mirror
from bot.github.auth import Gateway
from bot.github.connection import GitHubConnection
from bot.github.organisation import Organisations, where
from bot.service.commits import Commits
from bot.service.deadline import Deadline
from bot.service.observer import NoObserver, Observer
from bot.store.audit import Audit
from bot.store.holds import Holds
from bot.store.reviews import Reviews


class Judge(Protocol):
    """Compares two commits: `bot.analysis`, in a process without key and token."""

    def __call__(
        self,
        base: ComparedTree,
        head: ComparedTree,
        policy: Policy,
        today: date,
        options: AnalysisOptions,
        /,
    ) -> Review:
        """The review of the change from `base` to `head`. Raises AnalysisError."""


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """What every task needs.

    `transport` are the protocols that git may use, `surroundings` the environment variables that
    it needs to reach GitHub, such as a proxy.
    """

    gateway: Gateway
    mirrors: Path
    seconds: float
    today: Callable[[], date]
    options: AnalysisOptions = field(default_factory=AnalysisOptions)
    transport: tuple[str, ...] = ("https",)
    surroundings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    judge: Judge = review_trees
    audit: Audit = field(default_factory=Audit)
    holds: Holds = field(default_factory=Holds)
    reviews: Reviews = field(default_factory=Reviews)
    observer: Observer = field(default_factory=NoObserver)
    now: Callable[[], datetime] = utc_now
    organisations: Organisations = field(default_factory=Organisations)

    @contextmanager
    def connected(self, installation: int, repository: int) -> Iterator[GitHubConnection]:
        """A connection for one job."""
        github = self.gateway.connect(installation, repository)
        try:
            yield github
        finally:
            github.close()
            self.observer.requested(github.requests)

    def mirror(self, repository: int) -> Path:
        """The directory of a repository's mirror, named by its id, since its name may change."""
        return self.mirrors / f"{repository}.git"

    def tenant(self, repository: int) -> str:
        """The name under which a repository's cached facts are separated from others'."""
        return self.mirror(repository).name

    def fetched(
        self, github: GitHubConnection, refs: Sequence[str], deadline: Deadline
    ) -> Repository:
        """The mirror with these commits and refs, and the tip of the default branch."""
        mirror = Mirror(
            self.mirror(github.repository_id),
            protocols=self.transport,
            surroundings=self.surroundings,
            seconds=deadline.check(),
        )
        with self.observer.stage("fetch"):
            return mirror.fetch(
                github.clone_url, [*dict.fromkeys((*refs, trusted(github)))], github.token
            )

    def policy(self, github: GitHubConnection, commits: Commits) -> Policy:
        """The repository's policy merged over its organisation's. Raises PolicyError."""
        text = self.organisations.text(self.gateway, github)
        if text is None:
            return commits.policy()
        try:
            organisation = parse_organisation(text, rule_options())
        except PolicyError as error:
            raise PolicyError(str(error), error.line, where=where(github)) from error
        return commits.policy(organisation)

    def reusing(self) -> Self:
        """This context, whose reviews start from a stored analysis where one still answers."""
        return replace(self, options=replace(self.options, stored="reuse"))

    def judged(
        self,
        commits: Commits,
        policy: Policy,
        deadline: Deadline,
        unwanted: Callable[[], bool] = lambda: False,
    ) -> Review:
        """The review, within the remaining time, of which rendering may use half.

        Raises Overtaken if `unwanted` becomes true meanwhile.
        """
        seconds = deadline.check()
        configured = self.options.renders
        renders = replace(configured, seconds=min(configured.seconds, seconds / 2))
        limits = replace(
            self.options.limits, wall=min(seconds - renders.seconds, self.options.limits.wall)
        )
        with self.observer.stage("analyse"), commits.repository.blobs() as blobs:
            base, head = (
                ComparedTree(commits.repository.tree(commit), blobs, commit)
                for commit in (commits.base, commits.head)
            )
            options = replace(
                self.options,
                limits=limits,
                tenant=commits.repository.git_directory.name,
                renders=renders,
                repositories=(commits.address,),
                unwanted=unwanted,
            )
            return self.judge(base, head, policy, self.today(), options)


def pages(github: GitHubConnection, number: int | None = None, head: str = "") -> Pages:
    """The addresses that texts link to: the repository on GitHub, and this service's pages."""
    return Pages(
        rules=f"{github.site}/rules" if github.site else None,
        repository=github.clone_url.removesuffix(".git"),
        review=github.page(number, head) if number is not None else None,
    )


def trusted(github: GitHubConnection) -> str:
    """The ref of the default branch, from which the policy is read."""
    return f"refs/heads/{github.default_branch}"
