"""Ports of Services that arrive nowhere, or elsewhere than one would think."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from bot.core.resource import Node, Resource
from bot.core.state import State, changes
from bot.core.values import Body
from bot.kubernetes import kinds
from bot.kubernetes.pods import str_of
from bot.kubernetes.population import Pods, Selection
from bot.kubernetes.services import ServicePort, is_headless, service_ports, services

Code: TypeAlias = Literal[
    "SVC-TARGET-NAME-MISSING",
    "SVC-TARGET-NAME-PARTIAL",
    "SVC-TARGET-NAME-AMBIGUOUS",
    "SVC-TARGET-UNDECLARED",
    "SVC-HEADLESS-REMAP",
]


@dataclass(frozen=True, slots=True)
class TargetIssue:
    """A port of a Service whose target is not what the pods have. `use` is what they have."""

    code: Code
    service: Resource
    port: ServicePort
    pods: tuple[Pods, ...]
    use: tuple[int | str, ...]
    message: str
    fix: int | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """What stays of it when lines and order change."""
        port = self.port
        return (self.service.key, self.code, port.number, port.protocol, port.target)

    @property
    def facts(self) -> Body:
        """The issue for machines."""
        return MappingProxyType(
            {
                "code": self.code,
                "object": str(self.service.key),
                "port": self.port.target,
                "use": self.use,
            }
        )

    @property
    def places(self) -> Iterator[Node]:
        """The places that may have brought it about, the target first."""
        yield self.port.target_node
        yield from self.port.places
        yield self.service.at("spec", "selector")
        for pods in self.pods:
            yield from pods.places
        yield self.service.at("spec", "clusterIP")


def new_target_issues(before: State, after: State) -> Iterator[TargetIssue]:
    """The issues of head that base has not."""
    spaces = sorted({change.key.namespace or "" for change in changes(before, after)})
    known = Counter(issue.identity for space in spaces for issue in _issues(before, space))
    for space in spaces:
        for issue in _issues(after, space):
            if known[issue.identity] > 0:
                known[issue.identity] -= 1
            else:
                yield issue


def _issues(state: State, namespace: str) -> Iterator[TargetIssue]:
    for service in state.of(kinds.SERVICE, namespace=namespace):
        yield from target_issues(state, service)


def target_issues(state: State, service: Resource) -> Iterator[TargetIssue]:
    """The ports of this Service whose targets its pods have not, or have elsewhere."""
    found = services(state).endpoints(service)
    if not found.pods:
        return
    for port in service_ports(service):
        if isinstance(port.target, str):
            yield from _named(service, port, port.target, found)
        else:
            yield from _undeclared(service, port, port.target, found)
        if is_headless(service):
            yield from _remapped(service, port, found)


def _named(
    service: Resource, port: ServicePort, name: str, found: Selection
) -> Iterator[TargetIssue]:
    lacking = tuple(pods for pods in found.pods if port.on(pods) is None)
    begin = f"{str_of(service)} sends port {port.number} to container port {name!r}"
    use = _offered(lacking, port)
    if name.isascii() and name.isdigit():
        message = f"{begin}, which in quotes is a name, and a port's name needs a letter"
        yield TargetIssue(
            "SVC-TARGET-NAME-MISSING", service, port, found.pods, (int(name),), message, int(name)
        )
    elif lacking and not any(port.on(pods) for pods in found.all):
        message = f"{begin}, which {_names(lacking)} does not have: {_ports(lacking, port)}"
        yield TargetIssue("SVC-TARGET-NAME-MISSING", service, port, found.pods, use, message)
    elif lacking:
        message = (
            f"{begin}, which {_names(lacking)} does not have, so its pods get no traffic there: "
            f"{_ports(lacking, port)}"
        )
        yield TargetIssue("SVC-TARGET-NAME-PARTIAL", service, port, found.pods, use, message)
    for pods in found.pods:
        numbers = _numbers(pods, port)
        if len(numbers) > 1:
            message = (
                f"{begin}, which {pods} has more than once: traffic goes to {numbers[0]} and never "
                f"to {' or '.join(map(str, numbers[1:]))}"
            )
            yield TargetIssue("SVC-TARGET-NAME-AMBIGUOUS", service, port, (pods,), numbers, message)


def _numbers(pods: Pods, port: ServicePort) -> tuple[int, ...]:
    """The numbers of the ports that have the target's name, the one that counts first."""
    held = (
        found.number
        for found in pods.ports
        if found.name == port.target and found.protocol == port.protocol
    )
    return tuple(dict.fromkeys(held))


def _undeclared(
    service: Resource, port: ServicePort, number: int, found: Selection
) -> Iterator[TargetIssue]:
    """A number that no pod declares, where all of them declare something."""
    known = [pods.known for pods in found.all]
    if all(known) and not any((port.protocol, number) in ports for ports in known):
        use = _offered(found.pods, port)
        if use:
            yield TargetIssue(
                "SVC-TARGET-UNDECLARED",
                service,
                port,
                found.pods,
                use,
                f"{str_of(service)} sends port {port.number} to {number}, which no container of "
                f"{_names(found.pods)} declares: {_ports(found.pods, port)}",
            )


def _remapped(service: Resource, port: ServicePort, found: Selection) -> Iterator[TargetIssue]:
    targets = {port.on(pods) for pods in found.pods} - {None, port.number}
    if targets:
        numbers = tuple(sorted(number for number in targets if number is not None))
        yield TargetIssue(
            "SVC-HEADLESS-REMAP",
            service,
            port,
            found.pods,
            numbers,
            f"{str_of(service)} is headless, so nothing maps its port {port.number} to "
            f"{' or '.join(map(str, numbers))}: clients reach the pods on the port that they dial",
            numbers[0] if len(numbers) == 1 else None,
        )


def _offered(pods: tuple[Pods, ...], port: ServicePort) -> tuple[int | str, ...]:
    """The names of the pods' ports, or their numbers where they have none."""
    held = [
        declared for found in pods for declared in found.ports if declared.protocol == port.protocol
    ]
    names = sorted({declared.name for declared in held if declared.name})
    return tuple(names) or tuple(sorted({declared.number for declared in held}))


def _ports(pods: tuple[Pods, ...], port: ServicePort) -> str:
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


def _names(pods: tuple[Pods, ...]) -> str:
    """The pods' owners, at most two of them by name."""
    names = list(dict.fromkeys(map(str, pods)))
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return " and ".join(names[:2]) + more if not more else ", ".join(names[:2]) + more
