"""A map of the network: who reaches whom on which ports, and what a change adds and removes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

from bot.core.finding import Severity
from bot.core.resource import Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes.addresses import EVERYWHERE
from bot.kubernetes.checks import ChangeReach
from bot.kubernetes.network.connection_ends import ConnectionEnd
from bot.kubernetes.network.peer_names import name_of
from bot.kubernetes.network.peers import ANY_POD, address_pieces, peer_ends
from bot.kubernetes.network.reachability import widenings
from bot.kubernetes.network.traffic import Direction
from bot.kubernetes.network.verdict import Network, network
from bot.kubernetes.ports import EVERY_PORT
from bot.kubernetes.routes.backends import INGRESSES, backends
from bot.kubernetes.routes.exposure import Exposure
from bot.kubernetes.services.service import received_on, services
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.population import PodGroup, population
from bot.records import dataclass

EdgeChange: TypeAlias = Literal["", "added", "removed"]

ANYTHING: Final = "anything"
OUTSIDE: Final = "outside the cluster"


@dataclass(frozen=True, slots=True, order=True)
class MapEdge:
    """The ports on which `source` reaches `target`; `change` is empty where nothing changed."""

    source: str
    target: str
    ports: str
    change: EdgeChange = ""


def connections(state: State, namespaces: Iterable[str] = ()) -> tuple[MapEdge, ...]:
    """The connections to and from the workloads of these namespaces, or of all namespaces.

    One edge from "anything" stands for all sources of a workload that no policy isolates.
    """
    spaces = tuple(namespaces) or population(state).namespaces
    edges = {
        connection
        for space in spaces
        for pods in population(state).in_namespace(space)
        for connection in (*_reaching(state, pods), *_reached(state, pods))
    }
    edges |= set(_entries(state, spaces))
    return tuple(sorted(edges))


def changed_connections(
    before: State, after: State, namespaces: Iterable[str] = ()
) -> tuple[MapEdge, ...]:
    """The connections that a change makes possible, and those that it ends."""
    spaces = frozenset(namespaces)
    edges = {
        *_differing(before, after, spaces, "added"),
        *_differing(after, before, spaces, "removed"),
    }
    return tuple(sorted(edges))


def _differing(
    before: State, after: State, spaces: frozenset[str], change: EdgeChange
) -> Iterator[MapEdge]:
    for widening in widenings(before, after):
        ends = (widening.source, widening.target)
        if not spaces or any(isinstance(end, PodGroup) and end.namespace in spaces for end in ends):
            source, target = map(name_of, ends)
            yield MapEdge(source, target, str(widening.ports), change)


def _reaching(state: State, target: PodGroup) -> Iterator[MapEdge]:
    """The connections to these pods."""
    policies_in_force = network(state)
    if target.host_network or not policies_in_force.isolated(target, "ingress"):
        yield from _open(policies_in_force, target)
        return
    for source in _others(policies_in_force, target, "ingress"):
        ports = policies_in_force.between(source, target)
        if ports:
            yield MapEdge(name_of(source), str(target), str(ports))


def _open(policies_in_force: Network, target: PodGroup) -> Iterator[MapEdge]:
    """Who reaches pods that no policy isolates: anything, but for what administrators deny."""
    named = () if target.host_network else tuple(_others(policies_in_force, target, "ingress"))
    ports = EVERY_PORT if target.host_network else policies_in_force.between(ANY_POD, target)
    denied = [(end, policies_in_force.between(end, target)) for end in named]
    special = [(end, allowed) for end, allowed in denied if allowed != ports and end != ANY_POD]
    if ports:
        yield MapEdge(f"{ANYTHING} else" if special else ANYTHING, str(target), str(ports))
    for end, allowed in special:
        if allowed:
            yield MapEdge(name_of(end), str(target), str(allowed))


def _reached(state: State, source: PodGroup) -> Iterator[MapEdge]:
    """The connections of these pods to other ends, where a policy limits their egress."""
    policies_in_force = network(state)
    if source.host_network or not policies_in_force.isolated(source, "egress"):
        return
    for target in _others(policies_in_force, source, "egress"):
        ports = policies_in_force.between(source, target)
        if ports and not isinstance(target, PodGroup):
            yield MapEdge(str(source), name_of(target), str(ports))


def _others(
    policies_in_force: Network, pods: PodGroup, direction: Direction
) -> Iterator[ConnectionEnd]:
    """The ends that the policies of these pods name; any pod and address where none is named."""
    rules = [
        (policy, rule) for policy in policies_in_force.of(pods) for rule in policy.of(direction)
    ]
    blocks = tuple(dict.fromkeys(rule.addresses for _, rule in rules if rule.addresses))
    for policy, rule in rules:
        if rule.peers is None:
            yield ANY_POD
            yield from address_pieces(EVERYWHERE, blocks)
        yield from address_pieces(rule.addresses, blocks)
        for peer in rule.peers or ():
            for end in peer_ends(policies_in_force, policy, peer):
                if not isinstance(end, PodGroup) or end.key != pods.key:
                    yield end


def _entries(state: State, namespaces: Iterable[str]) -> Iterator[MapEdge]:
    """The ways in from outside: Ingresses, routes and exposed Services."""
    reach = ChangeReach(frozenset(namespaces))
    for ingress in state.of(*INGRESSES):
        if ingress.namespace not in reach:
            continue
        yield MapEdge(OUTSIDE, str_of(ingress), "its hosts")
        for backend in backends(ingress):
            key = ResourceKey("", "Service", backend.namespace, backend.name)
            service = state.get(key)
            for pods, ports in () if service is None else _behind(state, service):
                yield MapEdge(str_of(ingress), pods, ports)
    for violation in Exposure({}).ask(state, reach):
        if violation.severity is not Severity.NOTICE:
            for pods, ports in _behind(state, violation.subject):
                yield MapEdge(OUTSIDE, pods, ports)


def _behind(state: State, service: Resource) -> Iterator[tuple[str, str]]:
    """The pods behind a Service, each with the ports on which it receives the Service's traffic."""
    for pods in services(state).endpoints(service).pods:
        ports = received_on(service, pods)
        if ports:
            yield str(pods), str(ports)
