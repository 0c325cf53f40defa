"""The images that a commit runs, rendered ones among them: what a first policy approves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.analysis.process.renders import renders_here
from bot.analysis.process.start import fork
from bot.analysis.review import review_trees
from bot.catalog import load_rules
from bot.cli.comparison import open_sides
from bot.core.policy.model import Images, Policy, RulePolicy
from bot.core.values import mapping, text
from bot.settings import cache_directory, tool_folders

_RULE: Final = "image-not-approved"
_NOWHERE: Final = "nowhere.invalid"
"""An approved list that approves nothing, so that the rule names every image."""


@dataclass(frozen=True, slots=True)
class InUse:
    """Registries with first path segments, and how much could not be looked at."""

    origins: frozenset[tuple[str, str]]
    unseen: int


def in_use(commit: str, repo: Path) -> InUse:
    """Where the images come from that a commit or directory runs."""
    options = AnalysisOptions(
        cache=cache_directory(),
        tenant=str(repo.resolve()),
        start=fork,
        renders=renders_here(tool_folders()),
    )
    others = {rule.id: RulePolicy(off=True) for rule in load_rules() if rule.id != _RULE}
    policy = Policy(images=Images((_NOWHERE,)), rules=MappingProxyType(others))
    with open_sides(commit, commit, repo) as sides:
        nothing = ComparedTree({}, sides.base.blobs, "nothing")
        own = replace(options, repositories=sides.repositories)
        review = review_trees(nothing, sides.head, policy, date.min, own)
    named = (mapping(found.facts.get("normalized")) for found in review.findings)
    origins = {
        (domain.lower(), path.partition("/")[0])
        for image in named
        if (domain := text(image.get("domain"))) and (path := text(image.get("path")))
    }
    return InUse(frozenset(origins), len(review.problems))
