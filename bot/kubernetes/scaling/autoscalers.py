"""Autoscalers, the workloads that they scale, and replica counts that both set."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from types import MappingProxyType
from typing import Final

from bot.core.finding import Severity
from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.absence import CheckedReference
from bot.kubernetes.checks import ChangeReach, Violation
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

VERTICAL_POD_AUTOSCALER: Final = GroupKind("autoscaling.k8s.io", "VerticalPodAutoscaler")
SCALED_OBJECT: Final = GroupKind("keda.sh", "ScaledObject")
AUTOSCALERS: Final = (kinds.HORIZONTAL_POD_AUTOSCALER, VERTICAL_POD_AUTOSCALER, SCALED_OBJECT)
"""The kinds that scale a workload."""

SCALED: Final = (
    kinds.DEPLOYMENT,
    kinds.STATEFUL_SET,
    kinds.REPLICA_SET,
    kinds.REPLICATION_CONTROLLER,
    kinds.DEPLOYMENT_CONFIG,
    kinds.ROLLOUT,
)
"""The kinds with a number of replicas."""

_TRANSFER: Final = "scaledobject.keda.sh/transfer-hpa-ownership"
_PAUSED: Final = "autoscaling.keda.sh/paused-replicas"
_OWNERSHIP_UNCHECKED: Final = "validations.keda.sh/hpa-ownership"


@dataclass(frozen=True, slots=True)
class ScaleTarget:
    """The workload that an autoscaler names, at the fields with its name and its kind."""

    node: Node
    kind: Node
    key: ResourceKey


def target_of(autoscaler: Resource) -> ScaleTarget | None:
    """The target of an autoscaler; None where it names none. KEDA's default is a Deployment."""
    field = "targetRef" if autoscaler.group_kind == VERTICAL_POD_AUTOSCALER else "scaleTargetRef"
    reference = autoscaler.at("spec", field)
    name = reference["name"].text
    version, kind = reference["apiVersion"].text, reference["kind"].text
    if autoscaler.group_kind == SCALED_OBJECT:
        version, kind = version or "apps/v1", kind or "Deployment"
    if not name or not kind:
        return None
    group = version.rpartition("/")[0] if version else ""
    key = ResourceKey(group, kind, autoscaler.namespace, name)
    return ScaleTarget(reference["name"], reference["kind"], key)


def scale_target(state: State, autoscaler: Resource) -> Iterator[CheckedReference]:
    """The target of an autoscaler, as a reference that may lead nowhere."""
    target = target_of(autoscaler)
    if target is None:
        return
    workload = state.get(target.key)
    namespace = autoscaler.namespace or ""
    words = f"{target.key.kind} {namespace}/{target.key.name}"
    yield CheckedReference(
        str(target.key),
        workload is not None,
        namespace,
        (target.key.group_kind,),
        Violation(
            "AUTOSCALER-TARGET-MISSING",
            autoscaler,
            (words,),
            f"{str_of(autoscaler)} scales {words}, which does not exist: nothing is scaled",
            (target.node, target.kind),
        ),
        by=() if workload is None else (workload.at("metadata", "name"),),
        certain=namespace in state.closed and _of_another_kind(state, target.key),
    )


def _of_another_kind(state: State, key: ResourceKey) -> bool:
    """Whether a workload of this name and namespace is of another kind than the key says."""
    return any(
        resource.name == key.name
        for kind in SCALED
        if kind != key.group_kind
        for resource in state.of(kind, namespace=key.namespace)
    )


def check_fixed_replicas(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The workloads with a number of replicas that an autoscaler sets as well."""
    for autoscaler in state.of(kinds.HORIZONTAL_POD_AUTOSCALER, SCALED_OBJECT):
        target = target_of(autoscaler)
        workload = None if target is None else state.get(target.key)
        if target is None or workload is None or autoscaler.namespace not in reach:
            continue
        replicas = workload.at("spec", "replicas")
        if replicas.integer is None or replicas.integer == 0:  # zero switches autoscaling off
            continue
        yield Violation(
            "REPLICAS-FIXED",
            workload,
            (str(autoscaler.key),),
            f"{str_of(workload)} has {replicas.integer} replicas written down, and "
            f"{str_of(autoscaler)} sets them as well: each sync sets them back",
            (target.node, replicas, autoscaler.at("metadata", "name")),
            Severity.NOTICE,
            MappingProxyType({"replicas": replicas.integer}),
        )


def check_paused(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The workloads that a ScaledObject keeps at no replicas, whatever its triggers say.

    https://keda.sh/docs/latest/concepts/scaling-deployments/#pausing-autoscaling
    """
    for autoscaler in reach.resources(state, SCALED_OBJECT):
        target = target_of(autoscaler)
        paused = autoscaler.at("metadata", "annotations", _PAUSED)
        if target is not None and (paused.text or "").strip() == "0":
            yield Violation(
                "PAUSED-AT-ZERO",
                autoscaler,
                (),
                f"{str_of(autoscaler)} keeps {target.key.kind} {target.key.namespace}/"
                f"{target.key.name} at 0 replicas, whatever its triggers say",
                (paused, target.node),
            )


def check_shared_targets(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The pairs of autoscalers that set the replicas of the same workload.

    Kubernetes' controller stops with `AmbiguousSelector` for both, and KEDA's webhook refuses its
    own: https://github.com/kedacore/keda/blob/main/apis/keda/v1alpha1/scaledobject_webhook.go
    """
    scalers: dict[ResourceKey, list[tuple[Resource, Node]]] = {}
    for kind in (kinds.HORIZONTAL_POD_AUTOSCALER, SCALED_OBJECT):
        for autoscaler in reach.resources(state, kind):
            if target := target_of(autoscaler):
                scalers.setdefault(target.key, []).append((autoscaler, target.node))
    for key, sharing in scalers.items():
        for (first, name), (second, other_name) in combinations(sharing, 2):
            if _hands_over(first, second):
                continue
            yield Violation(
                "TARGET-SHARED",
                second,
                (str(first.key), str(key)),
                f"{str_of(second)} and {str_of(first)} both scale {key.kind} {key.namespace}/"
                f"{key.name}: two autoscalers of one workload stop each other",
                (other_name, name, second.at("metadata", "name"), first.at("metadata", "name")),
            )


def _hands_over(autoscaler: Resource, scaled_object: Resource) -> bool:
    """Whether a ScaledObject takes over this autoscaler, or is told to live beside it.

    https://keda.sh/docs/latest/reference/scaledobject-spec/#transfer-ownership-of-an-existing-hpa
    """
    if scaled_object.group_kind != SCALED_OBJECT or autoscaler.group_kind == SCALED_OBJECT:
        return False
    config = scaled_object.at("spec", "advanced", "horizontalPodAutoscalerConfig")
    taken = scaled_object.at("metadata", "annotations", _TRANSFER).text == "true"
    beside = autoscaler.at("metadata", "annotations", _OWNERSHIP_UNCHECKED).text == "false"
    return beside or (taken and config["name"].text == autoscaler.name)


def replicas_dropped(before: State, after: State) -> Iterator[tuple[Node, Violation]]:
    """The workloads that lose their number of replicas to an autoscaler, at base's field.

    The field that is no longer applied falls back to its default of 1 until the autoscaler acts:
    https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
    """
    for autoscaler in after.of(kinds.HORIZONTAL_POD_AUTOSCALER, SCALED_OBJECT):
        target = target_of(autoscaler)
        if target is None:
            continue
        old, new = before.get(target.key), after.get(target.key)
        if old is None or new is None or new.at("spec", "replicas").exists:
            continue
        count = old.at("spec", "replicas").integer
        if count is not None and count > 1:
            message = (
                f"{str_of(new)} drops its {count} replicas for {str_of(autoscaler)}: applying this "
                "sets the default of 1 replica until the autoscaler acts"
            )
            violation = Violation(
                "REPLICAS-DROPPED", new, (str(autoscaler.key),), message, (), Severity.NOTICE
            )
            yield old.at("spec", "replicas"), violation
