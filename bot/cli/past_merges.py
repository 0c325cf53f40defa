"""Reviews of the last merges of a branch, as the command line makes them again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, Protocol

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.analysis.process.renders import renders_here
from bot.analysis.process.start import fork
from bot.analysis.review import review_trees
from bot.cli.repository_options import RepositoryOptions
from bot.core.adoption.backtest import Outcome, unseen
from bot.core.policy.model import Policy
from bot.errors import AnalysisError
from bot.git import Repository
from bot.settings import cache_directory, tool_folders

_KINDS: Final = {"unrendered": "not rendered", "unjudged": "not judged"}
_MOST_UNSEEN: Final = 10
_LONGEST_REASON: Final = 160


def reviews_of(
    repository: Repository,
    merges: Sequence[tuple[str, str]],
    policy: Policy,
    where: RepositoryOptions,
    seconds: float,
) -> Iterator[Outcome]:
    """Review each merge, a commit and its parent, in order, until `seconds` have passed."""
    options = AnalysisOptions(
        cache=cache_directory(),
        tenant=where.tenant,
        start=fork,
        renders=renders_here(tool_folders()),
        fetching=where.fetching(cache_directory()),
    )
    today, end = datetime.now(UTC).date(), time.monotonic() + seconds
    with _counting(len(merges)) as counter, repository.blobs() as blobs:
        for commit, parent in merges:
            if time.monotonic() > end:
                return
            base, head = (
                ComparedTree(repository.tree(sha), blobs, sha) for sha in (parent, commit)
            )
            try:
                yield Outcome(commit, review_trees(base, head, policy, today, options))
            except AnalysisError as error:
                yield Outcome(commit, None, str(error))
            counter.advance()


def incomplete_lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """How many reviews of merges are incomplete, why, and what would help; nothing if none is."""
    reasons = unseen(outcomes)
    if not reasons:
        return
    incomplete = sum(bool(each.review and each.review.problems) for each in outcomes)
    yield f"Incomplete in {incomplete} of {len(outcomes)} merges:"
    for reason in reasons[:_MOST_UNSEEN]:
        kind = _KINDS.get(reason.kind, reason.kind)
        yield f"  {reason.merges:>3}  {kind}: {reason.reason[:_LONGEST_REASON]}"
        yield f"       what would help: {reason.advice}"


class _Counter(Protocol):
    def advance(self) -> None:
        """Count one reviewed merge."""


class _Silent:
    def advance(self) -> None:
        """Do nothing: standard error is not a terminal."""


@contextmanager
def _counting(total: int) -> Iterator[_Counter]:
    """A progress bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield _Silent()
        return
    from rich.console import Console  # noqa: PLC0415 - slow, and not for --help
    from rich.progress import Progress  # noqa: PLC0415 - slow, and not for --help

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("Reviewing merges", total=total)

        class Bar:
            def advance(self) -> None:
                """Count one reviewed merge."""
                shown.advance(task)

        yield Bar()
