"""Which roots do objects of Argo CD, Flux and Config Sync declare, and how are they built?

Sources in other repositories declare no root of this one. A value that only the cluster knows
becomes a placeholder (`unknowns`). A root that cannot be built carries the reason as a hindrance.
Which namespaces and directories do the tools own and prune? See `owners`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from typing import Final

from bot.core.rendering import Declared
from bot.core.resource import Resource
from bot.core.tree import Blobs, Tree
from bot.kubernetes import kinds
from bot.kubernetes.gitops import config_sync, flux, flux_release
from bot.kubernetes.gitops.applicationset import applications_of
from bot.kubernetes.gitops.argocd import applications
from bot.kubernetes.gitops.argocd.names import Hubs, hubs_of
from bot.kubernetes.gitops.argocd.source import Application
from bot.kubernetes.gitops.flux_sources import FluxObjects
from bot.kubernetes.gitops.repositories import RepositoryAddresses, normalised
from bot.kubernetes.gitops.tree_files import TreeFiles
from bot.kubernetes.gitops.unbuilt import unbuilt
from bot.kubernetes.gitops.unknowns import (
    holds_unknown,
    indeterminate,
    is_sensitive,
    unknowns,
)
from bot.records import dataclass

__all__ = [
    "Declarations",
    "RepositoryAddresses",
    "holds_unknown",
    "indeterminate",
    "is_sensitive",
    "normalised",
    "unknowns",
]


_ARGO_KINDS: Final = frozenset(kinds.APPLICATIONS)
_DECLARING: Final = _ARGO_KINDS.union(kinds.FLUX_OWNERS, kinds.CONFIG_SYNCS)


@dataclass(frozen=True, slots=True)
class Declarations:
    """Reads the roots that GitOps objects declare; implements `bot.core.rendering.Declare`.

    `blobs` returns the content of the tree's files; `addresses` are those of the repository under
    review.
    """

    blobs: Blobs
    addresses: RepositoryAddresses = field(default_factory=RepositoryAddresses)

    def __call__(
        self, resources: Sequence[Resource], tree: Tree, both: Sequence[Resource] = (), /
    ) -> Iterator[Declared]:
        """Return the roots that these resources declare in a tree, without duplicates."""
        if not any(resource.group_kind in _DECLARING for resource in resources):
            return
        argo = tuple(_argo(resources))
        hubs = hubs_of(argo, _without(_argo(both), argo))
        seen: set[object] = set()
        for declared in self._declared(resources, TreeFiles(tree, self.blobs), hubs):
            identity = _identity(declared)
            if identity not in seen:
                seen.add(identity)
                yield declared

    def _declared(
        self, resources: Sequence[Resource], places: TreeFiles, hubs: Hubs
    ) -> Iterable[Declared]:
        flux_objects = FluxObjects(resources, self.addresses)
        for declared in self._by_argocd(flux_objects, places, hubs):
            yield replace(declared, tool="argocd")
        for resource in flux_objects.of(kinds.FLUX_KUSTOMIZATION):
            for declared in flux.declared_by(resource, places, flux_objects):
                yield replace(declared, tool="flux")
        for resource in flux_objects.of(kinds.HELM_RELEASE):
            tests = resource.at("spec", "test", "enable").value is True
            for declared in flux_release.declared_by(resource, places, flux_objects):
                yield replace(declared, tool="flux-tests" if tests else "flux")
        for kind in kinds.CONFIG_SYNCS:
            for resource in flux_objects.of(kind):
                for declared in config_sync.declared_by(resource, places, self.addresses):
                    yield replace(declared, tool="configsync")

    def _by_argocd(self, objects: FluxObjects, places: TreeFiles, hubs: Hubs) -> Iterable[Declared]:
        for resource in objects.of(kinds.APPLICATION):
            application = Application.of(resource)
            yield from applications.declared_by(application, places, self.addresses, hubs)
        for resource in objects.of(kinds.APPLICATION_SET):
            for application in applications_of(resource, places, self.addresses):
                declared = tuple(
                    applications.declared_by(application, places, self.addresses, hubs)
                )
                yield from (replace(one, generated=application.generated) for one in declared)
                if application.hindrances and not declared:
                    # Nothing in the tree stands for what is not known of the set.
                    title, why = f"Applications of {resource.key}", application.hindrances[-1]
                    yield unbuilt(application.node, title, why, resource.at("spec").value)


def _argo(resources: Iterable[Resource]) -> Iterator[Resource]:
    return (resource for resource in resources if resource.group_kind in _ARGO_KINDS)


def _without(both: Iterable[Resource], excluded: Iterable[Resource]) -> Iterator[Resource]:
    """Yield the resources of the other tree; the same object may occur in both."""
    remaining = Counter(map(id, excluded))
    for resource in both:
        if remaining[id(resource)]:
            remaining[id(resource)] -= 1
        else:
            yield resource


def _identity(declared: Declared) -> object:
    """Return what distinguishes one declared root from another."""
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
