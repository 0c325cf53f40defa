"""What Flux's objects refer to: sources, ConfigMaps, and the clusters that apply them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.states.files import directory
from bot.core.values import Body, mapping, text
from bot.kubernetes import kinds
from bot.kubernetes.gitops.places import lies_in, within
from bot.kubernetes.gitops.repositories import Own

GIT_REPOSITORY: Final = GroupKind("source.toolkit.fluxcd.io", "GitRepository")
HELM_CHART: Final = GroupKind("source.toolkit.fluxcd.io", "HelmChart")
_MOST_STEPS: Final = 64


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
        found = self.named(
            reference.resource,
            GIT_REPOSITORY,
            reference["namespace"].text or namespace,
            reference["name"].text,
        )
        answers = {self.own.holds(held.at("spec", "url").text) for held in found}
        return answers.pop() if len(answers) == 1 else None

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
        contents = [dict(_strings(held.at("data").mapping)) for held in found]
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
        while left and len(seen) < _MOST_STEPS * max(len(self._paths), 1):
            asked = left.pop()
            if id(asked) in seen:
                continue
            seen.add(id(asked))
            parents = [held for held, path in self._paths if _applies(path, asked)]
            others = [held for held in parents if held is not asked and id(held) not in seen]
            if not [held for held in parents if held is not asked]:
                found.add(self._top(asked, parents))
            elif asked in parents and not others:
                found.add(self._top(asked, parents))
            left.extend(others)
        return tuple(sorted(found))

    def _top(self, resource: Resource, parents: Iterable[Resource]) -> str:
        if any(held is resource for held in parents):
            return within(resource.at("spec", "path").text or ".") or ""
        return directory(resource.source.path)

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


def _applies(path: str, resource: Resource) -> bool:
    """Whether what is applied from a directory holds this resource."""
    root = resource.source.root.split(":") if resource.source.root else []
    if len(root) > 1 and root[0] == "kustomization":
        return lies_in(root[1].removeprefix("./").replace(".", "", root[1] == "."), path)
    return lies_in(directory(resource.source.path), path)


def _shared(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count


def _strings(value: Body) -> Iterator[tuple[str, str]]:
    return ((key, held) for key, held in mapping(value).items() if (text(held)) is not None)  # type: ignore[misc]
