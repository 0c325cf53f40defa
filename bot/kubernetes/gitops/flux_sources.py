"""What Flux's objects refer to: sources, ConfigMaps, and the clusters that apply them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final

from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.states.roots.files import directory
from bot.kubernetes import kinds
from bot.kubernetes.gitops.artifacts import ARTIFACT_GENERATOR, EXTERNAL_ARTIFACT, composed_path
from bot.kubernetes.gitops.repositories import RepositoryAddresses
from bot.kubernetes.gitops.source_ignore import SourceFiles
from bot.kubernetes.gitops.tree_files import within
from bot.kubernetes.gitops.variables.substitution import pairs_of
from bot.records import cached_property, dataclass

GIT_REPOSITORY: Final = GroupKind("source.toolkit.fluxcd.io", "GitRepository")
HELM_CHART: Final = GroupKind("source.toolkit.fluxcd.io", "HelmChart")


@dataclass(frozen=True, slots=True)
class SourcePath:
    """A directory of a source: `reference` names the source, `path` is None outside of it.

    `is_own` says whether the source is this repository, None if that is unknown.
    """

    reference: Node
    path: str | None
    is_own: bool | None


@dataclass(frozen=True)
class FluxObjects:
    """The Flux objects of a repository; built once for a list of resources."""

    resources: Sequence[Resource]
    addresses: RepositoryAddresses
    _located: dict[int, SourcePath] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of(self, kind: GroupKind) -> Sequence[Resource]:
        """Return the resources of a kind."""
        return self._by_kind.get(kind, ())

    @cached_property
    def _by_kind(self) -> Mapping[GroupKind, Sequence[Resource]]:
        by_kind: dict[GroupKind, list[Resource]] = {}
        for resource in self.resources:
            by_kind.setdefault(resource.group_kind, []).append(resource)
        return by_kind

    @cached_property
    def _by_key(self) -> Mapping[ResourceKey, Sequence[Resource]]:
        by_key: dict[ResourceKey, list[Resource]] = {}
        for resource in self.resources:
            by_key.setdefault(resource.key, []).append(resource)
        return by_key

    def source_is_own(self, reference: Node, namespace: str | None) -> bool | None:
        """Return whether a `sourceRef` is this repository; None if that is unknown.

        https://fluxcd.io/flux/components/kustomize/kustomizations/#source-reference
        """
        if reference["kind"].text != GIT_REPOSITORY.kind:
            return False
        repositories = self._git(reference, namespace)
        answers = {
            self.addresses.holds(repository.at("spec", "url").text) for repository in repositories
        }
        return answers.pop() if len(answers) == 1 else None

    def located(self, kustomization: Resource) -> SourcePath:
        """Return the directory of a source that one of these Kustomizations applies."""
        if id(kustomization) not in self._located:
            self._located[id(kustomization)] = self._locate(kustomization)
        return self._located[id(kustomization)]

    def _locate(self, kustomization: Resource) -> SourcePath:
        reference = kustomization.at("spec", "sourceRef")
        path = kustomization.at("spec", "path").text or "."
        if reference["kind"].text == EXTERNAL_ARTIFACT:
            return self._composed(kustomization, reference, path)
        is_own = self.source_is_own(reference, kustomization.namespace)
        return SourcePath(reference, within(path), is_own)

    def _composed(self, kustomization: Resource, reference: Node, path: str) -> SourcePath:
        space = reference["namespace"].text or kustomization.namespace
        name = reference["name"].text or ""
        for generator in self.of(ARTIFACT_GENERATOR):
            found = composed_path(generator, name, path) if generator.namespace == space else None
            if found is not None:
                is_own = self.source_is_own(found.source, space)
                return SourcePath(found.source, found.path, is_own)
        return SourcePath(reference, None, is_own=False)

    def files_of(self, reference: Node) -> SourceFiles:
        """Return what the source of a `sourceRef` says about its files, nothing if unknown."""
        repositories = self._git(reference, reference.resource.namespace)
        answers = {SourceFiles.of(repository) for repository in repositories}
        return answers.pop() if len(answers) == 1 else SourceFiles()

    def _git(self, reference: Node, namespace: str | None) -> tuple[Resource, ...]:
        space = reference["namespace"].text or namespace
        return self.named(reference.resource, GIT_REPOSITORY, space, reference["name"].text)

    def named(
        self, asking: Resource, kind: GroupKind, namespace: str | None, name: str | None
    ) -> tuple[Resource, ...]:
        """Return the resources of this name; of several, those nearest to the referring object.

        Two clusters may each have one. The nearest is the one whose file shares the most
        directories; all that are equally near are returned.
        """
        key = ResourceKey(kind.group, kind.kind, namespace, name or "")
        same_key = self._by_key.get(key, ())
        if len(same_key) < 2:
            return tuple(same_key)
        near = [
            (_shared(resource.source.path, asking.source.path), resource) for resource in same_key
        ]
        most = max(count for count, _ in near)
        return tuple(resource for count, resource in near if count == most)

    def texts(self, asking: Resource, name: str | None) -> Mapping[str, str] | None:
        """Return the data of a ConfigMap in the referring object's namespace; None if unknown."""
        config_maps = self.named(asking, kinds.CONFIG_MAP, asking.namespace, name)
        contents = [dict(pairs_of(config_map.at("data").value)) for config_map in config_maps]
        if not contents or any(config_map != contents[0] for config_map in contents):
            return None
        return contents[0]

    def clusters(self, resource: Resource) -> tuple[str, ...]:
        """Return the clusters that a Flux object is applied to, each by Flux's start path.

        Whatever a Kustomization's path holds is in its clusters. A Kustomization that no other one
        applies starts at its own path if its file lies there, else where its file lies.
        """
        names: set[str] = set()
        seen: set[int] = set()
        pending = [resource]
        while pending:
            applied = pending.pop()
            if id(applied) in seen:
                continue
            seen.add(id(applied))
            parents = [
                (kustomization, path)
                for path in _and_above(_place(applied))
                for kustomization in self._by_path.get(path, ())
            ]
            own_paths = [path for kustomization, path in parents if kustomization is applied]
            if own_paths or not parents:
                names.add(own_paths[0] if own_paths else directory(applied.source.path))
            else:
                pending.extend(kustomization for kustomization, _ in parents)
        return tuple(sorted(names)) or (directory(resource.source.path),)

    @cached_property
    def _by_path(self) -> Mapping[str, list[Resource]]:
        """The Kustomizations of this repository by the directory that each applies."""
        by_path: dict[str, list[Resource]] = {}
        for kustomization in self.of(kinds.FLUX_KUSTOMIZATION):
            located = self.located(kustomization)
            if located.path is not None and located.is_own is not False:
                by_path.setdefault(located.path, []).append(kustomization)
        return by_path


def clusters_of(resource: Resource, flux: FluxObjects) -> Iterator[str]:
    """Return the clusters in which a Flux object creates resources.

    They are those that it is applied to, or those that a kubeconfig leads to from there.
    """
    there = resource.at("spec", "kubeConfig")
    name = there["secretRef"]["name"].text or there["configMapRef"]["name"].text
    for here in flux.clusters(resource):
        yield f"{here}:{name}" if name else here


def _place(resource: Resource) -> str:
    """Return the directory that must be applied for this resource to be."""
    kind, _, rest = resource.source.root.partition(":")
    if not kind:
        return directory(resource.source.path)
    root = rest.partition(":")[0]
    return "" if root == "." else root


def _and_above(place: str) -> Iterator[str]:
    """Yield a directory and those that it lies in, the top of the tree last."""
    while place:
        yield place
        place = directory(place)
    yield ""


def _shared(first: str, second: str) -> int:
    count = 0
    for segment, other_segment in zip(first.split("/")[:-1], second.split("/")[:-1], strict=False):
        if segment != other_segment:
            break
        count += 1
    return count
