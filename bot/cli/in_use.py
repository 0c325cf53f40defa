"""The registries that a commit's images come from, for the proposal of a first policy."""

from __future__ import annotations

from dataclasses import replace
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
from bot.records import dataclass
from bot.settings import cache_directory, tool_folders

_RULE: Final = "image-not-approved"
_NOWHERE: Final = "nowhere.invalid"
"""A registry that no image comes from: approving only it makes the rule report every image."""


@dataclass(frozen=True, slots=True)
class InUse:
    """Pairs of registry and first path segment, and the number of problems."""

    origins: frozenset[tuple[str, str]]
    unseen: int


def in_use(commit: str, repo: Path) -> InUse:
    """The registries of all images of a commit or directory, including rendered manifests."""
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
        with_addresses = replace(options, repositories=sides.repositories)
        review = review_trees(nothing, sides.head, policy, date.min, with_addresses)
    named = (mapping(finding.facts.get("normalized")) for finding in review.findings)
    origins = {
        (domain.lower(), path.partition("/")[0])
        for image in named
        if (domain := text(image.get("domain"))) and (path := text(image.get("path")))
    }
    return InUse(frozenset(origins), len(review.problems))
