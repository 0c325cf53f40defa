"""Config Sync's RootSyncs and RepoSyncs: the roots that each applies from this repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.core.rendering import Declared
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.core.states.roots.files import MANIFEST_SUFFIXES, directory
from bot.kubernetes import kinds
from bot.kubernetes.gitops.repositories import RepositoryAddresses
from bot.kubernetes.gitops.tree_files import TreeFiles, within
from bot.kubernetes.gitops.unbuilt import unbuilt

# https://github.com/GoogleContainerTools/kpt-config-sync/blob/main/pkg/importer/reader/reader.go
_IGNORED: Final = frozenset({".github", ".gitlab", ".gitlab-ci.yml"})
# https://github.com/GoogleContainerTools/kpt-config-sync/blob/main/pkg/importer/filesystem/filter.go
_CLUSTER_DIRECTORIES: Final = ("system", "cluster", "clusterregistry")
_NAMESPACES: Final = "namespaces"


def declared_by(
    resource: Resource, places: TreeFiles, addresses: RepositoryAddresses
) -> Iterator[Declared]:
    """Yield the roots that a RootSync or RepoSync declares.

    A kustomization at the top of its directory is built; without one, every manifest below is
    applied, in the hierarchical format with the namespace of its directory.
    """
    spec = resource.at("spec")
    kind = spec["sourceType"].text or "git"
    source = spec[kind]
    place = within(f"/{source['dir'].text or ''}")
    is_here = addresses.holds(source["repo"].text) if kind == "git" else False
    is_there = place is not None and places.has(place)
    if is_here is False or place is None or (is_here is None and not is_there):
        if source.exists:
            yield _elsewhere(resource, kind)
        return
    node = source["dir"] if source["dir"].exists else spec
    namespace = "default" if resource.group_kind == kinds.ROOT_SYNC else resource.namespace or ""
    declared = Declared(node, place, namespace=namespace)
    why = _refusal(resource, place, places)
    if why:
        yield replace(declared, hindrances=(why,))
    elif places.kustomization(place) is not None:
        yield declared
    elif _is_hierarchy(resource):
        yield from _hierarchy(declared, places)
    else:
        yield replace(declared, files=tuple(_manifests(place, places)))


def _elsewhere(resource: Resource, kind: str) -> Declared:
    source = resource.at("spec", kind)
    address = next((source[name].text for name in ("repo", "image") if source[name].text), "")
    return unbuilt(
        source,
        f"{kind} source {source['chart'].text or source['dir'].text or '.'} of {address}",
        f"{resource.key} takes it from a source that is not this repository and is not fetched",
        resource.at("spec").value,
    )


def _is_hierarchy(resource: Resource) -> bool:
    """Whether the directory is in the hierarchical format, a RootSync's default."""
    chosen = resource.at("spec", "sourceFormat").text
    return resource.group_kind == kinds.ROOT_SYNC and (chosen or "hierarchy") == "hierarchy"


def _refusal(resource: Resource, place: str, places: TreeFiles) -> str:
    """Why Config Sync applies nothing of a directory; empty where it does.

    https://github.com/GoogleContainerTools/kpt-config-sync/blob/main/pkg/hydrate/controller.go
    """
    if not places.has(place):
        return f"its directory {place or '.'!r} is not in the tree"
    if places.kustomization(place) is not None:
        if _is_hierarchy(resource):
            return "Config Sync refuses a kustomization in the hierarchical format"
        return ""
    below = {directory(path) for path in places.below(place)}
    if any(places.kustomization(inner) for inner in below):
        return "Config Sync refuses a kustomization below a directory that has none"
    return ""


def _manifests(place: str, places: TreeFiles) -> Iterator[str]:
    for path in places.below(place):
        if path.endswith(MANIFEST_SUFFIXES) and _IGNORED.isdisjoint(path.split("/")):
            yield path


def _hierarchy(declared: Declared, places: TreeFiles) -> Iterator[Declared]:
    """Yield a root for the cluster, and one for each namespace with what it inherits.

    What lies in a directory above those of namespaces is copied into each of them.
    https://cloud.google.com/kubernetes-engine/enterprise/config-sync/docs/concepts/hierarchical-repo
    """
    place = declared.path
    start = len(place) + 1 if place else 0
    listed = [path for path in _manifests(place, places) if "/" in path[start:]]
    by_top: dict[str, list[str]] = {}
    for path in listed:
        by_top.setdefault(path[start:].partition("/")[0], []).append(path)
    cluster = [path for top in _CLUSTER_DIRECTORIES for path in by_top.get(top, ())]
    namespaced = by_top.get(_NAMESPACES, [])
    taken = {*cluster, *namespaced}
    left_out = tuple(path for path in _manifests(place, places) if path not in taken)
    yield replace(declared, files=tuple(cluster), left_out=left_out, name="cluster")
    folders = {directory(path) for path in namespaced}
    for folder in sorted(folders):
        if any(other.startswith(f"{folder}/") for other in folders):
            continue
        inherited = (path for path in namespaced if f"{folder}/".startswith(f"{directory(path)}/"))
        name = folder.rpartition("/")[2]
        yield replace(declared, files=tuple(inherited), namespace=name, name=name)


def keeps(owner: Resource, resource: Resource, *, is_gone: bool) -> bool:
    """Return whether a RootSync or RepoSync leaves an object whose manifest is gone.

    Where `is_gone`, the owner is deleted as well.
    https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/common/common.go
    """
    is_marked = _annotated(resource, _KEPT) is not None
    return is_marked or (is_gone and not cascades(owner))


def unmanaged_mark(resource: Resource) -> Node | None:
    """Return the annotation by which Config Sync leaves an object alone.

    https://cloud.google.com/kubernetes-engine/enterprise/config-sync/docs/how-to/managing-objects
    """
    return _annotated(resource, _UNMANAGED)


def changed_selection(resource: Resource, before: State, after: State) -> Node | None:
    """Return what newly chooses the clusters or namespaces of an object that base has.

    That is the object's annotation, or the selector that it names. Where the new choice leaves a
    cluster or namespace out, the object is deleted there.
    https://docs.cloud.google.com/kubernetes-engine/config-sync/docs/how-to/cluster-scoped-objects
    """
    old = before.get(resource.key)
    if old is None:
        return None
    for annotation, kind in _SELECTIONS.items():
        name = resource.annotations.get(annotation)
        if name is None:
            continue
        if name != old.annotations.get(annotation):
            return resource.at("metadata", "annotations", annotation)
        for selector in after.of(kind) if kind is not None else ():
            earlier = before.get(selector.key)
            spec = selector.at("spec")
            if selector.name == name and earlier and earlier.at("spec").value != spec.value:
                return spec
    return None


def created_mark(resource: Resource) -> Node | None:
    """Return the annotation by which Config Sync creates an object and never updates it."""
    return _annotated(resource, _CREATED)


def cascades(owner: Resource) -> bool:
    """Return whether the deletion of a RootSync or RepoSync deletes what it applied."""
    return owner.annotations.get(DELETION) == "Foreground"


DELETION: Final = "configsync.gke.io/deletion-propagation-policy"
_MANAGEMENT: Final = "configmanagement.gke.io"
_SELECTIONS: Final[Mapping[str, GroupKind | None]] = MappingProxyType(
    {
        f"{_MANAGEMENT}/cluster-selector": GroupKind(_MANAGEMENT, "ClusterSelector"),
        f"{_MANAGEMENT}/namespace-selector": GroupKind(_MANAGEMENT, "NamespaceSelector"),
        "configsync.gke.io/cluster-name-selector": None,
    }
)
_UNMANAGED: Final = {"configmanagement.gke.io/managed": "disabled"}
_CREATED: Final = {"client.lifecycle.config.k8s.io/mutation": "ignore"}
_KEPT: Final = {
    "client.lifecycle.config.k8s.io/deletion": "detach",
    "cli-utils.sigs.k8s.io/on-remove": "keep",
    **_UNMANAGED,
}


def _annotated(resource: Resource, values: dict[str, str]) -> Node | None:
    for name, value in values.items():
        if resource.annotations.get(name) == value:
            return resource.at("metadata", "annotations", name)
    return None
