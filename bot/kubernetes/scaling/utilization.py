"""Autoscalers that scale by a share of requests which the pods do not make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.checks import ChangeReach, Violation
from bot.kubernetes.naming import escaped
from bot.kubernetes.scaling.autoscalers import (
    SCALED_OBJECT,
    VERTICAL_POD_AUTOSCALER,
    target_of,
)
from bot.kubernetes.workloads.pods import PodTemplate, pod_templates, str_of

_MEASURED: Final = frozenset({"cpu", "memory"})


def check_utilization(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The autoscalers of these namespaces whose metric is a share of a missing request.

    The controller computes no replicas where any container lacks the request:
    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#how-does-a-horizontalpodautoscaler-work
    """
    for autoscaler in reach.resources(state, kinds.HORIZONTAL_POD_AUTOSCALER, SCALED_OBJECT):
        target = target_of(autoscaler)
        workload = None if target is None else state.get(target.key)
        if workload is None or _is_given_requests(state, workload.key):
            continue
        for template in pod_templates(workload):
            for node, resource, named in _shares(autoscaler):
                container = _without_request(template, resource, named)
                if container is not None and not _has_default(state, workload, resource):
                    name = escaped(container["name"].text or "")
                    requests = container["resources"]["requests"]
                    places = (requests[resource], requests, container["resources"], container)
                    yield Violation(
                        "UTILIZATION-UNKNOWN",
                        autoscaler,
                        (resource, name),
                        f"{str_of(autoscaler)} scales {str_of(workload)} by its share of requested "
                        f"{resource}, which is unknown as container {name} requests none",
                        (*places, node),
                    )
                    break


def _shares(autoscaler: Resource) -> Iterator[tuple[Node, str, str | None]]:
    """The metrics that are shares of a request: the field, the resource, the container or None."""
    spec = autoscaler.at("spec")
    percentage = spec["targetCPUUtilizationPercentage"]
    if percentage.exists:
        yield percentage, "cpu", None
    for metric in spec["metrics"].items():
        by_container = metric["type"].text == "ContainerResource"
        source = metric["containerResource" if by_container else "resource"]
        name = source["name"].text or ""
        by_share = source["target"]["type"].text == "Utilization"
        old_share = source["targetAverageUtilization"].exists
        if name in _MEASURED and (by_share or old_share):
            yield source, name, source["container"].text if by_container else None
    for trigger in spec["triggers"].items():
        kind = trigger["metricType"].text or trigger["metadata"]["type"].text
        if trigger["type"].text in _MEASURED and kind == "Utilization":
            container = trigger["metadata"]["containerName"].text
            yield trigger["metadata"], trigger["type"].text or "", container


def _without_request(template: PodTemplate, resource: str, named: str | None) -> Node | None:
    """The first container that requests nothing of a resource; a limit counts as a request."""
    if template.spec["resources"].exists:
        return None  # the pod as a whole requests
    for container in template.spec["containers"].items():
        if named is not None and container["name"].text != named:
            continue
        resources = container["resources"]
        if container["image"].exists and not any(
            resources[side][resource].exists for side in ("requests", "limits")
        ):
            return container
    return None


def _has_default(state: State, workload: Resource, resource: str) -> bool:
    """Whether a LimitRange of the namespace gives containers a request."""
    return any(
        item[field][resource].exists
        for limits in state.of(kinds.LIMIT_RANGE, namespace=workload.namespace)
        for item in limits.at("spec", "limits").items()
        for field in ("defaultRequest", "default")
    )


def _is_given_requests(state: State, workload: ResourceKey) -> bool:
    """Whether a VerticalPodAutoscaler sets the requests of a workload."""
    targets = map(target_of, state.of(VERTICAL_POD_AUTOSCALER, namespace=workload.namespace))
    return any(target is not None and target.key == workload for target in targets)
