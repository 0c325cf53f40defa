"""Small repositories for tests: texts into what their objects declare."""

from __future__ import annotations

from collections.abc import Mapping

from bot.analysis.examine import MemoryBlobs
from bot.core.manifest import ManifestFile
from bot.core.reading import read_manifest
from bot.core.rendering import Declared
from bot.core.resource import Resource
from bot.core.scopes import scopes_of
from bot.core.states.resources import resources_of
from bot.core.states.roots.files import MANIFEST_SUFFIXES
from bot.core.tree import File
from bot.kubernetes.gitops import Declarations, RepositoryAddresses

REPOSITORY = "https://github.com/example/infra"
KUSTOMIZATION = "resources: []\n"


def resources(files: Mapping[str, str], namespace: str = "default") -> list[Resource]:
    """The resources that these files hold, each file by itself."""
    found: list[Resource] = []
    for path, text in files.items():
        if path.endswith(MANIFEST_SUFFIXES):
            held = ManifestFile(path, path, read_manifest(text.encode()))
            found += resources_of(held, namespace, scopes_of(()))
    return found


def declared(files: Mapping[str, str], own: str = REPOSITORY) -> list[Declared]:
    """The roots that the objects in these files declare, but for sources that are not built."""
    return [root for root in _declared(files, own) if not root.remote]


def unbuilt(files: Mapping[str, str], own: str = REPOSITORY) -> list[str]:
    """The sources that the objects in these files name and that are not built."""
    return [root.remote for root in _declared(files, own) if root.remote]


def _declared(files: Mapping[str, str], own: str) -> list[Declared]:
    tree = {path: File("100644", path, len(text)) for path, text in files.items()}
    blobs = MemoryBlobs({path: text.encode() for path, text in files.items()})
    return list(
        Declarations(blobs, RepositoryAddresses.of([own] if own else []))(resources(files), tree)
    )


def only(files: Mapping[str, str], own: str = REPOSITORY) -> Declared:
    """The only root that these files declare."""
    (found,) = declared(files, own)
    return found


def application(source: str, *, name: str = "shop", destination: str = "{name: prod}") -> str:
    """An Application with this source, as a flow mapping without its address."""
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        f"metadata: {{name: {name}, namespace: argocd}}\n"
        f"spec: {{destination: {destination}, source: {{repoURL: '{REPOSITORY}.git', {source}}}}}\n"
    )


def application_set(generators: str, template: str, *, go: bool = False, more: str = "") -> str:
    """An ApplicationSet with these generators and this template's spec, as flow nodes."""
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n"
        "metadata: {name: set, namespace: argocd}\n"
        f"spec:\n  goTemplate: {str(go).lower()}\n{more}"
        f"  generators: {generators}\n"
        f"  template: {{metadata: {{name: app}}, spec: {template}}}\n"
    )


GIT = (
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
    "metadata: {name: flux-system, namespace: flux-system}\n"
    "spec: {url: 'ssh://git@github.com/example/infra'}\n"
)


def flux(spec: str, name: str = "apps") -> str:
    """A Flux Kustomization of this repository, with these further fields as a flow mapping."""
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec: {{sourceRef: {{kind: GitRepository, name: flux-system}}, {spec}}}\n"
    )


def release(spec: str, name: str = "shop", chart: str = "./charts/shop") -> str:
    """A Flux HelmRelease of a chart of this repository."""
    source = "sourceRef: {kind: GitRepository, name: flux-system}"
    return (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec: {{chart: {{spec: {{chart: {chart}, {source}}}}}, {spec}}}\n"
    )
