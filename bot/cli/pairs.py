"""The environments of one commit or of two, read in this process: for queries, not for reviews.

Roots are rendered as in a review: by the same programs, in the same sandbox, within the same
budget. Roots that could not be rendered are named on standard error, since the answer lacks them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import click

from bot.analysis.manifests import ReadManifests
from bot.analysis.process.cache import FactCache
from bot.analysis.process.renders import RENDERS, RenderRequests, renders_here
from bot.cli.comparison import Sides, open_sides
from bot.cli.output import terminal
from bot.cli.repository_options import RepositoryOptions
from bot.core.policy.model import Policy
from bot.core.publish.markdown import visible
from bot.core.states import Pair, States, states_of
from bot.core.tree import Blobs, Tree
from bot.kubernetes.gitops import Declarations, RepositoryAddresses
from bot.settings import cache_directory, tool_folders

_MOST_NAMED: Final = 10


def pairs_at(at: str, where: RepositoryOptions) -> Sequence[Pair]:
    """The environments of one commit or directory; the other side of each pair is empty."""
    with open_sides(at, at, where.repo) as sides:
        policy = where.policy_for(sides)
        return _pairs(sides, {}, policy, where.tenant)


def pairs_between(base: str, head: str, where: RepositoryOptions) -> Sequence[Pair]:
    """The environments in which two commits or directories differ."""
    with open_sides(base, head, where.repo) as sides:
        policy = where.policy_for(sides)
        return _pairs(sides, sides.head.tree, policy, where.tenant)


def _pairs(sides: Sides, head: Tree, policy: Policy, tenant: str) -> Sequence[Pair]:
    base = sides.base.tree
    blobs = _Either((sides.base.blobs, sides.head.blobs))
    content = ReadManifests(blobs)
    with (
        terminal.progress("Reading and rendering the manifests"),
        FactCache(cache_directory(), name="renders", version=RENDERS) as kept,
    ):
        allowed = frozenset(file.blob for tree in (base, head) for file in tree.values())
        renders = renders_here(tool_folders())
        states = states_of(
            base,
            head,
            content,
            policy,
            builder=RenderRequests(renders, blobs, allowed, kept, tenant),
            declare=Declarations(content, RepositoryAddresses.of(sides.repositories)),
            addresses=sides.repositories,
        )
    _warn_of_missing(states)
    return states.pairs


def _warn_of_missing(states: States) -> None:
    """Name on standard error the roots that the answer lacks, and why."""
    missing: Mapping[str, str] = states.missing
    for name, reason in list(missing.items())[:_MOST_NAMED]:
        click.echo(f"fairlead: warning: {visible(f'{name} is not rendered: {reason}')}", err=True)
    if len(missing) > _MOST_NAMED:
        more = len(missing) - _MOST_NAMED
        click.echo(f"fairlead: warning: {more} more roots are not rendered", err=True)


@dataclass(frozen=True, slots=True)
class _Either:
    """Contents from the first of several stores that has them."""

    places: tuple[Blobs, ...]

    def data(self, blob: str) -> bytes:
        """The content of a file. Raises KeyError where no store has it."""
        for place in self.places[:-1]:
            try:
                return place.data(blob)
            except KeyError:
                continue
        return self.places[-1].data(blob)
