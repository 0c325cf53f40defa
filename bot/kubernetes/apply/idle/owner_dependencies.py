"""The objects that owners of Flux need before they apply anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.records import dataclass

SOURCES: Final = (
    kinds.GIT_REPOSITORY,
    kinds.OCI_REPOSITORY,
    kinds.BUCKET,
    kinds.HELM_REPOSITORY,
)

OwnerTarget: TypeAlias = tuple[GroupKind, str | None, str]
"""The kind, namespace and name of an object."""


@dataclass(frozen=True, slots=True)
class OwnerDependency:
    """A field of an owner that names another object, without which the owner applies nothing."""

    node: Node
    kind: GroupKind
    namespace: str | None
    name: str

    @property
    def target(self) -> OwnerTarget:
        """The identity of that object."""
        return (self.kind, self.namespace, self.name)


def all_dependencies(owner: Resource) -> Iterator[OwnerDependency]:
    """Yield what an owner or a source of Flux needs before it applies or gives anything.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies
    """
    if owner.group_kind in SOURCES:
        yield from _needed_by_source(owner)
        return
    yield from dependencies(owner)
    spec = owner.at("spec")
    account = spec["serviceAccountName"]
    if account.text:
        yield OwnerDependency(account, kinds.SERVICE_ACCOUNT, owner.namespace, account.text)
    for source in (spec["sourceRef"], spec["chart"]["spec"]["sourceRef"], spec["chartRef"]):
        yield from _named(source, SOURCES, source["namespace"].text or owner.namespace)
    yield from _needed_values(spec["valuesFrom"], owner)
    if owner.group_kind != kinds.FLUX_KUSTOMIZATION:
        return
    secret = spec["decryption"]["secretRef"]
    if secret["name"].text:
        yield OwnerDependency(secret, kinds.SECRET, owner.namespace, secret["name"].text or "")
    yield from _needed_values(spec["postBuild"]["substituteFrom"], owner)


def _needed_by_source(source: Resource) -> Iterator[OwnerDependency]:
    """The Secrets of a source, and the repositories that it includes.

    https://fluxcd.io/flux/components/source/gitrepositories/#include
    """
    spec = source.at("spec")
    for secret in (spec["secretRef"], spec["verify"]["secretRef"]):
        if secret["name"].text:
            yield OwnerDependency(secret, kinds.SECRET, source.namespace, secret["name"].text or "")
    for item in spec["include"].items():
        name = item["repository"]["name"].text
        if name:
            yield OwnerDependency(item, kinds.GIT_REPOSITORY, source.namespace, name)


def dependencies(owner: Resource) -> Iterator[OwnerDependency]:
    """Yield the owners for which an object of Flux waits."""
    if owner.group_kind not in kinds.FLUX_OWNERS:
        return
    for item in owner.at("spec", "dependsOn").items():
        if item["name"].text:
            space = item["namespace"].text or owner.namespace
            yield OwnerDependency(item, owner.group_kind, space, item["name"].text or "")


def circular_owners(state: State) -> frozenset[OwnerTarget]:
    """Return the owners that wait for themselves, directly or through others.

    Those that wait for such owners are among them.
    """
    owners = {
        (one.group_kind, one.namespace, one.name): one for one in state.of(*kinds.FLUX_OWNERS)
    }
    waits = {
        target: {one.target for one in dependencies(owner)} & owners.keys()
        for target, owner in owners.items()
    }
    waiting: dict[OwnerTarget, list[OwnerTarget]] = {}
    for target, needed in waits.items():
        for one in needed:
            waiting.setdefault(one, []).append(target)
    ready = [target for target, needed in waits.items() if not needed]
    while ready:
        done = ready.pop()
        for target in waiting.get(done, ()):
            waits[target].discard(done)
            if not waits[target]:
                ready.append(target)
    return frozenset(target for target, needed in waits.items() if needed)


def _needed_values(references: Node, owner: Resource) -> Iterator[OwnerDependency]:
    """The ConfigMaps and Secrets from which a list takes values, and which its owner needs.

    https://fluxcd.io/flux/components/helm/helmreleases/#values-references
    """
    for item in references.items():
        if item["optional"].value is not True:
            yield from _named(item, (kinds.CONFIG_MAP, kinds.SECRET), owner.namespace)


def _named(
    reference: Node, allowed: tuple[GroupKind, ...], namespace: str | None
) -> Iterator[OwnerDependency]:
    """The object of one of these kinds that a reference names."""
    for kind in allowed:
        if reference["kind"].text == kind.kind and reference["name"].text:
            yield OwnerDependency(reference, kind, namespace, reference["name"].text or "")
