"""The picture of a network: who reaches whom on which port, and what a change makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bot.core.finding import Severity
from bot.core.resource import Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes.addresses import EVERYWHERE
from bot.kubernetes.checks import ReachedNamespaces
from bot.kubernetes.network.peer_names import name_of
from bot.kubernetes.network.peers import ANY_POD, outside, parties
from bot.kubernetes.network.reachability import widenings
from bot.kubernetes.network.traffic import Direction
from bot.kubernetes.network.verdict import ConnectionEnd, Network, network
from bot.kubernetes.ports import Ports
from bot.kubernetes.routes.backends import INGRESSES, backends
from bot.kubernetes.routes.exposure import Exposure
from bot.kubernetes.services.service import service_ports, services
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.population import PodGroup, population

EdgeChange: TypeAlias = Literal["", "added", "removed"]

ANYTHING: Final = "anything"
OUTSIDE: Final = "outside the cluster"


@dataclass(frozen=True, slots=True, order=True)
class MapEdge:
    """Ports on which `target` can be reached from `source`; `change` is empty of what stays."""

    source: str
    target: str
    ports: str
    change: EdgeChange = ""


def connections(state: State, namespaces: Iterable[str] = ()) -> tuple[MapEdge, ...]:
    """Who reaches the workloads of these namespaces, or of all.

    What no policy isolates is reached by anything: one connection says so.
    """
    wanted = tuple(namespaces) or population(state).namespaces
    found = {
        connection
        for space in wanted
        for pods in population(state).in_namespace(space)
        for connection in (*_reaching(state, pods), *_reached(state, pods))
    }
    found |= set(_entries(state, wanted))
    return tuple(sorted(found))


def changed_connections(
    before: State, after: State, namespaces: Iterable[str] = ()
) -> tuple[MapEdge, ...]:
    """What becomes possible between two states, and what does not stay so."""
    wanted = frozenset(namespaces)
    found = {
        *_differing(before, after, wanted, "added"),
        *_differing(after, before, wanted, "removed"),
    }
    return tuple(sorted(found))


def _differing(
    before: State, after: State, wanted: frozenset[str], change: EdgeChange
) -> Iterator[MapEdge]:
    for found in widenings(before, after):
        ends = (found.source, found.target)
        if not wanted or any(isinstance(end, PodGroup) and end.namespace in wanted for end in ends):
            source, target = map(name_of, ends)
            yield MapEdge(source, target, str(found.ports), change)


def _reaching(state: State, target: PodGroup) -> Iterator[MapEdge]:
    """Who reaches these pods."""
    held = network(state)
    if target.host_network or not held.isolated(target, "ingress"):
        yield MapEdge(ANYTHING, str(target), "every port")
        return
    for source in _others(held, target, "ingress"):
        ports = held.between(source, target)
        if ports:
            yield MapEdge(name_of(source), str(target), str(ports))


def _reached(state: State, source: PodGroup) -> Iterator[MapEdge]:
    """Whom these pods reach outside and elsewhere, where their egress is limited."""
    held = network(state)
    if source.host_network or not held.isolated(source, "egress"):
        return
    for target in _others(held, source, "egress"):
        ports = held.between(source, target)
        if ports and not isinstance(target, PodGroup):
            yield MapEdge(str(source), name_of(target), str(ports))


def _others(held: Network, pods: PodGroup, direction: Direction) -> Iterator[ConnectionEnd]:
    """The parties that the policies of these pods name, and anyone where a rule names nobody."""
    rules = [(policy, rule) for policy in held.of(pods) for rule in policy.of(direction)]
    blocks = tuple(dict.fromkeys(rule.addresses for _, rule in rules if rule.addresses))
    for policy, rule in rules:
        if rule.peers is None:
            yield ANY_POD
            yield from outside(EVERYWHERE, blocks)
        yield from outside(rule.addresses, blocks)
        for peer in rule.peers or ():
            for party in parties(held, policy, peer):
                if not isinstance(party, PodGroup) or party.key != pods.key:
                    yield party


def _entries(state: State, namespaces: Iterable[str]) -> Iterator[MapEdge]:
    """The ways in from outside: Ingresses and routes, and Services that are exposed."""
    wanted = ReachedNamespaces(frozenset(namespaces))
    for ingress in state.of(*INGRESSES):
        if ingress.namespace not in wanted:
            continue
        yield MapEdge(OUTSIDE, str_of(ingress), "its hosts")
        for backend in backends(ingress):
            key = ResourceKey("", "Service", backend.namespace, backend.service.text or "")
            service = state.get(key)
            for pods, ports in () if service is None else _behind(state, service):
                yield MapEdge(str_of(ingress), pods, ports)
    for issue in Exposure({}).ask(state, wanted):
        if issue.severity is not Severity.NOTICE:
            for pods, ports in _behind(state, issue.subject):
                yield MapEdge(OUTSIDE, pods, ports)


def _behind(state: State, service: Resource) -> Iterator[tuple[str, str]]:
    """The pods behind a Service, each with the ports on which it gets the Service's traffic."""
    for pods in services(state).endpoints(service).pods:
        ports = Ports()
        for port in service_ports(service):
            number = port.on(pods)
            if number is not None:
                ports |= Ports.of(port.protocol, number)
        if ports:
            yield str(pods), str(ports)
