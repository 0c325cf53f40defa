"""Autoscalers, the workloads that they scale, and replica counts that both set."""

from __future__ import annotations

from collections.abc import Iterator
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
