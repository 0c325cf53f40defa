"""Ports that policies open and that nobody serves, and the port that was meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from bot.core.resource import Node, Resource
from bot.core.state import State, changes
from bot.core.values import Body
from bot.kubernetes.policies import Policies, policies
from bot.kubernetes.population import Pods, Selection
from bot.kubernetes.ports import HIGHEST, Ports
from bot.kubernetes.services import ServicePort, Services, service_ports, services
from bot.kubernetes.traffic import PodPeer, PortTerm, TrafficPolicy, TrafficRule

Code: TypeAlias = Literal["NP-SERVICE-PORT", "NP-PORT-UNEXPOSED", "NP-NAMED-PORT-MISSING"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """How traffic to a Service's port arrives at pods: on which of their ports."""

    service: Resource
    port: ServicePort
    pods: Pods
    number: int

    @property
    def words(self) -> str:
        """The number, with the name of the container port where there is one."""
        names = [held.name for held in self.pods.ports if self._is(held.number, held.protocol)]
        name = next((name for name in names if name), "")
        return f"{self.number} (container port {name})" if name else str(self.number)

    def _is(self, number: int, protocol: str) -> bool:
        return (number, protocol) == (self.number, self.port.protocol)


@dataclass(frozen=True, slots=True)
class PortIssue:
    """A port of a policy that no receiving pod serves. `use` is what to write instead.

    `certain` is False where pods that show no port at all may serve it after all.
    """

    code: Code
    policy: TrafficPolicy
    rule: TrafficRule
    term: PortTerm
    receivers: tuple[Pods, ...]
    arrivals: tuple[Arrival, ...]
    use: tuple[int | str, ...]
    certain: bool = True

    @property
    def identity(self) -> tuple[object, ...]:
        """What stays of it when lines and the order of rules change."""
        return (self.policy.resource.key, self.code, self.rule.direction, str(self.term))

    @property
    def facts(self) -> Body:
        """The issue for machines."""
        return MappingProxyType(
            {
                "code": self.code,
                "object": str(self.policy.resource.key),
                "port": self.term.value,
                "direction": self.rule.direction,
                "use": self.use,
            }
        )

    @property
    def places(self) -> Iterator[Node]:
        """The places that may have brought it about, the policy's port first."""
        yield self.term.node
        for arrival in self.arrivals:
            yield from arrival.port.places
            yield arrival.service.at("spec", "selector")
        for pods in self.receivers:
            yield from pods.places
        yield self.policy.subject.node
        yield self.rule.node


def new_port_issues(before: State, after: State) -> Iterator[PortIssue]:
    """The issues of head that base has not."""
    spaces = {change.key.namespace or change.key.name for change in changes(before, after)}
    known = Counter(issue.identity for issue in _issues(before, spaces))
    for issue in _issues(after, spaces):
        if known[issue.identity] > 0:
            known[issue.identity] -= 1
        else:
            yield issue


def _issues(state: State, spaces: set[str]) -> Iterator[PortIssue]:
    """The issues of the policies that a change in these namespaces can affect."""
    found = policies(state)
    for policy in found.valid:
        wide = [
            peer
            for rule in policy.rules
            for peer in rule.peers or ()
            if isinstance(peer, PodPeer) and peer.namespaces is not None
        ]
        if policy.resource.namespace is None or policy.resource.namespace in spaces or wide:
            yield from port_issues(state, policy)


def port_issues(state: State, policy: TrafficPolicy) -> Iterator[PortIssue]:
    """The ports of this policy that no pod serves that would receive the traffic."""
    for rule in policy.rules:
        if rule.action != "allow" or not rule.ports:
            continue
        receivers = _receivers(policies(state), policy, rule)
        if not receivers.pods:
            continue
        for term in rule.ports:
            yield from _judge(services(state), policy, rule, term, receivers)


def _receivers(found: Policies, policy: TrafficPolicy, rule: TrafficRule) -> Selection:
    """The pods that receive the traffic of a rule; none where others may receive it as well."""
    if rule.direction == "ingress":
        return _on_pod_network(found.subjects(policy))
    pods: list[Pods] = []
    possible: list[Pods] = []
    for peer in rule.peers or ():
        if not isinstance(peer, PodPeer) or _beyond(peer):
            return Selection()
        held = found.peers(policy, peer)
        if not held.all:
            return Selection()
        pods += held.pods
        possible += held.possible
    return _on_pod_network(Selection(tuple(pods), tuple(possible)))


def _beyond(peer: PodPeer) -> bool:
    """Whether a peer means pods of whatever namespace, such as the cluster's DNS."""
    if peer.namespaces is None or peer.pods.requirements:
        return False
    named = [key for key, _ in peer.namespaces.equalities if key == "kubernetes.io/metadata.name"]
    return not named


def _on_pod_network(selection: Selection) -> Selection:
    return Selection(
        tuple(pods for pods in selection.pods if not pods.host_network),
        tuple(pods for pods in selection.possible if not pods.host_network),
    )


def _judge(
    found: Services,
    policy: TrafficPolicy,
    rule: TrafficRule,
    term: PortTerm,
    receivers: Selection,
) -> Iterator[PortIssue]:
    if (term.low, term.high) == (1, HIGHEST) and not term.name:
        return
    if term.name:
        served = any(term.on(pods) for pods in receivers.all)
    else:
        served = any(term.numbers() & found.exposed(pods) for pods in receivers.all)
    if served:
        return
    arrivals = tuple(_arrivals(found, term, receivers.pods))
    numbers = tuple(sorted({arrival.number for arrival in arrivals}))
    shown = [pods for pods in receivers.all if found.exposed(pods)]
    through = {arrival.pods.key for arrival in arrivals}
    silent = [pods for pods in receivers.all if not found.exposed(pods)]
    certain = not silent
    if not term.name and arrivals:
        yield PortIssue(
            "NP-SERVICE-PORT", policy, rule, term, receivers.pods, arrivals, numbers, certain
        )
    elif receivers.possible:
        return
    elif term.name:
        use = numbers or _names(receivers.pods, term)
        yield PortIssue("NP-NAMED-PORT-MISSING", policy, rule, term, receivers.pods, arrivals, use)
    elif shown and not through:
        use = tuple(_numbers(found, receivers.pods, term))
        yield PortIssue("NP-PORT-UNEXPOSED", policy, rule, term, receivers.pods, (), use, certain)


def _arrivals(found: Services, term: PortTerm, receivers: tuple[Pods, ...]) -> Iterator[Arrival]:
    """The ways by which traffic to a Service's port of this number or name arrives elsewhere."""
    for pods in receivers:
        for service in found.of(pods):
            for port in service_ports(service):
                meant = port.name == term.name if term.name else port.number == term.single
                number = port.on(pods)
                if meant and port.protocol in term.protocols and number not in {None, term.single}:
                    yield Arrival(service, port, pods, number or 0)


def _names(receivers: tuple[Pods, ...], term: PortTerm) -> tuple[int | str, ...]:
    """The names that the pods have for ports of the same protocol."""
    return tuple(
        sorted(
            {
                port.name
                for pods in receivers
                for port in pods.ports
                if port.name and port.protocol in term.protocols
            }
        )
    )


def _numbers(found: Services, receivers: tuple[Pods, ...], term: PortTerm) -> Iterator[int]:
    """The ports of the same protocol that the pods are known to serve."""
    served = Ports()
    for pods in receivers:
        served |= found.exposed(pods)
    for protocol, low, high in served.ranges():
        if protocol in term.protocols:
            yield from range(low, high + 1)
