"""Ports of Services that arrive nowhere, or elsewhere than one would think."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.finding import Fix, Severity
from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.checks import ReachedNamespaces, Violation
from bot.kubernetes.services.service import ServicePort, is_headless, service_ports, services
from bot.kubernetes.workloads.pod_names import named
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.population import PodGroup, PodSelection

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


def ask_targets(state: State, reach: ReachedNamespaces) -> Iterator[Violation]:
    """The issues of the Services in these namespaces."""
    for service in state.of(kinds.SERVICE):
        if service.namespace in reach:
            yield from target_issues(state, service)


def target_issues(state: State, service: Resource) -> Iterator[Violation]:
    """The ports of this Service whose targets its pods have not, or have elsewhere."""
    found = services(state).endpoints(service)
    if not found.pods:
        return
    for port in service_ports(service):
        about = _Port(service, port, found.pods)
        if isinstance(port.target, str):
            yield from _named(about, port.target, found)
        else:
            yield from _undeclared(about, port.target, found)
        if is_headless(service):
            yield from _remapped(about, found)


@dataclass(frozen=True, slots=True)
class _Port:
    """A Service's port and the pods behind it, to speak about."""

    service: Resource
    port: ServicePort
    pods: tuple[PodGroup, ...]

    def issue(
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


def _named(about: _Port, name: str, found: PodSelection) -> Iterator[Violation]:
    port = about.port
    lacking = tuple(pods for pods in found.pods if port.on(pods) is None)
    begin = f"{about} container port {name!r}"
    if name.isascii() and name.isdigit():
        message = f"{begin}, which in quotes is a name, and a port's name needs a letter"
        number = int(name[:6])
        yield about.issue("SVC-TARGET-NAME-MISSING", message, (number,), number)
    elif lacking and not any(port.on(pods) for pods in found.all):
        message = f"{begin}, which {named(lacking)} does not have: {_ports(lacking, port)}"
        yield about.issue("SVC-TARGET-NAME-MISSING", message, _offered(lacking, port), None)
    elif lacking:
        message = (
            f"{begin}, which {named(lacking)} does not have, so its pods get no traffic there: "
            f"{_ports(lacking, port)}"
        )
        yield about.issue("SVC-TARGET-NAME-PARTIAL", message, _offered(lacking, port), None)
    for pods in found.pods:
        numbers = _numbers(pods, port)
        if len(numbers) > 1:
            message = (
                f"{begin}, which {pods} has more than once: traffic goes to {numbers[0]} and never "
                f"to {' or '.join(map(str, numbers[1:]))}"
            )
            yield about.issue("SVC-TARGET-NAME-AMBIGUOUS", message, numbers, None)


def _numbers(pods: PodGroup, port: ServicePort) -> tuple[int, ...]:
    """The numbers of the ports that have the target's name, the one that counts first."""
    held = (
        found.number
        for found in pods.ports
        if found.name == port.target and found.protocol == port.protocol
    )
    return tuple(dict.fromkeys(held))


def _undeclared(about: _Port, number: int, found: PodSelection) -> Iterator[Violation]:
    """A number that no pod declares, where all of them declare something."""
    port = about.port
    known = [pods.known for pods in found.all]
    if all(known) and not any((port.protocol, number) in ports for ports in known):
        use = _offered(found.pods, port)
        message = (
            f"{about} {number}, which no container of {named(found.pods)} declares: "
            f"{_ports(found.pods, port)}"
        )
        if use:
            yield about.issue("SVC-TARGET-UNDECLARED", message, use, None)


def _remapped(about: _Port, found: PodSelection) -> Iterator[Violation]:
    port = about.port
    targets = {port.on(pods) for pods in found.pods} - {None, port.number}
    numbers = tuple(sorted(number for number in targets if number is not None))
    if numbers:
        message = (
            f"{str_of(about.service)} is headless, so nothing maps its port {port.number} to "
            f"{' or '.join(map(str, numbers))}: clients reach the pods on the port that they dial"
        )
        yield about.issue("SVC-HEADLESS-REMAP", message, numbers, None)


def _offered(pods: tuple[PodGroup, ...], port: ServicePort) -> tuple[int | str, ...]:
    """The names of the pods' ports, or their numbers where they have none."""
    held = [
        declared for found in pods for declared in found.ports if declared.protocol == port.protocol
    ]
    names = sorted({declared.name for declared in held if declared.name})
    return tuple(names) or tuple(sorted({declared.number for declared in held}))


def _ports(pods: tuple[PodGroup, ...], port: ServicePort) -> str:
    """What the pods have instead, in words."""
    held = {
        f"{declared.name} ({declared.number})" if declared.name else str(declared.number): None
        for found in pods
        for declared in found.ports
        if declared.protocol == port.protocol
    }
    if not held:
        return f"it declares no {port.protocol} port"
    return f"it has {', '.join(held)}"
