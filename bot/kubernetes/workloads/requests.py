"""Requests and limits as the scheduler and admission see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.workloads.pods import PodTemplate, pod_templates
from bot.records import dataclass

Demand: TypeAlias = Literal["requests.cpu", "requests.memory", "limits.cpu", "limits.memory"]

_DEMANDS: Final[tuple[tuple[Demand, str, str], ...]] = (
    ("requests.cpu", "requests", "cpu"),
    ("requests.memory", "requests", "memory"),
    ("limits.cpu", "limits", "cpu"),
    ("limits.memory", "limits", "memory"),
)
_LIMIT_DEFAULTS: Final = ("default", "max")
_REQUEST_DEFAULTS: Final = ("defaultRequest", "default", "max", "min")
_POD_LEVEL_SINCE: Final = 34
_AUTOSCALER: Final = GroupKind("autoscaling.k8s.io", "VerticalPodAutoscaler")
_REQUESTS: Final = frozenset[Demand]({"requests.cpu", "requests.memory"})


@dataclass(frozen=True, slots=True)
class Lacking:
    """A container, and the requests and limits that it lacks, in a fixed order."""

    template: PodTemplate
    container: Node
    demands: tuple[Demand, ...]


def lacking(resource: Resource, state: State, demands: frozenset[Demand]) -> Iterator[Lacking]:
    """The containers that lack some of the demanded requests and limits.

    Ordinary init containers are left out: the scheduler takes the larger of the largest init
    container and the sum of the others, and native sidecars count with the others.
    """
    for template in pod_templates(resource):
        yield from _lacking(template, state, template.serving, demands)


def refused(resource: Resource, state: State) -> Iterator[tuple[Resource, Lacking]]:
    """The containers, init containers included, that lack what a quota of their namespace demands.

    https://kubernetes.io/docs/concepts/policy/resource-quotas/. Since 1.34 a quota demands nothing
    of the containers of a pod that sets any resource for itself as a whole (Constraints in
    https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/quota/v1/evaluator/core/pods.go).
    """
    whole_pods = state.environment.has_minor(_POD_LEVEL_SINCE)
    for quota, demands in state.derived(_quotas).get(resource.namespace or "", ()):
        for template in pod_templates(resource):
            if whole_pods and _sets_pod_level(template.spec):
                continue
            containers = (*template.init_containers, *template.containers)
            for lack in _lacking(template, state, containers, demands):
                yield quota, lack


def _lacking(
    template: PodTemplate, state: State, containers: tuple[Node, ...], demands: frozenset[Demand]
) -> Iterator[Lacking]:
    if template.place.form == "task":
        # Steps ask in fields of their own, and Tekton makes the requests of the pod of them:
        # https://tekton.dev/docs/pipelines/compute-resources/
        return
    # Older API servers drop resources of a pod as a whole.
    whole_pods = state.environment.has_minor(_POD_LEVEL_SINCE)
    satisfied = _satisfied(template.spec) if whole_pods else frozenset()
    satisfied |= state.derived(_limit_ranges).get(template.namespace, frozenset())
    if template.owner.key in state.derived(_autoscaled):
        satisfied |= _REQUESTS
    for container in containers:
        missing = demands - satisfied - _satisfied(container)
        if missing:
            ordered = tuple(demand for demand, _, _ in _DEMANDS if demand in missing)
            yield Lacking(template, container, ordered)


def _sets_pod_level(spec: Node) -> bool:
    """Whether a pod sets a resource that may be set for the pod as a whole, whatever its amount."""
    names = (name for side in ("requests", "limits") for name in spec["resources"][side].mapping)
    return any(name in {"cpu", "memory"} or name.startswith("hugepages-") for name in names)


def _satisfied(holder: Node) -> frozenset[Demand]:
    """The demands that a container or the whole pod satisfies; a request defaults to the limit."""
    resources = holder["resources"]
    demands: set[Demand] = set()
    for demand, side, name in _DEMANDS:
        limited = side == "requests" and resources["limits"][name].value is not None
        if resources[side][name].value is not None or limited:
            demands.add(demand)
    return frozenset(demands)


def _limit_ranges(state: State) -> Mapping[str, frozenset[Demand]]:
    """The demands that the LimitRanges of each namespace satisfy by their defaults.

    A limit defaults to `default`, else `max`; a request to `defaultRequest`, else the default
    limit, else `min` (SetDefaults_LimitRangeItem).
    """
    by_namespace: dict[str, frozenset[Demand]] = {}
    for limits in state.of(kinds.LIMIT_RANGE):
        for item in limits.at("spec", "limits").items():
            if item["type"].text == "Container":
                space = limits.namespace or ""
                by_namespace[space] = by_namespace.get(space, frozenset()) | frozenset(
                    _defaults(item)
                )
    return MappingProxyType(by_namespace)


def _defaults(item: Node) -> Iterator[Demand]:
    for demand, side, name in _DEMANDS:
        fields = _REQUEST_DEFAULTS if side == "requests" else _LIMIT_DEFAULTS
        if any(item[field][name].value is not None for field in fields):
            yield demand


def _autoscaled(state: State) -> frozenset[ResourceKey]:
    """The workloads whose requests a VerticalPodAutoscaler sets."""
    targets = set()
    for scaler in state.of(_AUTOSCALER):
        target = scaler.at("spec", "targetRef")
        group = (target["apiVersion"].text or "").rpartition("/")[0]
        kind, name = target["kind"].text or "", target["name"].text or ""
        if scaler.at("spec", "updatePolicy", "updateMode").text != "Off":
            targets.add(ResourceKey(group, kind, scaler.namespace, name))
    return frozenset(targets)


def _quotas(state: State) -> Mapping[str, tuple[tuple[Resource, frozenset[Demand]], ...]]:
    """The quotas of each namespace, with the demands that no quota before them makes."""
    by_namespace: dict[str, list[tuple[Resource, frozenset[Demand]]]] = {}
    seen: dict[str, frozenset[Demand]] = {}
    for quota in state.of(kinds.RESOURCE_QUOTA):
        space = quota.namespace or ""
        demands = _demanded(quota) - seen.get(space, frozenset())
        if demands:
            seen[space] = seen.get(space, frozenset()) | demands
            by_namespace.setdefault(space, []).append((quota, demands))
    return MappingProxyType({space: tuple(quotas) for space, quotas in by_namespace.items()})


def _demanded(quota: Resource) -> frozenset[Demand]:
    """What a quota demands of every container; a quota with scopes applies to some pods only."""
    spec = quota.at("spec")
    if spec["scopes"].value or spec["scopeSelector"].value:
        return frozenset()
    hard = spec["hard"].mapping
    return frozenset(
        demand
        for demand, side, name in _DEMANDS
        if demand in hard or (side == "requests" and name in hard)
    )
