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
from bot.kubernetes.gitops.flux_sources import FluxObjects
from bot.kubernetes.gitops.repositories import RepositoryAddresses, normalised
from bot.kubernetes.gitops.tree_files import TreeFiles
from bot.kubernetes.gitops.unknowns import (
    holds_unknown,
    indeterminate,
    is_sensitive,
    unknowns,
)

__all__ = [
    "Declarations",
    "RepositoryAddresses",
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
    addresses: RepositoryAddresses = field(default_factory=RepositoryAddresses)

    def __call__(
        self, resources: Sequence[Resource], tree: Tree, both: Sequence[Resource] = (), /
    ) -> Iterator[Declared]:
        """The roots that these resources declare in a tree, each once."""
        hubs = hubs_of(_argo(resources), _argo(_without(both, resources)))
        seen: set[object] = set()
        for declared in self._declared(resources, TreeFiles(tree, self.blobs), hubs):
            identity = _identity(declared)
            if identity not in seen:
                seen.add(identity)
                yield declared

    def _declared(
        self, resources: Sequence[Resource], places: TreeFiles, hubs: Hubs
    ) -> Iterable[Declared]:
        world = FluxObjects(resources, self.addresses)
        for resource in world.of(kinds.APPLICATION):
            yield from argocd.declared_by(Application.of(resource), places, self.addresses, hubs)
        for resource in world.of(kinds.APPLICATION_SET):
            for application in applications_of(resource, places, self.addresses):
                yield from argocd.declared_by(application, places, self.addresses, hubs)
        for resource in world.of(kinds.FLUX_KUSTOMIZATION):
            yield from flux.declared_by(resource, places, world)
        for resource in world.of(kinds.HELM_RELEASE):
            yield from flux_release.declared_by(resource, places, world)


def _argo(resources: Iterable[Resource]) -> Iterator[Resource]:
    group_kinds = (kinds.APPLICATION, kinds.APPLICATION_SET)
    return (resource for resource in resources if resource.group_kind in group_kinds)


def _without(both: Iterable[Resource], excluded: Iterable[Resource]) -> Iterator[Resource]:
    """The resources of the other tree: one object may well stand for both."""
    remaining = Counter(map(id, excluded))
    for resource in both:
        if remaining[id(resource)]:
            remaining[id(resource)] -= 1
        else:
            yield resource


def _identity(declared: Declared) -> object:
    """What tells one declared root from another."""
    owner = (
        declared.name,
        declared.node.resource.key,
        declared.node.resource.source,
        declared.node.route,
    )
    built = (
        declared.release,
        declared.files,
        tuple(sorted(declared.edits.items())),
        declared.finish,
    )
    chart = declared.chart and (
        declared.chart.repository,
        declared.chart.name,
        declared.chart.version,
    )
    return (
        owner,
        declared.path,
        declared.cluster,
        declared.namespace,
        built,
        declared.hindrances,
        chart,
    )
