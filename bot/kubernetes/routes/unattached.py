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
    listener = f"listener {section}" if section else "no listener"
    if section:
        said = f"{listener} of {kind} {space}/{parent['name'].text} does not take it"
    elif port is not None:
        said = f"no listener on port {port} of {kind} {space}/{parent['name'].text} takes it"
    else:
        said = f"{listener} of {kind} {space}/{parent['name'].text} takes it"
    return Violation(
        "ROUTE-UNATTACHED",
        route,
        (kind, space or "", parent["name"].text or "", section or "", str(port or "")),
        f"{str_of(route)} is attached to nothing: {said}, by its name, port, protocol, "
        "namespaces or host",
        (*attachment_places(state, parent), route.at("spec", "hostnames")),
    )
