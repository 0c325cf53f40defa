"""What Argo CD's and Flux's objects say about a repository: roots, clusters, and how to build.

Nothing is guessed. What an object says of another repository is none of this one's roots; a value
that only a cluster knows is a text of its own (`unknowns`); what cannot be built says why.
"""

from __future__ import annotations

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
from bot.kubernetes.gitops.flux_sources import Flux
from bot.kubernetes.gitops.places import Places
from bot.kubernetes.gitops.repositories import Own, normalised
from bot.kubernetes.gitops.unknowns import holds_unknown, indeterminate, unknowns

__all__ = [
    "Declarations",
    "Hubs",
    "Own",
    "holds_unknown",
    "hubs_of",
    "indeterminate",
    "normalised",
    "unknowns",
]


@dataclass(frozen=True, slots=True)
class Declarations:
    """Reads what is declared: a `bot.core.rendering.Declare`.

    `blobs` give the content of the tree's files, `own` are the repository's addresses. `hubs` are
    its Argo CDs; without them they are found among the resources that are given, so that who asks
    about two trees gives those of both (`hubs_of`).
    """

    blobs: Blobs
    own: Own = field(default_factory=Own)
    hubs: Hubs | None = None

    def __call__(self, resources: Sequence[Resource], tree: Tree) -> Iterator[Declared]:
        """The roots that these resources declare in a tree, each once."""
        seen: set[object] = set()
        for found in self._declared(resources, Places(tree, self.blobs)):
            mark = _mark(found)
            if mark not in seen:
                seen.add(mark)
                yield found

    def _declared(self, resources: Sequence[Resource], places: Places) -> Iterable[Declared]:
        world = Flux(resources, self.own)
        hubs = self.hubs
        if hubs is None:
            hubs = hubs_of((*world.of(kinds.APPLICATION), *world.of(kinds.APPLICATION_SET)))
        for found in world.of(kinds.APPLICATION):
            yield from argocd.declared_by(Application.of(found), places, self.own, hubs)
        for found in world.of(kinds.APPLICATION_SET):
            for application in applications_of(found, places, self.own):
                yield from argocd.declared_by(application, places, self.own, hubs)
        for found in world.of(kinds.FLUX_KUSTOMIZATION):
            yield from flux.declared_by(found, places, world)
        for found in world.of(kinds.HELM_RELEASE):
            yield from flux_release.declared_by(found, places, world)


def _mark(found: Declared) -> object:
    """What tells one declared root from another."""
    owner = (found.node.resource.key, found.node.resource.source, found.node.route)
    built = (found.release, found.files, tuple(sorted(found.edits.items())), found.finish)
    return (owner, found.path, found.cluster, found.namespace, built, found.hindrances)
