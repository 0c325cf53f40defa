"""Services: their ports, the pods behind them, and the port on which each pod is reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.ports import HIGHEST, Ports, protocol_of
from bot.kubernetes.selectors import Selector, map_selector
from bot.kubernetes.workloads.population import PodGroup, PodSelection, Population, population


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a Service. `target` is a number or the name of a container port."""

    node: Node
    number: int
    name: str
    protocol: str
    target: int | str

    @property
    def target_node(self) -> Node:
        """The place that says where traffic goes: `targetPort`, or `port` where that is absent."""
        held = self.node["targetPort"]
        return held if held.exists and held.value not in {None, 0, ""} else self.node["port"]

    @property
    def places(self) -> Iterator[Node]:
        """The places that say where traffic goes, the most telling first."""
        yield self.node["targetPort"]
        yield self.node["port"]
        yield self.node

    def on(self, pods: PodGroup) -> int | None:
        """The port on which these pods get the traffic; None where they have no such name.

        https://github.com/kubernetes/endpointslice/blob/master/util/controller_utils.go (FindPort)
        """
        if isinstance(self.target, int):
            return self.target
        found = pods.resolve(self.target, self.protocol)
        return found.number if found is not None else None


def service_ports(service: Resource) -> tuple[ServicePort, ...]:
    """The ports of a Service, without those that are no ports."""
    return tuple(_ports(service))


def _ports(service: Resource) -> Iterator[ServicePort]:
    for node in service.at("spec", "ports").items():
        number = node["port"].integer
        if number is None or not 0 < number <= HIGHEST:
            continue
        held = node["targetPort"]
        target = held.integer or held.text or number
        yield ServicePort(node, number, node["name"].text or "", protocol_of(node), target)


def is_headless(service: Resource) -> bool:
    """Whether clients get the pods' own addresses, and the Service rewrites nothing."""
    return service.at("spec", "clusterIP").value == "None"


def service_selector(service: Resource) -> Selector | None:
    """What selects the pods behind a Service; None where nothing does.

    Without a selector, endpoints come from EndpointSlices that others write; a Service of type
    ExternalName has none at all, whatever its selector says.
    """
    if service.at("spec", "type").value == "ExternalName":
        return None
    found = map_selector(service.at("spec", "selector"))
    return None if found is None or found.everything else found


@dataclass(frozen=True)
class Services:
    """The Services of a state and the pods behind them, by namespace when asked."""

    state: State
    population: Population
    _by_pods: dict[str, Mapping[tuple[ResourceKey, int], tuple[Resource, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _targets: dict[tuple[ResourceKey, int], Ports] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def endpoints(self, service: Resource) -> PodSelection:
        """The pods behind a Service; none where it has no selector."""
        selector = service_selector(service)
        if selector is None or service.namespace is None:
            return PodSelection()
        return self.population.select(service.namespace, selector)

    def of(self, pods: PodGroup) -> tuple[Resource, ...]:
        """The Services that stand before these pods."""
        space = pods.namespace
        if space not in self._by_pods:
            found: dict[tuple[ResourceKey, int], list[Resource]] = {}
            for service in self.state.of(kinds.SERVICE, namespace=space):
                for held in self.endpoints(service).all:
                    found.setdefault(held.key, []).append(service)
            self._by_pods[space] = {key: tuple(held) for key, held in found.items()}
        return self._by_pods[space].get(pods.key, ())

    def exposed(self, pods: PodGroup) -> Ports:
        """What these pods are known to serve: what they declare and what Services send them."""
        if pods.key not in self._targets:
            found = pods.known
            for service in self.of(pods):
                for port in service_ports(service):
                    number = port.on(pods)
                    if number is not None:
                        found |= Ports.of(port.protocol, number)
            self._targets[pods.key] = found
        return self._targets[pods.key]


def services(state: State) -> Services:
    """The Services of a state."""
    return state.derived(_services)


def _services(state: State) -> Services:
    return Services(state, population(state))
