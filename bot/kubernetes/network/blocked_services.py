"""Services whose pods accept traffic from nobody on the port that the Service sends to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.core.words import first_of
from bot.kubernetes.causes import ChangedPosition, changed_place, lost_place
from bot.kubernetes.checks import ChangeReach, Violation, finding_at, violations_added
from bot.kubernetes.network.touched import touched_network_services
from bot.kubernetes.network.traffic import Tier, TrafficPolicy
from bot.kubernetes.network.verdict import network
from bot.kubernetes.services.service import ServicePort, service_ports, services
from bot.kubernetes.workloads.pod_names import named
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.population import PodGroup

# Kinds that can let in what a NetworkPolicy does not, and that are not modelled.
_OTHER: Final = (
    GroupKind("projectcalico.org", "NetworkPolicy"),
    GroupKind("projectcalico.org", "GlobalNetworkPolicy"),
    GroupKind("crd.projectcalico.org", "NetworkPolicy"),
    GroupKind("crd.projectcalico.org", "GlobalNetworkPolicy"),
    GroupKind("crd.antrea.io", "NetworkPolicy"),
    GroupKind("crd.antrea.io", "ClusterNetworkPolicy"),
)


def blocked_findings(before: State, after: State) -> Iterator[Finding]:
    """The Services that a change cuts off, each at the field that cuts it off."""
    for violation in violations_added(before, after, check_blocked):
        place = changed_place(before, violation.places)
        if place is None:
            place = lost_place(after, _opening(before, violation.subject))
        yield finding_at(violation, place or ChangedPosition(violation.places[0]))


def _opening(before: State, service: Resource) -> Iterator[Node]:
    """The fields of base that let a Service's traffic in: the policies and labels of its pods."""
    for pods in services(before).endpoints(service).pods:
        for policy in network(before).of(pods):
            yield policy.resource.at("spec", "ingress")
            yield policy.subject.node
        yield pods.template.node.at("metadata", "labels")


def check_blocked(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The Services of these namespaces whose pods accept traffic from nobody."""
    for service in touched_network_services(state, reach):
        yield from _blocked(state, service)


def _blocked(state: State, service: Resource) -> Iterator[Violation]:
    endpoints = services(state).endpoints(service)
    for port in service_ports(service):
        ends = [
            (pods, number)
            for pods in endpoints.pods
            if not pods.host_network and (number := port.on(pods)) is not None
        ]
        shut = [(pods, number) for pods, number in ends if _shut(state, pods, port, number)]
        if shut:
            code = "SVC-BLOCKED" if len(shut) == len(ends) else "SVC-PARTLY-BLOCKED"
            yield _judged(state, _issue(state, service, port, shut, code))


def _shut(state: State, pods: PodGroup, port: ServicePort, number: int) -> bool:
    """Whether the policies of these pods let in nobody at all on this port."""
    policies = network(state)
    if not policies.isolated(pods, "ingress"):
        return False
    return not any(
        (port.protocol, number) in rule.on(pods)
        for policy in policies.of(pods)
        if policy.tier in {Tier.ADMIN, Tier.ORDINARY}
        for rule in policy.of("ingress")
        if rule.action == "allow" and rule.peers != ()
    )


def _issue(
    state: State, service: Resource, port: ServicePort, shut: list[tuple[PodGroup, int]], code: str
) -> Violation:
    numbers = tuple(dict.fromkeys(number for _, number in shut))
    pods = tuple(group for group, _ in shut)
    selecting = (policy for each in pods for policy in network(state).of(each))
    policies = tuple(
        {policy.resource.key: policy for policy in selecting if _isolates(policy)}.values()
    )
    names = first_of([str_of(policy.resource) for policy in policies], 2, " and ")
    return Violation(
        code,
        service,
        (f"{port.number}/{port.protocol}",),
        f"{str_of(service)} sends port {port.number} to {named(pods)} on {port.protocol} "
        f"{' or '.join(map(str, numbers))}, where {names or 'the namespace'} "
        f"let{'s' if len(policies) < 2 else ''} nobody in",
        tuple(_places(port, service, policies, pods)),
        Severity.WARNING if code == "SVC-PARTLY-BLOCKED" else None,
        MappingProxyType({"port": port.number, "direction": "ingress", "use": numbers}),
    )


def _isolates(policy: TrafficPolicy) -> bool:
    return "ingress" in policy.isolates


def _places(
    port: ServicePort,
    service: Resource,
    policies: tuple[TrafficPolicy, ...],
    pods: tuple[PodGroup, ...],
) -> Iterator[Node]:
    yield from port.places
    yield service.at("spec", "selector")
    for policy in policies:
        for rule in policy.of("ingress"):
            for term in rule.ports or ():
                yield term.node
            yield rule.node
        yield policy.subject.node
        yield policy.resource.at("spec", "ingress")
        yield policy.resource.at("spec", "policyTypes")
        yield policy.resource.at("spec")
    for group in pods:
        yield from group.places


def _judged(state: State, violation: Violation) -> Violation:
    """The violation, lowered to a notice where a policy that is not modelled may let traffic in."""
    space = violation.subject.namespace
    others = state.of(*_OTHER)
    acting = next((resource for resource in others if resource.namespace in {None, space}), None)
    if acting is None:
        return violation
    message = f"{violation.message}, unless {str_of(acting)} does, which was not judged"
    return replace(violation, severity=Severity.NOTICE, message=message)
