"""Routes that no listener of their Gateway takes."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes.checks import ChangeReach, Violation
from bot.kubernetes.routes.backends import ROUTES
from bot.kubernetes.routes.gateways import attachment_places, attachments
from bot.kubernetes.workloads.pods import str_of


def check_attachments(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The parents in the state of which no listener takes the route.

    A route reaches into other namespaces, so that every route is looked at.
    """
    del reach
    for route in state.of(*ROUTES):
        for parent in attachments(state, route).refused:
            yield _violation(state, route, parent)


def _violation(state: State, route: Resource, parent: Node) -> Violation:
    space = parent["namespace"].text or route.namespace
    kind = parent["kind"].text or "Gateway"
    section, port = parent["sectionName"].text, parent["port"].integer
    gateway = f"{kind} {space}/{parent['name'].text}"
    if section:
        refusal = f"listener {section} of {gateway} does not accept it"
    else:
        on_port = f" on port {port}" if port is not None else ""
        refusal = f"no listener{on_port} of {gateway} accepts it"
    return Violation(
        "ROUTE-UNATTACHED",
        route,
        (kind, space or "", parent["name"].text or "", section or "", str(port or "")),
        f"{str_of(route)} is attached to nothing: {refusal}, because of its name, port, "
        "protocol, namespaces or host",
        (*attachment_places(state, parent), route.at("spec", "hostnames")),
    )
