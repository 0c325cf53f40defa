"""Probes: which containers receive traffic, and what the kubelet probes."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias

from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.ports import container_ports
from bot.kubernetes.services.service import ServicePort, service_ports, service_selector, services
from bot.kubernetes.workloads.pods import PodTemplate, pod_templates
from bot.kubernetes.workloads.population import PodGroup
from bot.kubernetes.workloads.template_paths import TEMPLATED
from bot.records import dataclass

Probe: TypeAlias = Literal["readinessProbe", "livenessProbe"]

LASTING: Final[tuple[GroupKind, ...]] = tuple(
    kind for kind in TEMPLATED if kind not in {kinds.POD_TEMPLATE, kinds.JOB, kinds.CRON_JOB}
)
"""The kinds whose pods may be kept running."""

_HANDLERS: Final = ("httpGet", "tcpSocket", "exec", "grpc")


@dataclass(frozen=True, slots=True)
class TrafficContainer:
    """A container that receives traffic of a Service."""

    container: Node
    service: Resource


@dataclass(frozen=True, slots=True)
class Traffic:
    """Traffic to ignore, by globs over names of Services and ports."""

    services: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()


def matches_any(name: str | None, globs: tuple[str, ...]) -> bool:
    """Whether a name matches one of these globs."""
    return name is not None and any(fnmatchcase(name, glob) for glob in globs)


def lasting_templates(resource: Resource) -> Iterator[tuple[int, PodTemplate]]:
    """The templates of pods that restart always, with their ordinals."""
    for ordinal, template in enumerate(pod_templates(resource)):
        if template.restart == "always":
            yield ordinal, template


def served_containers(
    resource: Resource, state: State, ignored: Traffic
) -> Iterator[TrafficContainer]:
    """The containers that receive traffic of a Service, each once, with the first such Service.

    A Service with `publishNotReadyAddresses` does not count: it ignores readiness.
    """
    state_services = services(state)
    for ordinal, template in lasting_templates(resource):
        pods, seen = PodGroup(template, ordinal), set()
        for service in state_services.of(pods):
            if service.at("spec", "publishNotReadyAddresses").value is True:
                continue
            if matches_any(service.name, ignored.services):
                continue
            selector = service_selector(service)
            if selector is None or not selector.matches(pods.labels):
                continue  # only pods of which no manifest tells whether they are selected
            for port in service_ports(service):
                container = _behind(port, pods)
                if container is None or _is_ignored(port, container, pods, ignored.ports):
                    continue
                if container.route not in seen:
                    seen.add(container.route)
                    yield TrafficContainer(container, service)


def _behind(port: ServicePort, pods: PodGroup) -> Node | None:
    """The container that declares a Service's target port, or the only container of the pod."""
    number = port.on(pods)
    serving = pods.template.serving
    for container in serving:
        for declared in container_ports(container):
            if declared.number == number and declared.protocol == port.protocol:
                return container
    return serving[0] if len(serving) == 1 and number is not None else None


def _is_ignored(
    port: ServicePort, container: Node, pods: PodGroup, ignored: tuple[str, ...]
) -> bool:
    number = port.on(pods)
    names = {
        port.name,
        *(declared.name for declared in container_ports(container) if declared.number == number),
    }
    return any(matches_any(name, ignored) for name in names)


def listens(container: Node) -> bool:
    """Whether a container declares a port or a probe, so that it accepts connections."""
    return any(container_ports(container)) or has_probe(container, "readinessProbe")


def has_probe(container: Node, probe: Probe) -> bool:
    """Whether a container has this probe with a handler; the API refuses a probe without one."""
    return any(container[probe][handler].value is not None for handler in _HANDLERS)
