"""Pruning: what the tool that applies a directory does when a manifest is removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.resource import GroupKind, Resource
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.apply.sync_options import is_hook, is_kept, waits_for_a_person
from bot.kubernetes.gitops.owners import owners
from bot.kubernetes.naming import escaped

Fate: TypeAlias = Literal["pruned", "unknown", "confirmed", "left"]
"""Deleted; not known, for nothing here says who applies it; deleted if a person says so; kept."""

_FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"


@dataclass(frozen=True, slots=True)
class Removed:
    """An object that head no longer has, what happens to it, and a clause about what is lost."""

    resource: Resource
    fate: Fate
    loss: str


def removed(before: State, after: State, kinds_removed: frozenset[str]) -> Iterator[Removed]:
    """The objects of the given kinds (`Kind` or `group/Kind`) that a change removes.

    Objects of a namespace that is removed as well are not reported beside it.
    """
    gone = {change.key: change.before for change in changes(before, after) if not change.after}
    spaces = {key.name for key in gone if key.group_kind == kinds.NAMESPACE}
    for key, resource in gone.items():
        is_wanted = str(key.group_kind) in kinds_removed or key.kind in kinds_removed
        if resource is None or not is_wanted or key.name.endswith("*"):
            continue
        if key.namespace in spaces or is_hook(resource):
            continue
        loss = _loss(resource, before)
        if loss is not None:
            yield Removed(resource, _fate(resource, after), loss)


def _fate(resource: Resource, state: State) -> Fate:
    if is_kept(resource):
        return "left"
    covering = [owner for owner in state.derived(owners) if _covers(owner.path, resource)]
    nearest = max((len(owner.path) for owner in covering), default=0)
    prunes = [owner.prunes for owner in covering if len(owner.path) == nearest]
    if prunes and not any(prunes):
        return "left"
    if waits_for_a_person(resource):
        return "confirmed"
    return "pruned" if prunes else "unknown"


def _covers(path: str, resource: Resource) -> bool:
    """Whether the path contains the manifest; an empty path may be another repository."""
    return bool(path) and resource.source.path.startswith(f"{path}/")


def _loss(resource: Resource, before: State) -> str | None:
    """What is lost with the object, as a clause; None where nothing is."""
    loss = _LOSSES.get(str(resource.group_kind))
    return loss(resource, before) if loss is not None else "it is deleted"


def _namespace(resource: Resource, before: State) -> str:
    count = len(before.in_namespace(resource.name))
    noun = "resource" if count == 1 else "resources"
    return f"everything in it goes with it ({count} {noun} here)"


def _definition(resource: Resource, before: State) -> str:
    name = resource.at("spec", "names", "kind").text or resource.name
    count = len(before.of(GroupKind(resource.at("spec", "group").text or "", name)))
    here = f" ({count} here)" if count else ""
    return f"every {escaped(name)} in the cluster goes with it{here}"


def _claim(resource: Resource, before: State) -> str:
    del resource, before
    return "its data goes with it unless the volume is retained"


def _stateful_set(resource: Resource, before: State) -> str:
    del before
    policy = resource.at("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted").text
    if policy == "Delete":
        return "its pods and their volumes go with it"
    return "its pods go with it, and its volumes stay behind"


def _application(resource: Resource, before: State) -> str | None:
    del before
    finalizers = resource.at("metadata", "finalizers").texts
    cascades = any(finalizer.startswith(_FINALIZER) for finalizer in finalizers)
    return "its finalizer deletes everything that it manages" if cascades else None


def _application_set(resource: Resource, before: State) -> str | None:
    del before
    kept = resource.at("spec", "syncPolicy", "preserveResourcesOnDeletion").value is True
    return None if kept else "its Applications go with it"


def _kustomization(resource: Resource, before: State) -> str | None:
    del before
    policy = resource.at("spec", "deletionPolicy").text or "MirrorPrune"
    prunes = resource.at("spec", "prune").value is True
    deletes = policy in {"Delete", "WaitForTermination"} or (policy == "MirrorPrune" and prunes)
    return "everything that it applied goes with it" if deletes else None


def _release(resource: Resource, before: State) -> str:
    del resource, before
    return "its release is uninstalled"


_LOSSES: Final[Mapping[str, Callable[[Resource, State], str | None]]] = MappingProxyType(
    {
        "Namespace": _namespace,
        "PersistentVolumeClaim": _claim,
        "apps/StatefulSet": _stateful_set,
        "apiextensions.k8s.io/CustomResourceDefinition": _definition,
        "argoproj.io/Application": _application,
        "argoproj.io/ApplicationSet": _application_set,
        "kustomize.toolkit.fluxcd.io/Kustomization": _kustomization,
        "helm.toolkit.fluxcd.io/HelmRelease": _release,
    }
)
