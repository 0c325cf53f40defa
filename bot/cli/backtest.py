"""`fairlead backtest`: what the last merges would have got."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import click

from bot.cli import output
from bot.cli.fetch_options import fetching_here, may_fetch
from bot.errors import AnalysisError, UsageError
from bot.settings import cache_directory, tool_folders

if TYPE_CHECKING:
    from bot.analysis.process.parent import AnalysisOptions
    from bot.core.adoption.backtest import Outcome
    from bot.core.policy.model import Policy
    from bot.git import Repository

EPILOG: Final = """\b
Examples:
  fairlead backtest
  fairlead backtest origin/main --last 200 --policy drafts/fairlead.yml
  fairlead backtest --last 20 --format json > backtest.json"""

_SHOWN: Final = 12
"""Characters of a commit's id: enough for git, short enough for a line."""


@click.command(epilog=EPILOG)
@click.argument("branch", default="HEAD")
@click.option(
    "--last",
    type=click.IntRange(1, 5000),
    default=50,
    show_default=True,
    help="How many merges along first parents.",
)
@click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    show_default="here",
    help="The repository that has the commits.",
)
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The policy file; else .github/fairlead.yml of BRANCH as it is now.",
)
@click.option(
    "--organisation",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The organisation's policy, which lies under it.",
)
@click.option(
    "--seconds",
    type=click.IntRange(1, 86400),
    default=900,
    show_default=True,
    help="No merge is begun after so long.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text for people, json for machines.",
)
@may_fetch
def backtest(  # noqa: PLR0913 - one parameter an option, all by name
    *,
    branch: str,
    last: int,
    repo: Path,
    policy_file: Path | None,
    organisation: Path | None,
    seconds: int,
    form: str,
    no_fetch: bool,
) -> None:
    """Review the last merges of BRANCH again, and count by rule what they would have got.

    Each commit along first parents is compared with its parent, by the same engine as a pull
    request and with one policy for all. Approvals of people are not known. A lower severity is
    suggested for rules that would have blocked more than one merge in ten.
    """
    from bot.analysis.process.parent import AnalysisOptions  # noqa: PLC0415 - not for --help
    from bot.analysis.process.renders import renders_here  # noqa: PLC0415 - not for --help
    from bot.analysis.process.start import fork  # noqa: PLC0415 - not for --help
    from bot.cli.comparison import read_policy  # noqa: PLC0415 - not for --help
    from bot.core.adoption.backtest import document  # noqa: PLC0415 - not for --help
    from bot.core.policy.model import POLICY_PATH  # noqa: PLC0415 - not for --help
    from bot.git import Repository  # noqa: PLC0415 - not for --help

    repository = Repository(repo)
    tip = repository.resolve(branch)
    held = repository.file(tip, POLICY_PATH)
    policy = read_policy(policy_file, held, repository.branch(branch), organisation)
    options = AnalysisOptions(
        cache=cache_directory(),
        tenant=str(repo.resolve()),
        start=fork,
        renders=renders_here(tool_folders()),
        fetching=fetching_here(cache_directory(), no_fetch=no_fetch),
    )
    merges = repository.first_parents(tip, last)
    if not merges:
        raise UsageError(f"{branch!r} has no merge to look at: its history is one commit long")
    outcomes = list(_outcomes(repository, merges, policy, options, seconds))
    if form == "json":
        found = {**document(outcomes, policy), "asked": len(merges)}
        output.write(json.dumps(found, indent=2) + "\n", None)
    else:
        output.write("".join(f"{line}\n" for line in _text(outcomes, len(merges), policy)), None)


def _outcomes(
    repository: Repository,
    merges: Sequence[tuple[str, str]],
    policy: Policy,
    options: AnalysisOptions,
    seconds: float,
) -> Iterator[Outcome]:
    """One outcome a merge, newest first, until the time is over."""
    from bot.analysis.process.parent import ComparedTree  # noqa: PLC0415 - not for --help
    from bot.analysis.review import review_trees  # noqa: PLC0415 - not for --help
    from bot.core.adoption.backtest import Outcome  # noqa: PLC0415 - not for --help

    today, end = datetime.now(UTC).date(), time.monotonic() + seconds
    with _counting(len(merges)) as counter, repository.blobs() as blobs:
        for commit, parent in merges:
            if time.monotonic() > end:
                return
            base, head = (
                ComparedTree(repository.tree(held), blobs, held) for held in (parent, commit)
            )
            try:
                yield Outcome(commit, review_trees(base, head, policy, today, options))
            except AnalysisError as error:
                yield Outcome(commit, None, str(error))
            counter.advance()


def _text(outcomes: Sequence[Outcome], asked: int, policy: Policy) -> Iterator[str]:
    from bot.core.adoption.backtest import suggested_policy, tallies, verdicts  # noqa: PLC0415 - as above

    counted = verdicts(outcomes)
    said = ", ".join(f"{count} {name}" for name, count in counted.items() if count)
    noun = "merge" if len(outcomes) == 1 else "merges"
    yield f"{len(outcomes)} {noun}: {said}"
    if len(outcomes) < asked:
        yield f"{asked - len(outcomes)} more were not looked at: raise --seconds"
    rows = tallies(outcomes)
    if rows:
        width = max(len(row.rule) for row in rows)
        yield ""
        yield f"{'rule':<{width}}  severity  findings  merges  blocked"
        for row in rows:
            yield (
                f"{row.rule:<{width}}  {row.severity:<8}  {row.findings:>8}  {row.merges:>6}  "
                f"{row.blocked:>7}"
            )
    troubled = [
        outcome
        for outcome in outcomes
        if outcome.review is None or outcome.review.verdict == "blocked"
    ]
    if troubled:
        yield ""
    for outcome in troubled:
        yield f"{outcome.commit[:_SHOWN]}  {_why(outcome)}"
    if suggestion := suggested_policy(rows, len(outcomes), policy):
        yield ""
        yield "To begin with, in .github/fairlead.yml:"
        yield from (f"  {line}" for line in suggestion.splitlines())


def _why(outcome: Outcome) -> str:
    if outcome.review is None:
        return f"failed: {outcome.trouble}"
    return "blocked: " + ", ".join(
        sorted({found.rule for found in outcome.review.findings if found.blocks})
    )


class _Counter(Protocol):
    def advance(self) -> None:
        """One more merge is done."""


class _Silent:
    def advance(self) -> None:
        """Nobody looks."""


@contextmanager
def _counting(total: int) -> Iterator[_Counter]:
    """A progress bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield _Silent()
        return
    from rich.console import Console  # noqa: PLC0415 - slow, and not for --help
    from rich.progress import Progress  # noqa: PLC0415 - slow, and not for --help

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("Reviewing merges", total=total)

        class Bar:
            def advance(self) -> None:
                """One more merge is done."""
                shown.advance(task)

        yield Bar()
