"""Do carriers create and update the objects in them?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.core.resource import GroupKind, Resource
from bot.core.state import State
from bot.core.states.carriers.kinds import CLUSTER_RESOURCE_SET, may_nest
from bot.kubernetes import kinds
from bot.kubernetes.apply.handling import Handling, Manner

_KYVERNO: Final = (GroupKind("kyverno.io", "ClusterPolicy"), GroupKind("kyverno.io", "Policy"))
_WORKS: Final = (
    GroupKind("work.open-cluster-management.io", "ManifestWork"),
    GroupKind("work.open-cluster-management.io", "ManifestWorkReplicaSet"),
)
_OBJECTS: Final = (
    GroupKind("kubernetes.crossplane.io", "Object"),
    GroupKind("kubernetes.m.crossplane.io", "Object"),
)


def carriers(state: State) -> Mapping[str, Resource]:
    """Return the resources of a state that may carry others, by their keys as text."""
    return {
        str(resource.key): resource
        for resource in state.resources
        if resource.source.nesting is None and may_nest(resource.group_kind)
    }


def by_carrier(carrier: Resource, resource: Resource) -> Handling | None:
    """Return how a carrier handles the changes of an object in it; None where it applies them."""
    if carrier.group_kind == kinds.RESOURCE_SET:
        return _by_resource_set(carrier)
    if carrier.group_kind in _OBJECTS:
        return _by_crossplane(carrier)
    if carrier.group_kind in _KYVERNO:
        return _by_rule(carrier, resource)
    if carrier.group_kind == CLUSTER_RESOURCE_SET:
        return _by_cluster_resource_set(carrier)
    if carrier.group_kind in _WORKS:
        return _by_work(carrier, resource)
    return None


def _by_resource_set(carrier: Resource) -> Handling | None:
    """https://fluxoperator.dev/docs/crd/resourceset/."""
    mark = carrier.at("metadata", "annotations", "fluxcd.controlplane.io/reconcile")
    return Handling("unmanaged", mark) if (mark.text or "").lower() == "disabled" else None


def _by_crossplane(carrier: Resource) -> Handling | None:
    """https://docs.crossplane.io/latest/managed-resources/managed-resources/."""
    paused = carrier.at("metadata", "annotations", "crossplane.io/paused")
    if paused.text == "true":
        return Handling("unmanaged", paused)
    policies = carrier.at("spec", "managementPolicies")
    allowed = set(policies.texts)
    if not allowed or "*" in allowed or {"Create", "Update"} <= allowed:
        return None
    return Handling("created" if "Create" in allowed else "updated", policies)


def _by_rule(carrier: Resource, resource: Resource) -> Handling | None:
    """https://kyverno.io/docs/policy-types/cluster-policy/generate/#data-source."""
    nesting = resource.source.nesting
    index = nesting.steps[2] if nesting is not None and len(nesting.steps) > 2 else None
    for number, rule in enumerate(carrier.at("spec", "rules").items()):
        if number == index:
            synchronize = rule["generate"]["synchronize"]
            return None if synchronize.value is True else Handling("created", synchronize)
    return None


def _by_cluster_resource_set(carrier: Resource) -> Handling | None:
    """https://cluster-api.sigs.k8s.io/tasks/cluster-resource-set."""
    strategy = carrier.at("spec", "strategy")
    return None if strategy.text == "Reconcile" else Handling("created", strategy)


def _by_work(carrier: Resource, resource: Resource) -> Handling | None:
    """https://open-cluster-management.io/docs/concepts/work-distribution/manifestwork/."""
    spec = carrier.at("spec")
    work = spec if carrier.group_kind == _WORKS[0] else spec["manifestWorkTemplate"]
    manners: dict[str | None, Manner] = {"CreateOnly": "created", "ReadOnly": "unmanaged"}
    for item in work["manifestConfigs"].items():
        identity, strategy = item["resourceIdentifier"], item["updateStrategy"]["type"]
        named = (
            (identity["group"].text or "", resource.key.group),
            (identity["name"].text or "", resource.key.name),
            (identity["namespace"].text or "", resource.key.namespace or ""),
        )
        if strategy.text in manners and all(name in ("*", value) for name, value in named):
            return Handling(manners[strategy.text], strategy)
    return None
