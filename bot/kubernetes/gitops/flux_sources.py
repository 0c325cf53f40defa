"""What Flux's objects refer to: sources, ConfigMaps, and the clusters that apply them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.states.roots.files import directory
from bot.kubernetes import kinds
from bot.kubernetes.gitops.field_positions import lies_in, within
from bot.kubernetes.gitops.repositories import Own
from bot.kubernetes.gitops.substitution import pairs_of

GIT_REPOSITORY: Final = GroupKind("source.toolkit.fluxcd.io", "GitRepository")
HELM_CHART: Final = GroupKind("source.toolkit.fluxcd.io", "HelmChart")


@dataclass(frozen=True)
class Flux:
    """All that a repository says to Flux. Built once for a list of resources."""

    resources: Sequence[Resource]
    own: Own

    def of(self, kind: GroupKind) -> Sequence[Resource]:
        """The resources of a kind."""
        return self._by_kind.get(kind, ())

    @cached_property
    def _by_kind(self) -> Mapping[GroupKind, Sequence[Resource]]:
        found: dict[GroupKind, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.group_kind, []).append(resource)
        return found

    def source_is_own(self, reference: Node, namespace: str | None) -> bool | None:
        """Whether a `sourceRef` is this repository; None where nothing here tells.

        https://fluxcd.io/flux/components/kustomize/kustomizations/#source-reference
        """
        if reference["kind"].text != GIT_REPOSITORY.kind:
            return False
        found = self._git(reference, namespace)
        answers = {self.own.holds(held.at("spec", "url").text) for held in found}
        return answers.pop() if len(answers) == 1 else None

    def ignored_by(self, reference: Node) -> str | None:
        """What the source of a `sourceRef` says that it leaves out; None if not known."""
        found = self._git(reference, reference.resource.namespace)
        answers = {held.at("spec", "ignore").text for held in found}
        return answers.pop() if len(answers) == 1 else None

    def _git(self, reference: Node, namespace: str | None) -> tuple[Resource, ...]:
        space = reference["namespace"].text or namespace
        return self.named(reference.resource, GIT_REPOSITORY, space, reference["name"].text)

    def named(
        self, asking: Resource, kind: GroupKind, namespace: str | None, name: str | None
    ) -> tuple[Resource, ...]:
        """The resources of this name, of several those nearest to the one that asks.

        Two clusters may each have one. The nearest is the one whose file shares most directories;
        where several are as near, all of them are given.
        """
        key = ResourceKey(kind.group, kind.kind, namespace, name or "")
        found = [held for held in self.of(kind) if held.key == key]
        if len(found) < 2:
            return tuple(found)
        near = [(_shared(held.source.path, asking.source.path), held) for held in found]
        most = max(count for count, _ in near)
        return tuple(held for count, held in near if count == most)

    def texts(self, asking: Resource, name: str | None) -> Mapping[str, str] | None:
        """The data of a ConfigMap in the namespace of the one that asks; None if not known."""
        found = self.named(asking, kinds.CONFIG_MAP, asking.namespace, name)
        contents = [dict(pairs_of(held.at("data").value)) for held in found]
        if not contents or any(held != contents[0] for held in contents):
            return None
        return contents[0]

    def clusters(self, resource: Resource) -> tuple[str, ...]:
        """The clusters that a Flux object is applied to, each by the path that Flux begins at.

        What a Kustomization's path holds is in its clusters. A Kustomization that nothing else
        applies begins at its own path if its file lies there, else where its file lies.
        """
        found: set[str] = set()
        seen: set[int] = set()
        left = [resource]
        while left:
            asked = left.pop()
            if id(asked) in seen:
                continue
            seen.add(id(asked))
            parents = [(held, path) for held, path in self._paths if _applies(path, asked)]
            own = [path for held, path in parents if held is asked]
            if own or not parents:
                found.add(own[0] if own else directory(asked.source.path))
            else:
                left.extend(held for held, _ in parents)
        return tuple(sorted(found)) or (directory(resource.source.path),)

    @cached_property
    def _paths(self) -> tuple[tuple[Resource, str], ...]:
        """The Kustomizations of this repository with the directory that each applies."""
        found = []
        for held in self.of(kinds.FLUX_KUSTOMIZATION):
            path = within(held.at("spec", "path").text or ".")
            own = self.source_is_own(held.at("spec", "sourceRef"), held.namespace)
            if path is not None and own is not False:
                found.append((held, path))
        return tuple(found)


def clusters_of(resource: Resource, flux: Flux) -> Iterator[str]:
    """The clusters that a Flux object puts things into.

    They are those that it is applied to, or those that a kubeconfig leads to from there.
    """
    there = resource.at("spec", "kubeConfig")
    name = there["secretRef"]["name"].text or there["configMapRef"]["name"].text
    for here in flux.clusters(resource):
        yield f"{here}:{name}" if name else here


def _applies(path: str, resource: Resource) -> bool:
    """Whether what is applied from a directory holds this resource."""
    kind, _, rest = resource.source.root.partition(":")
    if not kind:
        return lies_in(directory(resource.source.path), path)
    root = rest.partition(":")[0]
    return lies_in("" if root == "." else root, path)


def _shared(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count
