"""Waivers that nothing needs: what stands in a commit, held against the policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.analysis.process.renders import renders_here
from bot.analysis.process.start import fork
from bot.catalog import load_rules
from bot.cli.comparison import compare, open_sides
from bot.core.engine.decide import waiver_matches
from bot.core.globs import name_matches
from bot.core.policy.model import Policy, Waiver
from bot.settings import cache_directory, tool_folders

OF_CHANGES: Final = frozenset(
    {
        "connectivity-widened",
        "immutable-field-changed",
        "rbac-role-ref-changed",
        "reference-broken",
        "resource-pruned",
        "secret-in-clear",
        "workload-service-account-changed",
    }
)
"""Rules that find nothing in what merely stands: no commit alone says what they are waived for."""


@dataclass(frozen=True, slots=True)
class Unused:
    """Waivers that match nothing that stands, and how much could not be looked at."""

    waivers: tuple[Waiver, ...]
    unseen: int


def unused(
    policy_at: Callable[[str | None], Policy], commit: str, repo: Path, today: date
) -> Unused:
    """The waivers that match nothing of what stands in a commit or directory, new or old.

    `policy_at` gives the policy of a branch, which the commit's name may be.
    """
    options = AnalysisOptions(
        cache=cache_directory(),
        tenant=str(repo.resolve()),
        start=fork,
        renders=renders_here(tool_folders()),
    )
    with open_sides(commit, commit, repo) as sides:
        policy = policy_at(sides.branch)
        nothing = replace(sides, base=ComparedTree({}, sides.base.blobs, "nothing"))
        review = compare(nothing, replace(policy, waivers=()), today, options)
    standing = [rule.id for rule in load_rules() if rule.id not in OF_CHANGES]
    found = (
        waiver
        for waiver in policy.waivers
        if waiver.rule is None or any(name_matches(rule, (waiver.rule,)) for rule in standing)
        if not any(waiver_matches(waiver, held) for held in review.findings)
    )
    return Unused(tuple(found), len(review.problems))
