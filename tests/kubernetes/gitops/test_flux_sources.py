"""What Flux objects take of a repository, looked up once."""

from __future__ import annotations

from bot.analysis.examine import MemoryBlobs
from bot.kubernetes import kinds
from bot.kubernetes.gitops import Declarations
from bot.kubernetes.gitops.flux_sources import FluxObjects
from bot.kubernetes.gitops.repositories import RepositoryAddresses
from tests.states import world

_APPS = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {path: ./apps, sourceRef: {kind: GitRepository, name: flux-system}}
"""


def test_where_a_kustomization_points_is_looked_up_once() -> None:
    """Its own declaration, its source's exclusions and the search for clusters ask for it."""
    resources = world(_APPS).resources
    (apps,) = resources
    objects = FluxObjects(resources, RepositoryAddresses())

    located = objects.located(apps)

    assert (located.path, objects.clusters(apps)) == ("apps", ("",))
    assert objects.located(apps) is located
    assert objects.of(kinds.FLUX_KUSTOMIZATION) == [apps]


def test_a_path_that_the_repository_lacks_is_named_where_the_source_is_unknown() -> None:
    """A directory that moved, most often: nothing says that the source is another repository."""
    declarations = Declarations(MemoryBlobs({}), RepositoryAddresses())

    (root,) = declarations(world(_APPS).resources, {})

    assert root.hindrances[0].endswith(
        "takes it from GitRepository/flux-system, which is not fetched, and this repository has "
        "no such path"
    )
