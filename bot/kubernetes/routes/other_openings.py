"""The hosts and paths that routes of Traefik, Contour and Istio open."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes.routes.guards import has_inside_word
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
            yield _opening(rule, host, entrance)


@dataclass(frozen=True, slots=True)
class _Entrance:
    """How requests come in: from inside only, encrypted, by which fields and which gateway."""

    internal: bool | None
    encrypted: bool | None
    tls: tuple[Node, ...] = ()
    gateway: ResourceKey | None = None


def _opening(rule: RouteRule, host: str, entrance: _Entrance) -> Opening:
    text = "" if host == "*" else host.lower()
    path = rule.path.rstrip("*").rstrip("/")
    return Opening(
        rule.node.resource,
        text,
        path,
        rule.exact,
        frozenset(backend.name for backend in rule.backends),
        internal=entrance.internal,
        encrypted=entrance.encrypted,
        authenticated=None if entrance.gateway is not None else rule.asks,
        sources=None,
        places=(rule.node,),
        tls_places=entrance.tls,
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
        gateway = state.get(key)
        internal = encrypted = None
        if gateway is not None:
            labels = gateway.at("spec", "selector").mapping.values()
            internal = any(has_inside_word(str(value)) for value in (*labels, gateway.name))
            servers = tuple(gateway.at("spec", "servers").items())
            encrypted = bool(servers) and all(
                server["tls"]["mode"].exists or server["tls"]["httpsRedirect"].boolean is True
                for server in servers
            )
        for rule in rules_of(resource):
            for host in rule.hosts:
                yield _opening(rule, host, _Entrance(internal, encrypted, gateway=key))
