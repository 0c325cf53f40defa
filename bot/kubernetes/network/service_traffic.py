"""How traffic to a Service's port arrives at the pods: on which of their own ports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.resource import Resource
from bot.kubernetes.network.traffic import PortTerm
from bot.kubernetes.services.service import ServicePort, Services, service_ports
from bot.kubernetes.workloads.population import PodGroup


@dataclass(frozen=True, slots=True)
class Arrival:
    """How traffic to a Service's port arrives at pods: on which of their ports."""

    service: Resource
    port: ServicePort
    pods: PodGroup
    number: int

    @property
    def words(self) -> str:
        """The number, with the name of the container port where there is one."""
        names = [held.name for held in self.pods.ports if self._is(held.number, held.protocol)]
        name = next((name for name in names if name), "")
        return f"{self.number} (container port {name})" if name else str(self.number)

    def _is(self, number: int, protocol: str) -> bool:
        return (number, protocol) == (self.number, self.port.protocol)


def arrivals_of(
    found: Services, term: PortTerm, receivers: tuple[PodGroup, ...]
) -> Iterator[Arrival]:
    """The ways by which traffic to a Service's port of this number or name arrives elsewhere."""
    for pods in receivers:
        for service in found.of(pods):
            for port in service_ports(service):
                meant = port.name == term.name if term.name else port.number == term.single
                number = port.on(pods)
                if meant and port.protocol in term.protocols and number not in {None, term.single}:
                    yield Arrival(service, port, pods, number or 0)
