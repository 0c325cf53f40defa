"""Replica counts of a ScaledObject that KEDA refuses."""

from __future__ import annotations

from bot.core.resource import Node, Resource
from bot.records import dataclass

_DEFAULT_MAXIMUM = 100


@dataclass(frozen=True, slots=True)
class RefusedBound:
    """A replica count at its field, and why KEDA refuses it, as a clause."""

    node: Node
    reason: str


def refused_bound(scaled: Resource | None) -> RefusedBound | None:
    """The replica count for which KEDA's webhook refuses a ScaledObject, else its operator.

    None where the counts are valid; a minimum of 0 counts as 1, and none at all as 0.
    https://github.com/kedacore/keda/blob/main/apis/keda/v1alpha1/scaledobject_types.go
    """
    if scaled is None:
        return None
    spec = scaled.at("spec")
    least, most, idle = (spec[f"{name}ReplicaCount"] for name in ("min", "max", "idle"))
    minimum = 0 if least.integer is None else max(least.integer, 1)
    maximum = _DEFAULT_MAXIMUM if most.integer is None else most.integer
    if minimum > maximum:
        reason = f"minReplicaCount {minimum} is above maxReplicaCount {maximum}"
        return RefusedBound(least, reason)
    if idle.integer is not None and idle.integer >= minimum:
        reason = f"idleReplicaCount {idle.integer} is not below minReplicaCount {minimum}"
        return RefusedBound(idle, reason)
    return None
