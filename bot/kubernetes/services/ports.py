"""Service ports whose targets no pod has, or has at another number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.finding import Fix, Severity
from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes.checks import ChangeReach, Violation
from bot.kubernetes.services.service import ServicePort, is_headless, service_ports, services
from bot.kubernetes.services.touched import touched_services
from bot.kubernetes.workloads.pod_names import named
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.population import PodGroup, PodSelection
from bot.records import dataclass

ServicePortCode: TypeAlias = Literal[
    "SVC-TARGET-NAME-MISSING",
    "SVC-TARGET-NAME-PARTIAL",
    "SVC-TARGET-NAME-AMBIGUOUS",
    "SVC-TARGET-UNDECLARED",
    "SVC-HEADLESS-REMAP",
]

SEVERITIES: Final[Mapping[ServicePortCode, Severity]] = MappingProxyType(
    {
        "SVC-TARGET-NAME-MISSING": Severity.ERROR,
        "SVC-TARGET-NAME-PARTIAL": Severity.WARNING,
        "SVC-TARGET-NAME-AMBIGUOUS": Severity.WARNING,
        "SVC-HEADLESS-REMAP": Severity.WARNING,
        "SVC-TARGET-UNDECLARED": Severity.NOTICE,
    }
)


def check_target_ports(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The violations of the Services in these namespaces."""
    for service in touched_services(state, reach):
        yield from target_port_violations(state, service)


def target_port_violations(state: State, service: Resource) -> Iterator[Violation]:
    """The ports of this Service whose targets its pods lack or have at another number."""
    endpoints = services(state).endpoints(service)
    if not endpoints.pods:
        return
    for port in service_ports(service):
        about = _Port(service, port, endpoints.pods)
        if isinstance(port.target, str):
            yield from _named(about, port.target, endpoints)
        else:
            yield from _undeclared(about, port.target, endpoints)
        if is_headless(service):
            yield from _remapped(about, endpoints)


@dataclass(frozen=True, slots=True)
class _Port:
    """A port of a Service and the pods behind it."""

    service: Resource
    port: ServicePort
    pods: tuple[PodGroup, ...]

    def violation(
        self, code: ServicePortCode, message: str, use: tuple[int | str, ...], fix: int | None
    ) -> Violation:
        port, target = self.port, self.port.node["targetPort"]
        return Violation(
            code,
            self.service,
            (f"{port.number}/{port.protocol}", str(port.target)),
            message,
            tuple(self._places()),
            SEVERITIES[code],
            MappingProxyType({"port": port.target, "use": use}),
            Fix(target, fix) if fix is not None and target.exists else None,
        )

    def _places(self) -> Iterator[Node]:
        yield self.port.target_node
        yield from self.port.places
        yield self.service.at("spec", "selector")
        for pods in self.pods:
            yield from pods.places
        yield self.service.at("spec", "clusterIP")

    def __str__(self) -> str:
        return f"{str_of(self.service)} sends port {self.port.number} to"


def _named(about: _Port, name: str, endpoints: PodSelection) -> Iterator[Violation]:
    port = about.port
    lacking = tuple(pods for pods in endpoints.pods if port.on(pods) is None)
    begin = f"{about} container port {name!r}"
    if name.isascii() and name.isdigit():
        message = f"{begin}, which in quotes is a name, and a port's name needs a letter"
        number = int(name[:6])
        yield about.violation("SVC-TARGET-NAME-MISSING", message, (number,), number)
    elif lacking and not any(port.on(pods) for pods in endpoints.all):
        message = f"{begin}, which {named(lacking)} does not have: {_ports(lacking, port)}"
        yield about.violation("SVC-TARGET-NAME-MISSING", message, _offered(lacking, port), None)
    elif lacking:
        message = (
            f"{begin}, which {named(lacking)} does not have, so its pods get no traffic there: "
            f"{_ports(lacking, port)}"
        )
        yield about.violation("SVC-TARGET-NAME-PARTIAL", message, _offered(lacking, port), None)
    for pods in endpoints.pods:
        numbers = _numbers(pods, port)
        if len(numbers) > 1:
            message = (
                f"{begin}, which {pods} has more than once: traffic goes to {numbers[0]} and never "
                f"to {' or '.join(map(str, numbers[1:]))}"
            )
            yield about.violation("SVC-TARGET-NAME-AMBIGUOUS", message, numbers, None)


def _numbers(pods: PodGroup, port: ServicePort) -> tuple[int, ...]:
    """The numbers of the ports with the target's name, the one that takes effect first."""
    numbers = (
        declared.number
        for declared in pods.ports
        if declared.name == port.target and declared.protocol == port.protocol
    )
    return tuple(dict.fromkeys(numbers))


def _undeclared(about: _Port, number: int, endpoints: PodSelection) -> Iterator[Violation]:
    """The violation of a number that no pod declares, where all pods declare ports."""
    port = about.port
    known_ports = [pods.known for pods in endpoints.all]
    if all(known_ports) and not any((port.protocol, number) in ports for ports in known_ports):
        use = _offered(endpoints.pods, port)
        message = (
            f"{about} {number}, which no container of {named(endpoints.pods)} declares: "
            f"{_ports(endpoints.pods, port)}"
        )
        if use:
            yield about.violation("SVC-TARGET-UNDECLARED", message, use, None)


def _remapped(about: _Port, endpoints: PodSelection) -> Iterator[Violation]:
    port = about.port
    targets = {port.on(pods) for pods in endpoints.pods} - {None, port.number}
    numbers = tuple(sorted(number for number in targets if number is not None))
    if numbers:
        message = (
            f"{str_of(about.service)} is headless, so nothing maps its port {port.number} to "
            f"{' or '.join(map(str, numbers))}: clients reach the pods on the port that they dial"
        )
        yield about.violation("SVC-HEADLESS-REMAP", message, numbers, None)


def _offered(pods: tuple[PodGroup, ...], port: ServicePort) -> tuple[int | str, ...]:
    """The names of the pods' ports, or their numbers where they have no names."""
    ports = [
        declared for group in pods for declared in group.ports if declared.protocol == port.protocol
    ]
    names = sorted({declared.name for declared in ports if declared.name})
    return tuple(names) or tuple(sorted({declared.number for declared in ports}))


def _ports(pods: tuple[PodGroup, ...], port: ServicePort) -> str:
    """The ports that the pods have, in words."""
    words = {
        f"{declared.name} ({declared.number})" if declared.name else str(declared.number): None
        for group in pods
        for declared in group.ports
        if declared.protocol == port.protocol
    }
    if not words:
        return f"it declares no {port.protocol} port"
    return f"it has {', '.join(words)}"
