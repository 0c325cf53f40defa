"""What is wrong after a soak: each open pull request against a fresh review of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bot.analysis.process.parent import AnalysisOptions
from bot.core.engine.decide import Conclusion, conclusion
from bot.core.engine.review import Review
from bot.core.policy.model import Policy
from bot.core.publish.markers import fingerprint_of
from bot.core.publish.operations import ConcludeCheck
from bot.core.publish.plan import plan
from bot.github.auth import Gateway
from bot.github.comments import read_posted
from bot.github.connection import GitHubConnection
from bot.github.pulls import PullRequest as Pull
from bot.github.pulls import changed_files, read_pull
from bot.service.approvals import Case, codeowners_of, settled
from bot.service.combination import combination_of, with_combination
from bot.service.commits import Commits
from bot.service.context import ServiceContext, trusted
from bot.service.deadline import Deadline
from bot.service.reverts import with_revert
from bot.standin.repositories import StandInPullRequest
from bot.store.audit import Audit
from tests.soak.world import World

_SECONDS = 120.0


def wrong(world: World, directory: Path) -> Iterator[str]:
    """One sentence for each thing that is not as it must be; nothing is posted."""
    means = ServiceContext(
        gateway=Gateway(str(world.app.id), world.app.private_key, world.github.api_url),
        mirrors=directory / "mirrors",
        seconds=_SECONDS,
        today=lambda: datetime.now(UTC).date(),
        options=AnalysisOptions(),
        transport=("http",),
        # What people accepted is told by the log alone.
        audit=Audit.opened(world.directory / "data", world.database),
    )
    try:
        for pull in world.open_pulls():
            name = f"{pull.repository.full_name}#{pull.number} at {pull.head_sha[:12]}"
            for fault in _wrong_about(world, means, pull):
                yield f"{name}: {fault}"
    finally:
        means.audit.close()


def _wrong_about(world: World, means: ServiceContext, pull: StandInPullRequest) -> Iterator[str]:
    with means.connected(world.installations[pull.repository.id].id, pull.repository.id) as github:
        seen = read_pull(github, pull.number)
        review, policy = _fresh(means, github, seen)
        posted, files = read_posted(github, seen), changed_files(github, seen)
    yield from _wrong_check(world, pull, conclusion(review, policy))
    yield from _wrong_comments(world, pull, review)
    for operation in plan(review, policy, posted, files):
        if not isinstance(operation, ConcludeCheck):
            yield f"a fresh review would still {type(operation).__name__}"


def _fresh(means: ServiceContext, github: GitHubConnection, seen: Pull) -> tuple[Review, Policy]:
    deadline, base = Deadline(means.seconds), f"refs/heads/{seen.base}"
    repository = means.fetched(github, (seen.head, base), deadline)
    commits = Commits(
        repository,
        base=repository.merge_base(base, seen.head),
        head=seen.head,
        trusted=repository.resolve(trusted(github)),
        target=seen.target,
        address=github.clone_url,
    )
    policy = means.policy(github, commits)
    judged = means.judged(commits, policy, deadline)
    combination = combination_of(commits, repository.resolve(base))
    if combination is not None:
        pair = (judged, policy)
        judged = with_combination(means, commits, pair, combination, deadline)
    case = Case(judged, commits, policy, codeowners_of(commits))
    case = with_revert(means, github, seen, case, deadline)
    return settled(means, github, seen, case).review, policy


def _wrong_check(world: World, pull: StandInPullRequest, expected: Conclusion) -> Iterator[str]:
    runs = [run for run in pull.repository.runs.values() if run.suite.head_sha == pull.head_sha]
    for run in runs:
        if run.name != "fairlead":
            yield f"there is a check named {run.name}"
        if run.status != "completed":
            yield f"a check run is still {run.status}"
    newest = world.github.check_run(pull)
    if newest is None:
        yield "there is no check"
        return
    said, fresh = (
        f"{newest.conclusion} ({newest.title})",
        f"{expected.conclusion} ({expected.title})",
    )
    if said != fresh:
        yield f"the check says {said}, a fresh review {fresh}"


def _wrong_comments(world: World, pull: StandInPullRequest, review: Review) -> Iterator[str]:
    live = Counter(
        fingerprint_of(one.body)
        for one in pull.comments
        if one.user is world.app.bot and one.minimized is None and one.in_reply_to is None
    )
    known = {found.fingerprint for found in review.findings}
    for fingerprint, count in live.items():
        if count > 1:
            yield f"{count} comments are of finding {fingerprint}"
        if fingerprint not in known:
            yield f"a comment is of finding {fingerprint}, which is gone"
