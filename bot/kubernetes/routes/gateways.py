"""The Gateway listeners that a route attaches to."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds


def attached(state: State, route: Resource) -> Iterator[tuple[Node, Node]]:
    """The listeners of known Gateways that a route attaches to, each with the route's `parentRef`.

    https://gateway-api.sigs.k8s.io/reference/spec/#parentreference
    """
    for parent in route.at("spec", "parentRefs").items():
        if parent["kind"].text not in {None, "Gateway"}:
            continue
        space = parent["namespace"].text or route.namespace
        key = ResourceKey(kinds.GATEWAY.group, "Gateway", space, parent["name"].text or "")
        gateway = state.get(key)
        section, port = parent["sectionName"].text, parent["port"].integer
        for listener in () if gateway is None else gateway.at("spec", "listeners").items():
            named = section is None or listener["name"].text == section
            if named and (port is None or listener["port"].integer == port):
                yield parent, listener
