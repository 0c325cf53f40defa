"""Services: their ports, the pods behind them, and the port on which each pod is reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.ports import HIGHEST, Ports, protocol_of
from bot.kubernetes.selectors import Selector, map_selector
from bot.kubernetes.workloads.population import PodGroup, PodSelection, Population, population
from bot.records import dataclass


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
        """The field with the target of the traffic: `targetPort`, or `port` where it is absent."""
        target = self.node["targetPort"]
        return target if target.exists and target.value not in {None, 0, ""} else self.node["port"]

    @property
    def places(self) -> Iterator[Node]:
        """The fields that decide where traffic goes, the most important first."""
        yield self.node["targetPort"]
        yield self.node["port"]
        yield self.node

    def on(self, pods: PodGroup) -> int | None:
        """The port on which these pods receive the traffic; None where no port has the name.

        https://github.com/kubernetes/endpointslice/blob/master/util/controller_utils.go (FindPort)
        """
        if isinstance(self.target, int):
            return self.target
        port = pods.resolve(self.target, self.protocol)
        return port.number if port is not None else None


def service_ports(service: Resource) -> tuple[ServicePort, ...]:
    """The valid ports of a Service."""
    return service.derived(_ports)


def _ports(service: Resource) -> tuple[ServicePort, ...]:
    return tuple(_valid_ports(service))


def _valid_ports(service: Resource) -> Iterator[ServicePort]:
    for node in service.at("spec", "ports").items():
        number = node["port"].integer
        if number is None or not 0 < number <= HIGHEST:
            continue
        target = node["targetPort"]
        target_port = target.integer or target.text or number
        yield ServicePort(node, number, node["name"].text or "", protocol_of(node), target_port)


def is_headless(service: Resource) -> bool:
    """Whether clients get the pods' own addresses, and the Service rewrites nothing."""
    return service.at("spec", "clusterIP").value == "None"


def service_selector(service: Resource) -> Selector | None:
    """The selector of the pods behind a Service; None where it selects none.

    Without a selector, endpoints come from hand-written EndpointSlices. A Service of type
    ExternalName never has endpoints.
    """
    return service.derived(_selector)


def _selector(service: Resource) -> Selector | None:
    if service.at("spec", "type").value == "ExternalName":
        return None
    selector = map_selector(service.at("spec", "selector"))
    return None if selector is None or selector.everything else selector


@dataclass(frozen=True)
class Services:
    """The Services of a state and the pods behind them, computed for a namespace at a time."""

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
        """The Services that send traffic to these pods."""
        space = pods.namespace
        if space not in self._by_pods:
            by_pods: dict[tuple[ResourceKey, int], list[Resource]] = {}
            for service in self.state.of(kinds.SERVICE, namespace=space):
                for pods_behind in self.endpoints(service).all:
                    by_pods.setdefault(pods_behind.key, []).append(service)
            self._by_pods[space] = {key: tuple(listed) for key, listed in by_pods.items()}
        return self._by_pods[space].get(pods.key, ())

    def exposed(self, pods: PodGroup) -> Ports:
        """The ports that these pods are known to serve: declared ones and targets of Services."""
        if pods.key not in self._targets:
            targets = (received_on(service, pods) for service in self.of(pods))
            self._targets[pods.key] = pods.known | Ports.union(targets)
        return self._targets[pods.key]


def received_on(service: Resource, pods: PodGroup) -> Ports:
    """The ports of these pods to which a Service sends its traffic."""
    arriving = ((port.protocol, port.on(pods)) for port in service_ports(service))
    return Ports.union(
        Ports.of(protocol, number) for protocol, number in arriving if number is not None
    )


def services(state: State) -> Services:
    """The Services of a state, computed once."""
    return state.derived(_services)


def _services(state: State) -> Services:
    return Services(state, population(state))
