"""The hosts and paths that routes of Traefik, Contour and Istio open."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes.routes.guards import has_inside_word
from bot.kubernetes.routes.middlewares import RouteLimits, limits_of
from bot.kubernetes.routes.opening import Opening
from bot.kubernetes.routes.other_routes import (
    ISTIO_GATEWAY,
    TRAEFIK,
    VIRTUAL_SERVICE,
    RouteRule,
    rules_of,
)
from bot.records import dataclass


def other_openings(state: State, resource: Resource) -> Iterator[Opening]:
    """What a route of Traefik, Contour or Istio answers for the outside."""
    if resource.group_kind == VIRTUAL_SERVICE:
        yield from _of_istio(state, resource)
        return
    spec = resource.at("spec")
    traefik = resource.group_kind in TRAEFIK
    tls = spec["tls"] if traefik else spec["virtualhost"]["tls"]
    classes = spec["entryPoints"].texts if traefik else (spec["ingressClassName"].text or "",)
    internal = bool(classes) and all(map(has_inside_word, classes))
    entrance = _Entrance(internal, tls.value is not None, (tls,))
    for rule in rules_of(resource):
        for host in rule.hosts:
            yield _opening(rule, host, entrance, limits_of(state, rule))


@dataclass(frozen=True, slots=True)
class _Entrance:
    """How requests come in: from inside only, encrypted, by which fields and which gateway.

    `hosts` are the fields of the gateway's own hosts, which decide as well what is answered.
    """

    internal: bool | None
    encrypted: bool | None
    tls: tuple[Node, ...] = ()
    gateway: ResourceKey | None = None
    hosts: tuple[Node, ...] = ()


def _opening(
    rule: RouteRule, host: str, entrance: _Entrance, limits: RouteLimits | None = None
) -> Opening:
    text = "" if host == "*" else host.lower()
    path = rule.path.rstrip("*").rstrip("/")
    return Opening(
        rule.node.resource,
        text,
        path,
        rule.exact,
        frozenset(backend.name for backend in rule.backends),
        internal=entrance.internal,
        encrypted=entrance.encrypted if rule.plain is None else False,
        authenticated=None if limits is None else limits.asks,
        sources=None if limits is None else limits.sources,
        places=(rule.node, *entrance.hosts),
        tls_places=entrance.tls if rule.plain is None else (rule.plain, *entrance.tls),
        asking_places=() if limits is None else limits.asking_places,
        source_places=() if limits is None else limits.source_places,
        unbounded=not text and not path,
        gateway=entrance.gateway,
    )


def _of_istio(state: State, resource: Resource) -> Iterator[Opening]:
    """A virtual service answers for the outside only through gateways; `mesh` is the inside."""
    for node in resource.at("spec", "gateways").items():
        name = node.text or ""
        if name in {"", "mesh"}:
            continue
        space, _, short = name.rpartition("/")
        key = ResourceKey(
            ISTIO_GATEWAY.group, ISTIO_GATEWAY.kind, space or resource.namespace, short
        )
        for rule in rules_of(resource):
            for host in rule.hosts:
                entrance = _through_gateway(state, key, resource, host)
                if entrance is not None:
                    yield _opening(rule, host, entrance)


def _through_gateway(
    state: State, key: ResourceKey, resource: Resource, host: str
) -> _Entrance | None:
    """How a gateway lets in requests for a host; None where none of its servers takes them."""
    gateway = state.get(key)
    if gateway is None:
        return _Entrance(None, None, gateway=key)
    labels = gateway.at("spec", "selector").mapping.values()
    internal = any(has_inside_word(str(value)) for value in (*labels, gateway.name))
    hosts: list[Node] = []
    servers: list[Node] = []
    for server in gateway.at("spec", "servers").items():
        taking = [node for node in server["hosts"].items() if _takes(node, host, resource)]
        hosts += taking
        servers += [server] if taking else []
    if not servers:
        return None
    encrypted = all(
        server["tls"]["mode"].exists or server["tls"]["httpsRedirect"].boolean is True
        for server in servers
    )
    places = tuple(server["tls"] for server in servers)
    return _Entrance(internal, encrypted, places, key, tuple(hosts))


def _takes(node: Node, host: str, resource: Resource) -> bool:
    """Whether a host of a gateway, maybe after a namespace, takes that of a virtual service."""
    space, _, pattern = (node.text or "").rpartition("/")
    space = node.resource.namespace or "" if space == "." else space
    if space not in {"", "*", resource.namespace or ""}:
        return False
    return _meet(pattern, host) or _meet(host, pattern)


def _meet(wide: str, narrow: str) -> bool:
    """Whether a host, whose `*` stands for any labels, covers another."""
    return wide in {"*", narrow} or (wide.startswith("*.") and narrow.endswith(wide[1:]))
