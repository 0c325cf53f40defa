"""Service traffic: the pod ports on which traffic to a Service's port arrives."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.resource import Resource
from bot.kubernetes.network.traffic import PortTerm
from bot.kubernetes.services.service import ServicePort, Services, service_ports
from bot.kubernetes.workloads.population import PodGroup
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Arrival:
    """Traffic to a port of a Service that arrives at pods on a port of theirs."""

    service: Resource
    port: ServicePort
    pods: PodGroup
    number: int

    @property
    def words(self) -> str:
        """The port number, with the name of the container port where it has one."""
        names = [port.name for port in self.pods.ports if self._is(port.number, port.protocol)]
        name = next((name for name in names if name), "")
        return f"{self.number} (container port {name})" if name else str(self.number)

    def _is(self, number: int, protocol: str) -> bool:
        return (number, protocol) == (self.number, self.port.protocol)


def arrivals_of(
    state_services: Services, term: PortTerm, receivers: tuple[PodGroup, ...]
) -> Iterator[Arrival]:
    """The traffic to Service ports of this number or name that arrives on another port."""
    for pods in receivers:
        for service in state_services.of(pods):
            for port in service_ports(service):
                meant = port.name == term.name if term.name else port.number == term.single
                number = port.on(pods)
                if meant and port.protocol in term.protocols and number not in {None, term.single}:
                    yield Arrival(service, port, pods, number or 0)
