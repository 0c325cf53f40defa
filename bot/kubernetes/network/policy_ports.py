"""Ports that policies open although no pod serves them, and the ports that were meant."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.finding import Fix, Related, Severity
from bot.core.resource import Node
from bot.core.state import State
from bot.kubernetes.checks import ChangeReach, Violation
from bot.kubernetes.network.service_traffic import Arrival, arrivals_of
from bot.kubernetes.network.state_policies import Policies, policies
from bot.kubernetes.network.touched import touched_policies
from bot.kubernetes.network.traffic import BlockPeer, PodPeer, PortTerm, TrafficPolicy, TrafficRule
from bot.kubernetes.ports import HIGHEST, Ports
from bot.kubernetes.services.service import Services, services
from bot.kubernetes.workloads.pod_names import named
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.population import PodGroup, PodSelection
from bot.records import dataclass

PolicyPortCode: TypeAlias = Literal["NP-SERVICE-PORT", "NP-PORT-UNEXPOSED", "NP-NAMED-PORT-MISSING"]


def check_policy_ports(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The violations of the policies that a change in these namespaces can affect."""
    for policy in touched_policies(state, reach):
        if not policy.refusals:
            yield from port_violations(state, policy)


def check_service_ports(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """Those of `check_policy_ports` that name the port of a Service in place of the pods'."""
    return (each for each in check_policy_ports(state, reach) if each.code == "NP-SERVICE-PORT")


def check_unserved_ports(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The others of `check_policy_ports`: ports that no pod serves."""
    return (each for each in check_policy_ports(state, reach) if each.code != "NP-SERVICE-PORT")


def port_violations(state: State, policy: TrafficPolicy) -> Iterator[Violation]:
    """The ports of this policy that none of the receiving pods serves."""
    for rule in policy.rules:
        if rule.action != "allow" or not rule.ports:
            continue
        receivers = _receivers(policies(state), policy, rule)
        for term in rule.ports:
            about = _Term(policy, rule, term, receivers)
            if _only_addresses(rule) and term.name:
                yield about.violation("NP-NAMED-PORT-MISSING", _NO_POD, (), ())
            elif receivers.pods:
                yield from _judge(services(state), about)


_NO_POD: Final = "which means nothing to addresses outside the cluster: write its number"


def _only_addresses(rule: TrafficRule) -> bool:
    """Whether traffic of this rule goes to addresses only, where no pod resolves a port name."""
    peers = rule.peers or ()
    return (
        rule.direction == "egress"
        and bool(peers)
        and all(isinstance(peer, BlockPeer) for peer in peers)
    )


def _receivers(state_policies: Policies, policy: TrafficPolicy, rule: TrafficRule) -> PodSelection:
    """The pods that receive the traffic of a rule; none where others may receive it as well."""
    if rule.direction == "ingress":
        return _on_pod_network(state_policies.subjects(policy))
    pods: list[PodGroup] = []
    possible: list[PodGroup] = []
    for peer in rule.peers or ():
        if not isinstance(peer, PodPeer) or _beyond(peer):
            return PodSelection()
        selection = state_policies.peers(policy, peer)
        if not selection.all:
            return PodSelection()
        pods += selection.pods
        possible += selection.possible
    return _on_pod_network(PodSelection(tuple(pods), tuple(possible)))


def _beyond(peer: PodPeer) -> bool:
    """Whether a peer stands for pods of any namespace, such as the cluster's DNS."""
    if peer.namespaces is None or peer.pods.requirements:
        return False
    named = [key for key, _ in peer.namespaces.equalities if key == "kubernetes.io/metadata.name"]
    return not named


def _on_pod_network(selection: PodSelection) -> PodSelection:
    return PodSelection(
        tuple(pods for pods in selection.pods if not pods.host_network),
        tuple(pods for pods in selection.possible if not pods.host_network),
    )


@dataclass(frozen=True, slots=True)
class _Term:
    """One port of a policy, with its rule and the pods that receive the traffic."""

    policy: TrafficPolicy
    rule: TrafficRule
    term: PortTerm
    receivers: PodSelection

    def violation(
        self,
        code: PolicyPortCode,
        words: str,
        use: tuple[int | str, ...],
        arrivals: tuple[Arrival, ...],
        severity: Severity | None = None,
    ) -> Violation:
        term, direction = self.term, self.rule.direction
        numbers = [value for value in use if isinstance(value, int)]
        certain = code == "NP-SERVICE-PORT" and len(use) == 1 and term.node.integer is not None
        return Violation(
            code,
            self.policy.resource,
            (direction, str(term)),
            f"{str_of(self.policy.resource)} allows {term}, {words}",
            tuple(self._places(arrivals)),
            severity,
            MappingProxyType({"port": term.value, "direction": direction, "use": use}),
            Fix(term.node, numbers[0]) if certain else None,
            (
                Related(term.node, "the policy's port"),
                *(Related(arrival.port.node, "the Service's port") for arrival in arrivals[:1]),
            ),
        )

    def _places(self, arrivals: tuple[Arrival, ...]) -> Iterator[Node]:
        yield self.term.node
        for arrival in arrivals:
            yield from arrival.port.places
            yield arrival.service.at("spec", "selector")
        for pods in self.receivers.pods:
            yield from pods.places
        yield self.policy.subject.node
        yield self.rule.node


def _judge(state_services: Services, about: _Term) -> Iterator[Violation]:
    """The violation of a port that none of the receiving pods is known to serve."""
    term, receivers = about.term, about.receivers
    if _served(state_services, term, receivers):
        return
    arrivals = tuple(arrivals_of(state_services, term, receivers.pods))
    numbers = tuple(sorted({arrival.number for arrival in arrivals}))
    exposed = [state_services.exposed(pods) for pods in receivers.all]
    # Pods that show no port at all may serve any.
    severity = Severity.WARNING if all(exposed) else Severity.NOTICE
    if not term.name and arrivals:
        words = (
            f"but traffic through {str_of(arrivals[0].service)} arrives at {arrivals[0].pods} on "
            f"{' or '.join(dict.fromkeys(arrival.words for arrival in arrivals))}: "
            "a policy names the port on the pod"
        )
        unsure = None if all(exposed) else Severity.WARNING
        if _opened_as_well(about, numbers):
            # Nobody is cut off: the entry is only a leftover.
            unsure = Severity.NOTICE
        yield about.violation("NP-SERVICE-PORT", words, numbers, arrivals, unsure)
    elif receivers.possible:
        return
    elif term.name:
        use = numbers or _names(receivers.pods, term)
        words = f"and no container of {named(receivers.pods)} has a port of that name"
        yield about.violation("NP-NAMED-PORT-MISSING", words + _instead(use), use, arrivals)
    elif any(exposed):
        use = tuple(_numbers(state_services, receivers.pods, term))
        words = f"which no container of {named(receivers.pods)} serves"
        yield about.violation("NP-PORT-UNEXPOSED", words + _instead(use), use, (), severity)


def _opened_as_well(about: _Term, numbers: tuple[int, ...]) -> bool:
    """Whether the same policy opens the right ports to the same peers, or to anyone."""
    ports = Ports.union(
        Ports.of(protocol, number) for protocol in about.term.protocols for number in numbers
    )
    return all(
        any(
            rule.action == "allow" and _same_peers(rule, about.rule) and not ports - rule.on(pods)
            for rule in about.policy.of(about.rule.direction)
        )
        for pods in about.receivers.pods
    )


def _same_peers(rule: TrafficRule, other: TrafficRule) -> bool:
    if rule.peers is None or other.peers is None:
        return rule.peers is None
    return [peer.node.value for peer in rule.peers] == [peer.node.value for peer in other.peers]


def _instead(use: tuple[int | str, ...]) -> str:
    return f": {'it is' if len(use) == 1 else 'they are'} {', '.join(map(str, use))}" if use else ""


def _served(state_services: Services, term: PortTerm, receivers: PodSelection) -> bool:
    if term.name:
        return any(term.on(pods) for pods in receivers.all)
    everything = (term.low, term.high) == (1, HIGHEST)
    return everything or any(
        term.numbers() & state_services.exposed(pods) for pods in receivers.all
    )


def _names(receivers: tuple[PodGroup, ...], term: PortTerm) -> tuple[int | str, ...]:
    """The names of the pods' ports of the same protocol."""
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


def _numbers(
    state_services: Services, receivers: tuple[PodGroup, ...], term: PortTerm
) -> Iterator[int]:
    """The numbers of the pods' ports of the same protocol."""
    served = Ports.union(map(state_services.exposed, receivers))
    for protocol, low, high in served.ranges():
        if protocol in term.protocols:
            yield from range(low, high + 1)
