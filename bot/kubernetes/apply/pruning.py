"""Pruning: what the tool that applies a directory does when a manifest is removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.resource import GroupKind, Resource
from bot.core.state import State, changes
from bot.core.words import counted
from bot.kubernetes import kinds
from bot.kubernetes.apply.sync_options import is_hook, is_lost_as_hook
from bot.kubernetes.gitops.owner_fates import WORST_FIRST, OwnerFate, cascades, fate_by
from bot.kubernetes.gitops.owners import owners_of, removed_owners
from bot.kubernetes.gitops.prune_marks import argo_prune_mark, is_kept_by_flux, is_kept_by_helm
from bot.kubernetes.limiting import limits_others
from bot.kubernetes.naming import escaped
from bot.records import dataclass

Fate: TypeAlias = Literal["pruned", "unknown", "confirmed", "left"]
"""Deleted; unknown, as nothing says who applies it; deleted once a person confirms it; kept."""


@dataclass(frozen=True, slots=True)
class Removed:
    """An object that a change takes out of the cluster, and what is lost with it, as a clause.

    `owner` is the removed object that takes it along, whether or not its own manifest stays.
    `hook` says that its manifest stays and makes it a hook, which is none of the objects that the
    tool keeps.
    """

    resource: Resource
    fate: Fate
    loss: str
    owner: Resource | None = None
    hook: bool = False


def removed(before: State, after: State, kinds_removed: frozenset[str]) -> Iterator[Removed]:
    """Yield the objects of the given kinds (`Kind` or `group/Kind`) that a change removes.

    They are those whose manifest goes or becomes a hook, and those whose owner goes and deletes
    what it applied. What limits others counts in any case where its manifest stays and makes it a
    hook that the cluster does not keep: no other rule sees that it is gone.
    Objects of a namespace that is removed as well are not reported beside it.
    """
    differing = tuple(changes(before, after))
    spaces = {
        change.key.name
        for change in differing
        if change.after is None and change.key.group_kind == kinds.NAMESPACE
    }
    for change in differing:
        resource = change.before
        is_reported = resource is not None and is_named(resource, kinds_removed)
        if resource is None or not (is_reported or limits_others(resource.group_kind)):
            continue
        owners = owners_of(resource, before)
        if change.key.namespace in spaces or is_hook(resource, owners):
            continue
        becomes = is_hook if is_reported else is_lost_as_hook
        goes = is_reported if change.after is None else becomes(change.after, owners)
        if not goes:
            continue
        loss = _loss(resource, before) if is_reported else "what it refuses is then allowed"
        if loss is not None:
            fate, owner = fate_of(resource, before, after)
            yield Removed(resource, fate, loss, owner, hook=change.after is not None)
    yield from _with_owners(before, after, kinds_removed)


def is_named(resource: Resource, kinds_removed: frozenset[str]) -> bool:
    """Return whether a resource has a name and is of one of these kinds (`Kind`, `group/Kind`)."""
    key = resource.key
    is_wanted = str(key.group_kind) in kinds_removed or key.kind in kinds_removed
    return is_wanted and not key.name.endswith("*")


def fate_of(resource: Resource, before: State, after: State) -> tuple[Fate, Resource | None]:
    """Return the worst fate that base's owners give a resource whose manifest is removed.

    With it the owner that does so, where the change removes that as well.
    """
    owners = owners_of(resource, before)
    if not owners:
        return _by_nobody_known(resource), None
    fates = [(fate_by(owner, resource, before, after), owner) for owner in owners]
    fate, owner = min(fates, key=lambda pair: WORST_FIRST.index(pair[0]))
    declared = resource.key in before.applied_by and resource.key not in before.also_inferred
    if fate != "pruned" and not declared:
        # An object that merely names the directory does not say that nothing else applies it.
        return _by_nobody_known(resource), None
    is_gone = owner in removed_owners(before, after)
    return fate, owner.resource if is_gone else None


def _with_owners(before: State, after: State, kinds_removed: frozenset[str]) -> Iterator[Removed]:
    """Yield the objects whose manifests stay, and whose owner is deleted with what it applied."""
    owners = removed_owners(before, after)
    if not owners:
        return
    for resource in before.resources:
        if after.get(resource.key) is None or not is_named(resource, kinds_removed):
            continue
        its_owners = owners_of(resource, before)
        if is_hook(resource, its_owners) or resource.source.nesting is not None:
            continue
        for owner in its_owners:
            fate = fate_by(owner, resource, before, after) if owner in owners else "left"
            loss = _loss(resource, before) if fate != "left" else None
            if loss is not None:
                yield Removed(resource, fate, loss, owner.resource)
                break


def _by_nobody_known(resource: Resource) -> Fate:
    """Return what becomes of a resource of which nothing here says who applies it."""
    kept = is_kept_by_flux(resource) or is_kept_by_helm(resource)
    return "left" if kept else _UNKNOWN[argo_prune_mark(resource)]


_UNKNOWN: Final[Mapping[OwnerFate, Fate]] = MappingProxyType(
    {"pruned": "unknown", "confirmed": "confirmed", "left": "left"}
)


def _loss(resource: Resource, before: State) -> str | None:
    """What is lost with the object, as a clause; None where nothing is."""
    loss = _LOSSES.get(str(resource.group_kind))
    return loss(resource, before) if loss is not None else "it is deleted"


def _namespace(resource: Resource, before: State) -> str:
    count = len(before.in_namespace(resource.name))
    here = f" ({counted(count, 'resource')} here)" if count else ""
    return f"everything in it goes with it{here}"


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
    return "its finalizer deletes everything that it manages" if cascades(resource) else None


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
