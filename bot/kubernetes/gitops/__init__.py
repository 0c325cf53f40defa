"""What Argo CD's and Flux's objects say about a repository: roots, clusters, and how to build.

Nothing is guessed. What an object says of another repository is none of this one's roots; a value
that only a cluster knows is a text of its own (`unknowns`); what cannot be built says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.core.rendering import Declared
from bot.core.resource import Resource
from bot.core.tree import Blobs, Tree
from bot.kubernetes import kinds
from bot.kubernetes.gitops import argocd, flux, flux_release
from bot.kubernetes.gitops.applicationset import applications_of
from bot.kubernetes.gitops.argocd_names import Hubs, hubs_of
from bot.kubernetes.gitops.argocd_source import Application
from bot.kubernetes.gitops.field_positions import FieldPositions
from bot.kubernetes.gitops.flux_sources import Flux
from bot.kubernetes.gitops.repositories import Own, normalised
from bot.kubernetes.gitops.unknowns import (
    holds_unknown,
    indeterminate,
    is_sensitive,
    unknowns,
)

__all__ = [
    "Declarations",
    "Own",
    "holds_unknown",
    "indeterminate",
    "is_sensitive",
    "normalised",
    "unknowns",
]


@dataclass(frozen=True, slots=True)
class Declarations:
    """Reads what is declared: a `bot.core.rendering.Declare`.

    `blobs` give the content of the tree's files, `own` are the repository's addresses.
    """

    blobs: Blobs
    own: Own = field(default_factory=Own)

    def __call__(
        self, resources: Sequence[Resource], tree: Tree, both: Sequence[Resource] = (), /
    ) -> Iterator[Declared]:
        """The roots that these resources declare in a tree, each once."""
        hubs = hubs_of(_argo(resources), _argo(_without(both, resources)))
        seen: set[object] = set()
        for found in self._declared(resources, FieldPositions(tree, self.blobs), hubs):
            mark = _mark(found)
            if mark not in seen:
                seen.add(mark)
                yield found

    def _declared(
        self, resources: Sequence[Resource], places: FieldPositions, hubs: Hubs
    ) -> Iterable[Declared]:
        world = Flux(resources, self.own)
        for found in world.of(kinds.APPLICATION):
            yield from argocd.declared_by(Application.of(found), places, self.own, hubs)
        for found in world.of(kinds.APPLICATION_SET):
            for application in applications_of(found, places, self.own):
                yield from argocd.declared_by(application, places, self.own, hubs)
        for found in world.of(kinds.FLUX_KUSTOMIZATION):
            yield from flux.declared_by(found, places, world)
        for found in world.of(kinds.HELM_RELEASE):
            yield from flux_release.declared_by(found, places, world)


def _argo(resources: Iterable[Resource]) -> Iterator[Resource]:
    wanted = (kinds.APPLICATION, kinds.APPLICATION_SET)
    return (found for found in resources if found.group_kind in wanted)


def _without(both: Iterable[Resource], one: Iterable[Resource]) -> Iterator[Resource]:
    """The resources of the other tree: one object may well stand for both."""
    left = Counter(map(id, one))
    for found in both:
        if left[id(found)]:
            left[id(found)] -= 1
        else:
            yield found


def _mark(found: Declared) -> object:
    """What tells one declared root from another."""
    owner = (found.name, found.node.resource.key, found.node.resource.source, found.node.route)
    built = (found.release, found.files, tuple(sorted(found.edits.items())), found.finish)
    chart = found.chart and (found.chart.repository, found.chart.name, found.chart.version)
    return (owner, found.path, found.cluster, found.namespace, built, found.hindrances, chart)
