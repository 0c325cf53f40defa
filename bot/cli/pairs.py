"""The environments of one commit or of two, read in this process: for queries, not for reviews.

Roots are rendered as in a review: by the same programs, in the same sandbox, within the same
budget. Roots that could not be rendered are named on standard error, since the answer lacks them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from bot.core.reading import line_of, read_manifest
from bot.core.resource import Resource, ResourceSource
from bot.core.states import Pair, States, states_of
from bot.core.states.placement_table import Placement
from bot.core.tree import Blobs, Tree
from bot.kubernetes.gitops import Declarations, RepositoryAddresses
from bot.records import dataclass
from bot.settings import cache_directory, tool_folders

_MOST_NAMED: Final = 10


def pairs_at(at: str, where: RepositoryOptions) -> Sequence[Pair]:
    """The environments of one commit or directory; the other side of each pair is empty."""
    with open_sides(at, at, where.repo) as sides:
        policy = where.policy_for(sides)
        return _states(sides, {}, policy, where.tenant).pairs


def pairs_between(base: str, head: str, where: RepositoryOptions) -> Sequence[Pair]:
    """The environments in which two commits or directories differ."""
    with open_sides(base, head, where.repo) as sides:
        policy = where.policy_for(sides)
        return _states(sides, sides.head.tree, policy, where.tenant).pairs


@dataclass(frozen=True, slots=True)
class LocatedPlacement:
    """A placement, the file and line (1-based) that says so, and what a change does to it.

    `change` is `added` or `removed`, and empty for the table of one commit.
    """

    placement: Placement
    path: str = ""
    line: int | None = None
    change: str = ""


def placements_at(at: str, where: RepositoryOptions) -> Sequence[LocatedPlacement]:
    """The table of placements of one commit or directory."""
    with open_sides(at, at, where.repo) as sides:
        states = _states(sides, {}, where.policy_for(sides), where.tenant)
        return [_located(row, sides.base.blobs) for row in states.placements[0].rows()]


def placements_between(
    base: str, head: str, where: RepositoryOptions
) -> Sequence[LocatedPlacement]:
    """The rows of two tables of placements that differ."""
    with open_sides(base, head, where.repo) as sides:
        states = _states(sides, sides.head.tree, where.policy_for(sides), where.tenant)
        old, new = (list(table.rows()) for table in states.placements)
        known, kept = set(old), set(new)
        removed = [_located(row, sides.base.blobs, "removed") for row in old if row not in kept]
        added = [_located(row, sides.head.blobs, "added") for row in new if row not in known]
        return sorted((*removed, *added), key=lambda each: (each.placement.root, each.change))


def _located(row: Placement, blobs: Blobs, change: str = "") -> LocatedPlacement:
    if row.node is None:
        return LocatedPlacement(row, change=change)
    resource = row.node.resource
    source = resource.source
    try:
        data = blobs.data(source.blob)
    except KeyError:
        return LocatedPlacement(row, source.path, change=change)
    if source.root:
        source = _written(resource, data)
    return LocatedPlacement(row, source.path, line_of(data, source, row.node.route), change)


def _written(resource: Resource, data: bytes) -> ResourceSource:
    """Where a resource that kustomize built is written: the object of its kind and name."""
    for document in read_manifest(data).kustomize.objects:
        identity = document.identity
        if identity and (identity.group_kind, identity.name) == (
            resource.group_kind,
            resource.name,
        ):
            return replace(resource.source, document=document.document, item=document.item, root="")
    return resource.source


def _states(sides: Sides, head: Tree, policy: Policy, tenant: str) -> States:
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
    return states


def _warn_of_missing(states: States) -> None:
    """Name on standard error the roots that the answer lacks, and why."""
    missing: Mapping[str, str] = states.missing
    for name, reason in list(missing.items())[:_MOST_NAMED]:
        parts = name.split(":")
        root = f"the {' '.join(parts)}" if len(parts) == 2 else name  # inferred: kind and path
        text = visible(f"{root} is not rendered: {reason}")
        click.echo(f"fairlead: warning: {text}", err=True)
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
