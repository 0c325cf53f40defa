"""Waivers that nothing needs: what stands in a commit, held against the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from bot.analysis.run import Options, Side
from bot.cli.comparison import compare, open_sides
from bot.core.decide import waiver_matches
from bot.core.policy import Policy, Waiver


def unused(
    policy_at: Callable[[str | None], Policy], commit: str, repo: Path, today: date
) -> Iterator[Waiver]:
    """The waivers that match nothing of what stands in a commit or directory, new or old.

    `policy_at` gives the policy of a branch, which the commit's name may be.
    """
    options = Options()
    with open_sides(commit, commit, repo) as sides:
        policy = policy_at(sides.branch)
        nothing = replace(sides, base=Side({}, sides.base.blobs, "nothing"))
        review = compare(nothing, replace(policy, waivers=()), today, options)
    for waiver in policy.waivers:
        if not any(waiver_matches(waiver, found) for found in review.findings):
            yield waiver
