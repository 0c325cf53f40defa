"""`fairlead backtest`: what reviews of the last merges would have reported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import click

from bot.cli.output import terminal
from bot.cli.output.options import format_option
from bot.cli.repository_options import RepositoryOptions, repository_options
from bot.core.words import counted
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.core.adoption.backtest import Outcome
    from bot.core.policy.model import Policy

EPILOG: Final = """\b
Examples:
  fairlead backtest
  fairlead backtest origin/main --last 200 --policy drafts/fairlead.yml
  fairlead backtest --last 20 --format json > backtest.json"""

_SHOWN: Final = 12
"""Characters of a commit id that are printed."""


@click.command(epilog=EPILOG)
@click.argument("branch", default="HEAD")
@click.option(
    "--last",
    type=click.IntRange(1, 5000),
    default=50,
    show_default=True,
    help="How many merges to review, along first parents.",
)
@repository_options("repo", "policy", "organisation", "no_fetch", policy_of="BRANCH as it is now")
@click.option(
    "--seconds",
    type=click.IntRange(1, 86400),
    default=900,
    show_default=True,
    help="Stop starting new merges after this many seconds.",
)
@format_option("text", "json", meaning="text for a terminal, json for programs.")
def backtest(
    *,
    branch: str,
    last: int,
    where: RepositoryOptions,
    seconds: int,
    form: str,
) -> None:
    """Review the last merges of BRANCH again, and count the findings by rule.

    Each commit along first parents is compared with its parent by the same engine that reviews
    pull requests, under one policy. Approvals are not taken into account. For rules that would
    have blocked more than one merge in ten, a lower severity is suggested.
    """
    from bot.cli.commits import named_commit, repository_at  # noqa: PLC0415 - not for --help
    from bot.cli.past_merges import reviews_of  # noqa: PLC0415 - not for --help
    from bot.cli.policies import read_policy  # noqa: PLC0415 - not for --help
    from bot.core.adoption.backtest import document  # noqa: PLC0415 - not for --help
    from bot.core.policy.model import POLICY_PATH  # noqa: PLC0415 - not for --help

    repository = repository_at(where.repo)
    tip = named_commit(repository, branch, where.repo)
    if repository is None or tip is None:
        raise UsageError(f"{branch!r} is a directory: name a branch or a commit")
    policy_text = repository.file(tip, POLICY_PATH)
    policy = read_policy(where.policy, policy_text, repository.branch(branch), where.organisation)
    merges = repository.first_parents(tip, last)
    if not merges:
        raise UsageError(f"{branch!r} has no merges to review: its history is a single commit")
    outcomes = list(reviews_of(repository, merges, policy, where, seconds))
    if form == "json":
        result = {**document(outcomes, policy), "asked": len(merges)}
        terminal.write(json.dumps(result, indent=2) + "\n", None)
    else:
        terminal.write("".join(f"{line}\n" for line in _text(outcomes, len(merges), policy)), None)


def _text(outcomes: Sequence[Outcome], requested: int, policy: Policy) -> Iterator[str]:
    from bot.cli.past_merges import incomplete_lines  # noqa: PLC0415 - as above
    from bot.core.adoption.backtest import suggested_policy, tallies, verdicts  # noqa: PLC0415 - as above

    totals = ", ".join(f"{count} {name}" for name, count in verdicts(outcomes).items() if count)
    yield f"{counted(len(outcomes), 'merge')}: {totals}"
    if len(outcomes) < requested:
        yield f"{requested - len(outcomes)} more were not reviewed in time: raise --seconds"
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
    incomplete = list(incomplete_lines(outcomes))
    yield from ("", *incomplete) if incomplete else ()
    if suggestion := suggested_policy(rows, len(outcomes), policy):
        yield ""
        yield "A policy to start with, in .github/fairlead.yml:"
        yield from (f"  {line}" for line in suggestion.splitlines())


def _why(outcome: Outcome) -> str:
    if outcome.review is None:
        return f"failed: {outcome.trouble}"
    return "blocked: " + ", ".join(
        sorted({finding.rule for finding in outcome.review.findings if finding.blocks})
    )
