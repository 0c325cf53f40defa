"""Whether the Service of a backend has the port that a route names."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from bot.core.resource import Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.absence import CheckedReference
from bot.kubernetes.checks import Violation
from bot.kubernetes.routes.other_routes import Backend
from bot.kubernetes.services.service import ServicePort, service_ports, services
from bot.kubernetes.workloads.pods import str_of


def port_number(resource: Resource, backend: Backend) -> CheckedReference:
    """A Service as a backend needs a port; the API refuses the route without one."""
    name = f"Service {backend.namespace}/{backend.name}"
    return CheckedReference(
        f"number {name}",
        backend.port.exists,
        backend.namespace,
        (kinds.SERVICE,),
        Violation(
            "BACKEND-PORT-REQUIRED",
            resource,
            (name,),
            f"{str_of(resource)} sends traffic to {name} without naming its port, which the API "
            "refuses",
            (backend.port, backend.node),
        ),
        certain=True,
    )


def port_exists(
    state: State, resource: Resource, backend: Backend, service: Resource
) -> Iterator[CheckedReference]:
    """The port of a backend; nothing where the Service has no ports to compare with."""
    port, ports = backend.port, service_ports(service)
    external = service.at("spec", "type").value == "ExternalName"
    # The AWS controller's own word for a backend that stands in an annotation.
    if port.value is None or port.value == "use-annotation" or (external and not ports):
        return
    value = port.integer or port.text
    yield CheckedReference(
        f"{service.key} port {value}",
        value in _legal(state, backend, service, ports),
        backend.namespace,
        (kinds.SERVICE,),
        Violation(
            "BACKEND-PORT-MISSING",
            resource,
            (str(service.key), str(value)),
            f"{str_of(resource)} sends traffic to port {value} of {str_of(service)}, which has "
            f"{_words(ports)}{_pods_port(value, ports)}",
            (port,),
            facts=MappingProxyType({"port": value, "use": tuple(_use(value, ports))}),
        ),
        by=(service.at("spec", "ports"),),
        certain=True,
    )


def _legal(
    state: State, backend: Backend, service: Resource, ports: tuple[ServicePort, ...]
) -> set[int | str | None]:
    legal: set[int | str | None] = {port.number for port in ports}
    legal |= {port.name for port in ports if port.name}
    if backend.to_pods:
        pods = services(state).endpoints(service).pods
        legal |= {port.target for port in ports}
        legal |= {port.on(each) for port in ports for each in pods}
        legal |= {str(number) for number in legal if isinstance(number, int)}
    return legal


def _use(value: int | str | None, ports: tuple[ServicePort, ...]) -> Iterator[int | str]:
    """The ports to use instead: names where a name was written, else numbers."""
    for port in ports:
        yield port.name if isinstance(value, str) and port.name else port.number


def _words(ports: tuple[ServicePort, ...]) -> str:
    words = [f"{port.name} ({port.number})" if port.name else str(port.number) for port in ports]
    return f"only {', '.join(words)}" if words else "no port"


def _pods_port(value: int | str | None, ports: tuple[ServicePort, ...]) -> str:
    meant = next((port for port in ports if port.target == value), None)
    return "" if meant is None else f": {value} is the port on the pods behind {meant.number}"
