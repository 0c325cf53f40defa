"""Ports of nodes and cluster addresses that Services ask for by number: the API gives each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.core.finding import Severity
from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.core.states.environments import DEFAULT_NAME
from bot.core.states.roots.files import directory
from bot.kubernetes import kinds
from bot.kubernetes.checks import ChangeReach, Violation
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import str_of

_OF_NODES: Final = frozenset({"NodePort", "LoadBalancer"})
# The ends of the fields that ask for a number. Few Services have one, and to decode all costs much.
_ASKING: Final = (b'odePort":', b'"clusterIP')


def check_allocations(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The Services in reach that ask for a number that another Service asks for as well.

    A port of the nodes is taken for all protocols at once:
    https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/service/portallocator/allocator.go
    """
    by_number = state.derived(_requests)
    reported = set()
    for service in reach.resources(state, kinds.SERVICE):
        for name, _ in requested(service):
            sharing = dict(by_number[name])
            first, *others = sorted(sharing, key=lambda one: str(one.key))
            for second in others:
                if service in (first, second) and (name, second.key) not in reported:
                    reported.add((name, second.key))
                    pair = ((first, sharing[first]), (second, sharing[second]))
                    yield replace(_shared(name, *pair), severity=_severity(state, first, second))


def requested(service: Resource) -> tuple[tuple[str, Node], ...]:
    """What a Service asks for by number, in words, with the field that says so."""
    return service.derived(_requested)


def _severity(state: State, first: Resource, second: Resource) -> Severity | None:
    """A warning where the two may be of clusters that nothing tells apart."""
    is_told = state.environment.name != DEFAULT_NAME
    together = directory(first.source.path) == directory(second.source.path)
    return None if is_told or together else Severity.WARNING


def _shared(name: str, first: tuple[Resource, Node], second: tuple[Resource, Node]) -> Violation:
    return Violation(
        "ALREADY-ALLOCATED",
        second[0],
        (name, str(first[0].key)),
        f"{str_of(second[0])} and {str_of(first[0])} both ask for {name}: the API server gives it "
        "to one of them and refuses the other",
        (second[1], first[1]),
    )


def _requests(state: State) -> Mapping[str, tuple[tuple[Resource, Node], ...]]:
    by_number: dict[str, list[tuple[Resource, Node]]] = {}
    for service in state.of(kinds.SERVICE):
        for name, node in requested(service):
            by_number.setdefault(name, []).append((service, node))
    return MappingProxyType({name: tuple(listed) for name, listed in by_number.items()})


def _requested(service: Resource) -> tuple[tuple[str, Node], ...]:
    asks = any(field in service.encoded for field in _ASKING)
    return tuple(_numbers(service)) if asks else ()


def _numbers(service: Resource) -> Iterator[tuple[str, Node]]:
    spec = service.at("spec")
    kind = spec["type"].text or "ClusterIP"
    if kind in _OF_NODES:
        ports = [port["nodePort"] for port in spec["ports"].items()]
        for node in (*ports, spec["healthCheckNodePort"]):
            if node.integer:
                yield f"node port {node.integer}", node
    if kind != "ExternalName":
        for node in (*spec["clusterIPs"].items(), spec["clusterIP"]):
            if node.text and node.text != "None":
                yield f"cluster address {escaped(node.text)}", node
