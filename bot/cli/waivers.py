"""Waivers that match nothing in a commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
from bot.records import dataclass
from bot.settings import cache_directory, tool_folders

OF_CHANGES: Final = frozenset(
    {
        "connectivity-narrowed",
        "connectivity-widened",
        "immutable-field-changed",
        "placement-changed",
        "rbac-role-ref-changed",
        "reference-broken",
        "resource-pruned",
        "workload-service-account-changed",
    }
)
"""Rules that compare two commits; one commit cannot show whether their waivers match."""


@dataclass(frozen=True, slots=True)
class Unused:
    """Waivers that match nothing, and the number of problems."""

    waivers: tuple[Waiver, ...]
    unseen: int


def unused(
    policy_at: Callable[[str | None], Policy], commit: str, repo: Path, today: date
) -> Unused:
    """The waivers of the policy that match no finding in a commit or directory.

    `policy_at` returns the policy for the branch that `commit` names, None for no branch.
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
    waivers = (
        waiver
        for waiver in policy.waivers
        if waiver.rule is None or any(name_matches(rule, (waiver.rule,)) for rule in standing)
        if not any(waiver_matches(waiver, finding) for finding in review.findings)
    )
    return Unused(tuple(waivers), len(review.problems))
