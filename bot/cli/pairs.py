"""The environments of a commit, or of two, read in this process: for questions, not reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.analysis.manifests import ReadManifests
from bot.cli import output
from bot.cli.comparison import open_sides, read_policy
from bot.core.policy import Policy
from bot.core.states import Pair, states_of
from bot.core.tree import Blobs, Tree


def pairs_at(at: str, repo: Path, policy_file: Path | None) -> Sequence[Pair]:
    """The environments of one commit or directory; the other side of each pair is empty."""
    with open_sides(at, at, repo) as sides:
        policy = read_policy(policy_file, sides.policy, sides.branch)
        return _pairs((sides.base.tree, {}), (sides.base.blobs,), policy)


def pairs_between(base: str, head: str, repo: Path, policy_file: Path | None) -> Sequence[Pair]:
    """The environments in which two commits or directories differ."""
    with open_sides(base, head, repo) as sides:
        policy = read_policy(policy_file, sides.policy, sides.branch)
        blobs = (sides.base.blobs, sides.head.blobs)
        return _pairs((sides.base.tree, sides.head.tree), blobs, policy)


def _pairs(trees: tuple[Tree, Tree], blobs: tuple[Blobs, ...], policy: Policy) -> Sequence[Pair]:
    with output.progress("Reading the manifests"):
        return states_of(*trees, ReadManifests(_Either(blobs)), policy).pairs


@dataclass(frozen=True, slots=True)
class _Either:
    """Contents that are in one of several places."""

    places: tuple[Blobs, ...]

    def data(self, blob: str) -> bytes:
        """The content of a file. Raises KeyError where no place has it."""
        for place in self.places[:-1]:
            try:
                return place.data(blob)
            except KeyError:
                continue
        return self.places[-1].data(blob)
