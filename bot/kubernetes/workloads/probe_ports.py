"""Port names that probes and lifecycle hooks ask for, looked up as the kubelet does."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from bot.core.resource import Node
from bot.core.state import State
from bot.kubernetes.checks import ChangeReach, Violation
from bot.kubernetes.naming import container_name, escaped
from bot.kubernetes.ports import container_ports
from bot.kubernetes.workloads.pods import PodTemplate, pod_templates, str_of
from bot.kubernetes.workloads.template_paths import TEMPLATED

_PROBES: Final = (
    (("readinessProbe",), "its readiness probe"),
    (("livenessProbe",), "its liveness probe"),
    (("startupProbe",), "its startup probe"),
    (("lifecycle", "postStart"), "its postStart hook"),
    (("lifecycle", "preStop"), "its preStop hook"),
)


def check_probe_ports(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The probes and hooks that name a port which their own container does not declare.

    The kubelet looks in the same container only, and takes digits in quotes as a number:
    https://github.com/kubernetes/kubernetes/blob/master/pkg/probe/util.go
    """
    for resource in filter(reach.changes, reach.resources(state, *TEMPLATED)):
        for template in pod_templates(resource):
            for container in (*template.containers, *template.init_containers):
                yield from _unknown_names(template, container)


def _unknown_names(template: PodTemplate, container: Node) -> Iterator[Violation]:
    declared = tuple(container_ports(container))
    names = {port.name for port in declared if port.name}
    for route, words in _PROBES:
        for way in ("httpGet", "tcpSocket"):
            port = container.at(*route, way, "port")
            name = port.text
            if name and name not in names and not (name.isascii() and name.isdigit()):
                has = ", ".join(sorted(names)) or "no named port"
                yield Violation(
                    "PROBE-PORT-MISSING",
                    template.owner,
                    (container["name"].text or "", *route, way, name),
                    f"{str_of(template.owner)}: {container_name(container)} has no port named "
                    f"{escaped(name)}, which {words} asks for: it has {has}"
                    f"{_elsewhere(template, container, name)}",
                    (port, *(held.node["name"] for held in declared), container["ports"]),
                    facts=MappingProxyType({"port": name, "use": tuple(sorted(names))}),
                )


def _elsewhere(template: PodTemplate, container: Node, name: str) -> str:
    """The container that does declare the port, which is of no use to the kubelet."""
    for other in (*template.containers, *template.init_containers):
        if other.route != container.route and any(
            port.name == name for port in container_ports(other)
        ):
            return f"; the port of {container_name(other)} does not count"
    return ""
