"""Endpoints that people write for a Service that selects no pods, by the ports that they offer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.ports import protocol_of
from bot.kubernetes.services.service import (
    ServicePort,
    is_headless,
    service_ports,
    service_selector,
)

_SERVICE: Final = "kubernetes.io/service-name"
_UNMIRRORED: Final = "endpointslice.kubernetes.io/skip-mirror"


def unanswered(service: Resource, state: State) -> Iterator[tuple[ServicePort, tuple[str, ...]]]:
    """The ports of a Service for which its endpoints in the tree have none, and what they have.

    kube-proxy finds the endpoints of a port by its name and protocol, never by a number:
    https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors
    """
    if service_selector(service) is not None or is_headless(service):
        return
    if service.at("spec", "type").text == "ExternalName":
        return
    written = tuple(_written(service, state))
    if not written:
        return
    offered = {_mark(node) for held in written for node in _ports(held)}
    for port in service_ports(service):
        if (port.name, port.protocol) not in offered:
            yield port, tuple(sorted(f"{name or 'unnamed'} ({kind})" for name, kind in offered))


def _written(service: Resource, state: State) -> Iterator[Resource]:
    """The endpoints of a Service that the tree holds; plain Endpoints are mirrored into slices."""
    space = service.namespace
    for held in state.of(kinds.ENDPOINT_SLICE, namespace=space):
        if held.labels.get(_SERVICE) == service.name:
            yield held
    for held in state.of(kinds.ENDPOINTS, namespace=space):
        if held.name == service.name and held.labels.get(_UNMIRRORED) != "true":
            yield held


def _ports(held: Resource) -> Iterator[Node]:
    if held.group_kind == kinds.ENDPOINT_SLICE:
        yield from held.at("ports").items()
        return
    for subset in held.at("subsets").items():
        yield from subset["ports"].items()


def _mark(node: Node) -> tuple[str, str]:
    return node["name"].text or "", protocol_of(node)
