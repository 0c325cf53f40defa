"""What a LimitRange refuses: containers, pods and claims that do not keep its bounds.

The order of defaults and the sums of a pod are those of the admission plugin:
https://github.com/kubernetes/kubernetes/blob/v1.37.2/plugin/pkg/admission/limitranger/admission.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.core.resource import Node, Resource, route_text
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.naming import container_name, escaped
from bot.kubernetes.workloads.pods import PodTemplate, pod_templates
from bot.kubernetes.workloads.quantities import quantity
from bot.records import dataclass

_Amounts: TypeAlias = Mapping[str, Decimal]
_POD_LEVEL: Final = frozenset({"cpu", "memory"})
_POD_LEVEL_SINCE: Final = 34
_LATE_DEFAULTS_SINCE: Final = 37  # feature gate PodLevelResourcesFixDefaulting


@dataclass(frozen=True, slots=True)
class BrokenBound:
    """A bound of a LimitRange that something does not keep; `words` say what and how.

    `node` is what does not keep it, `bound` the field of the LimitRange.
    """

    words: str
    node: Node
    bound: Node

    @property
    def key(self) -> tuple[str, ...]:
        """Identity of the bound and what breaks it, at base and at head."""
        return (route_text(self.node.route), route_text(self.bound.route))


@dataclass(frozen=True, slots=True)
class _Consumer:
    """What a container, pod or claim requests and may use, with the field that says so."""

    name: str
    node: Node
    requests: _Amounts
    limits: _Amounts
    is_claim: bool = False


@dataclass(frozen=True, slots=True)
class _Bound:
    """A bound of one resource's amount, and the field that holds it."""

    name: str
    amount: Decimal
    node: Node


def broken_bounds(resource: Resource, state: State) -> Iterator[BrokenBound]:
    """The bounds of the namespace's LimitRanges that a workload's pods or a claim do not keep."""
    ranges = [
        item
        for limits in state.of(kinds.LIMIT_RANGE, namespace=resource.namespace)
        for item in limits.at("spec", "limits").items()
    ]
    if not ranges:
        return
    for kind, consumer in _judged(resource, ranges, state):
        for item in ranges:
            if item["type"].text == kind:
                yield from _broken(consumer, item)


def _judged(
    resource: Resource, ranges: list[Node], state: State
) -> Iterator[tuple[str, _Consumer]]:
    if resource.group_kind == kinds.PERSISTENT_VOLUME_CLAIM:
        node = resource.at("spec", "resources", "requests")
        yield "PersistentVolumeClaim", _Consumer("it", node, _amounts(node), {}, is_claim=True)
    for template in pod_templates(resource):
        containers = {
            container.route: _container(container, ranges)
            for container in (*template.containers, *template.init_containers)
        }
        yield from (("Container", consumer) for consumer in containers.values())
        whole_pods = state.environment.has_minor(_POD_LEVEL_SINCE)
        sides = (
            _sum(template, {route: consumer.requests for route, consumer in containers.items()}),
            _sum(template, {route: consumer.limits for route, consumer in containers.items()}),
        )
        requests, limits = (
            {**total, **_pod_level(template.spec, side)} if whole_pods else total
            for total, side in zip(sides, ("requests", "limits"), strict=True)
        )
        if whole_pods and not state.environment.has_minor(_LATE_DEFAULTS_SINCE):
            requests |= _early_defaults(template)
        yield "Pod", _Consumer("a pod", template.spec["containers"], requests, limits)


def _container(container: Node, ranges: list[Node]) -> _Consumer:
    """A container with its defaults: a request is its limit, then the defaults of the range.

    Of several items of one LimitRange, the last one's defaults count.
    """
    resources = container["resources"]
    limits = dict(_amounts(resources["limits"]))
    requests = {**limits, **_amounts(resources["requests"])}
    items = (item for item in ranges if item["type"].text == "Container")
    for _, of_range in groupby(items, key=lambda item: item.resource.key):
        default: dict[str, Decimal] = {}
        least: dict[str, Decimal] = {}
        for item in of_range:
            own = {**_amounts(item["max"]), **_amounts(item["default"])}
            default |= own
            least |= {**_amounts(item["min"]), **own, **_amounts(item["defaultRequest"])}
        limits = {**default, **limits}
        requests = {**least, **requests}
    return _Consumer(container_name(container), resources, requests, limits)


def _sum(template: PodTemplate, by_route: Mapping[object, _Amounts]) -> dict[str, Decimal]:
    """What a pod has: its containers together, or more where an init container needs more."""
    total: dict[str, Decimal] = {}
    for container in template.containers:
        _add(total, by_route[container.route])
    most: dict[str, Decimal] = {}
    sidecars: dict[str, Decimal] = {}
    for container in template.init_containers:
        amounts = dict(by_route[container.route])
        if container["restartPolicy"].text == "Always":
            _add(total, amounts)
            _add(sidecars, amounts)
            amounts = dict(sidecars)
        else:
            _add(amounts, sidecars)
        for name, amount in amounts.items():
            most[name] = max(most.get(name, amount), amount)
    for name, amount in most.items():
        total[name] = max(total.get(name, amount), amount)
    return total


def _add(total: dict[str, Decimal], amounts: _Amounts) -> None:
    for name, amount in amounts.items():
        total[name] = total.get(name, Decimal(0)) + amount


def _early_defaults(template: PodTemplate) -> dict[str, Decimal]:
    """The requests of a pod as a whole that API servers fill in before they ask LimitRanges.

    A pod with limits of its own requests what its containers do, and else these limits
    (`defaultPodRequests` in
    https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/apis/core/v1/defaults.go).
    """
    limits = _pod_level(template.spec, "limits")
    if not limits:
        return {}
    containers = (*template.containers, *template.init_containers)
    total = _sum(template, {c.route: _container(c, []).requests for c in containers})
    written = _pod_level(template.spec, "requests")
    return {**limits, **{k: v for k, v in total.items() if k in _POD_LEVEL}, **written}


def _pod_level(spec: Node, side: str) -> _Amounts:
    amounts = _amounts(spec["resources"][side])
    return {name: amount for name, amount in amounts.items() if name in _POD_LEVEL}


def _amounts(node: Node) -> dict[str, Decimal]:
    parsed = {name: quantity(value) for name, value in node.mapping.items()}
    return {name: amount for name, amount in parsed.items() if amount is not None}


def _broken(consumer: _Consumer, item: Node) -> Iterator[BrokenBound]:
    for field, check in _CHECKS.items():
        for name, node in item[field].fields():
            amount = quantity(node.value)
            words = check(consumer, _Bound(name, amount, node)) if amount is not None else ""
            if words:
                yield BrokenBound(f"{consumer.name} {words}", consumer.node, node)


def _below(consumer: _Consumer, bound: _Bound) -> str:
    request, limit = consumer.requests.get(bound.name), consumer.limits.get(bound.name)
    if request is None:
        return f"requests no {escaped(bound.name)}, and has to request {bound.node.value}"
    least = request if limit is None or request < bound.amount else limit
    if least < bound.amount:
        return f"has {_amount(least, bound)}, less than {bound.node.value}"
    return ""


def _above(consumer: _Consumer, bound: _Bound) -> str:
    request, limit = consumer.requests.get(bound.name), consumer.limits.get(bound.name)
    if limit is None and not consumer.is_claim:
        return f"has no limit of {escaped(bound.name)}, and may have {bound.node.value}"
    most = max(value for value in (request, limit, Decimal(0)) if value is not None)
    if most > bound.amount:
        return f"has {_amount(most, bound)}, more than {bound.node.value}"
    return ""


def _ratio(consumer: _Consumer, bound: _Bound) -> str:
    request, limit = consumer.requests.get(bound.name), consumer.limits.get(bound.name)
    if not request or not limit:
        return f"has no request and limit of {escaped(bound.name)} to compare"
    if limit / request > bound.amount:
        times = f"{float(limit / request):g} times its request, more than {bound.node.value}"
        return f"has a limit of {escaped(bound.name)} {times}"
    return ""


_CHECKS: Final[Mapping[str, Callable[[_Consumer, _Bound], str]]] = MappingProxyType(
    {"min": _below, "max": _above, "maxLimitRequestRatio": _ratio}
)


def _amount(amount: Decimal, bound: _Bound) -> str:
    """An amount in the unit of a bound: beside 1Gi, `2Gi of memory` for 2048Mi."""
    suffix = str(bound.node.value).lstrip("0123456789.+-")
    unit = quantity(f"1{suffix}") or Decimal(1)
    return f"{float(amount / unit):g}{suffix} of {escaped(bound.name)}"
