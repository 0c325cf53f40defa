"""Hand-written endpoints of Services without a selector, compared with the Services' ports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.ports import protocol_of
from bot.kubernetes.services.service import (
    ServicePort,
    service_ports,
    service_selector,
)

_SERVICE: Final = "kubernetes.io/service-name"
_UNMIRRORED: Final = "endpointslice.kubernetes.io/skip-mirror"


def unanswered(service: Resource, state: State) -> Iterator[tuple[ServicePort, tuple[str, ...]]]:
    """The ports of a Service that its hand-written endpoints lack, and the ports that they have.

    kube-proxy finds the endpoints of a port by name and protocol, never by number:
    https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors
    """
    if service_selector(service) is not None:
        return
    if service.at("spec", "type").text == "ExternalName":
        return
    written = tuple(_written(service, state))
    if not written:
        return
    offered = {_name_and_protocol(node) for resource in written for node in _ports(resource)}
    for port in service_ports(service):
        if (port.name, port.protocol) not in offered:
            yield port, tuple(sorted(f"{name or 'unnamed'} ({kind})" for name, kind in offered))


def _written(service: Resource, state: State) -> Iterator[Resource]:
    """The endpoints of a Service in the state; plain Endpoints are mirrored into EndpointSlices."""
    space = service.namespace
    for resource in state.of(kinds.ENDPOINT_SLICE, namespace=space):
        if resource.labels.get(_SERVICE) == service.name:
            yield resource
    for resource in state.of(kinds.ENDPOINTS, namespace=space):
        if resource.name == service.name and resource.labels.get(_UNMIRRORED) != "true":
            yield resource


def _ports(resource: Resource) -> Iterator[Node]:
    if resource.group_kind == kinds.ENDPOINT_SLICE:
        yield from resource.at("ports").items()
        return
    for subset in resource.at("subsets").items():
        yield from subset["ports"].items()


def _name_and_protocol(node: Node) -> tuple[str, str]:
    return node["name"].text or "", protocol_of(node)
