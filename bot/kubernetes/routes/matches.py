"""The hosts and paths that Ingresses and routes answer, each with its protection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.routes.backends import INGRESSES, ROUTES
from bot.kubernetes.routes.gateways import Attachment, attachments, hosts_meet
from bot.kubernetes.routes.guards import (
    authentication,
    certificate_places,
    is_internal,
    is_of_tailscale,
    sources,
)
from bot.kubernetes.routes.middlewares import annotated_limits
from bot.kubernetes.routes.opening import Opening, Openings, host_covers
from bot.kubernetes.routes.other_openings import other_openings
from bot.kubernetes.routes.other_routes import OTHER_ROUTES


def openings(state: State) -> Openings:
    """All openings of a state; to be computed by `State.derived`."""
    by_host: dict[str, list[Opening]] = {}
    for resource in state.of(*INGRESSES):
        for opening in _openings(state, resource):
            by_host.setdefault(opening.host, []).append(opening)
    return Openings({host: tuple(listed) for host, listed in by_host.items()})


def _openings(state: State, resource: Resource) -> Iterator[Opening]:
    if resource.group_kind in ROUTES:
        yield from _of_gateways(state, resource)
    elif is_of_tailscale(resource):
        yield from _of_tailscale(state, resource)
    elif resource.group_kind == kinds.INGRESS:
        yield from _of_ingress(state, resource)
    elif resource.group_kind in OTHER_ROUTES:
        yield from other_openings(state, resource)
    else:
        yield from _of_openshift(state, resource)


# What a path type other than `Exact` means is much the same: all that lies below.
_EXACT: Final = "Exact"
_ENCRYPTED: Final = frozenset({"HTTPS", "TLS"})
_HOSTLESS: Final = frozenset({kinds.TCP_ROUTE, kinds.UDP_ROUTE})
# https://kubernetes.github.io/ingress-nginx/user-guide/tls/#server-side-https-enforcement-through-redirect
_REDIRECT: Final = "nginx.ingress.kubernetes.io/ssl-redirect"


def _of_ingress(state: State, ingress: Resource) -> Iterator[Opening]:
    spec = ingress.at("spec")
    certificates = tuple(certificate_places(ingress))
    by_annotation = any(node.exists for node in certificates)
    redirect = ingress.at("metadata", "annotations")[_REDIRECT]
    plain = redirect.text == "false"
    places = (redirect, spec["tls"], *certificates)
    limits = annotated_limits(state, ingress)
    for rule in spec["rules"].items():
        host = _host(rule["host"])
        encrypted = not plain and (by_annotation or _has_certificate(spec["tls"], host))
        for path in rule["http"]["paths"].items():
            yield Opening(
                ingress,
                host,
                _path(path["path"].text),
                path["pathType"].text == _EXACT,
                _names((path["backend"]["service"],)),
                places=(path["path"], rule["host"], path),
                tls_places=places,
                unbounded=not host and not _path(path["path"].text),
                encrypted=encrypted,
                internal=is_internal(state, ingress),
                authenticated=limits.asks or any(authentication(ingress)),
                sources=limits.sources & sources(ingress),
                asking_places=limits.asking_places,
                source_places=limits.source_places,
            )


def _of_tailscale(state: State, ingress: Resource) -> Iterator[Opening]:
    """The openings of an Ingress on its own host, which its first entry of `tls` may name.

    Its certificate is Tailscale's. Rules for other hosts are ignored.
    https://github.com/tailscale/tailscale/blob/main/cmd/k8s-operator/ingress.go
    """
    spec = ingress.at("spec")
    named = next(iter(spec["tls"].items()), spec["tls"])["hosts"].texts
    machine = f"{ingress.namespace}-{ingress.name}-ingress"
    if named:
        machine = named[0].partition(".")[0]
    paths = [
        (path["path"], path["backend"])
        for rule in spec["rules"].items()
        if not rule["host"].text or rule["host"].text in named[:1]
        for path in rule["http"]["paths"].items()
    ]
    default = spec["defaultBackend"]
    for path, backend in (*paths, *([(default, default)] if default.exists else ())):
        yield Opening(
            ingress,
            f"{machine}.ts.net",
            _path(path.text),
            exact=False,
            services=_names((backend["service"],)),
            places=(path, spec["tls"]),
            tls_places=(),
            internal=is_internal(state, ingress),
            encrypted=True,
            authenticated=None,
            sources=None,
        )


def _has_certificate(tls: Node, host: str) -> bool:
    """Whether an entry of `tls` covers a host; an entry without hosts covers all of them."""
    for entry in tls.items():
        hosts = entry["hosts"].texts
        if not hosts or any(host_covers(pattern.lower(), host) for pattern in hosts):
            return True
    return False


def _of_openshift(state: State, route: Resource) -> Iterator[Opening]:
    spec = route.at("spec")
    tls = spec["tls"]
    plain = tls["insecureEdgeTerminationPolicy"]
    host = _host(spec["host"]) or f"{route.name}-{route.namespace}"
    wildcard = spec["wildcardPolicy"]
    if wildcard.text == "Subdomain":
        host = f"*.{host.partition('.')[2]}"
    yield Opening(
        route,
        host,
        _path(spec["path"].text),
        exact=False,
        services=_names((spec["to"], *spec["alternateBackends"].items())),
        places=(spec["path"], spec["host"], wildcard),
        tls_places=(plain, tls),
        encrypted=bool(tls.mapping) and plain.text != "Allow",
        internal=is_internal(state, route),
        authenticated=any(authentication(route)),
        sources=sources(route),
        unbounded=not spec["host"].text,
    )


def _of_gateways(state: State, route: Resource) -> Iterator[Opening]:
    """The openings of a route: by the listeners that take it, else by the route's own hosts.

    A route that no listener of a known Gateway takes answers nothing.
    """
    found = attachments(state, route)
    for attachment in found.taken:
        yield from _through(state, route, attachment)
    if found.unseen or not (found.taken or found.refused):
        yield from _through(state, route, None)


def _through(state: State, route: Resource, attachment: Attachment | None) -> Iterator[Opening]:
    gateway = None if attachment is None else attachment.gateway
    listener = None if attachment is None else attachment.listener
    parents = tuple(route.at("spec", "parentRefs").items())
    tls = () if listener is None else (listener["protocol"],)
    takes = () if listener is None else (listener["allowedRoutes"], listener["port"], listener)
    for rule in route.at("spec", "rules").items():
        for path in _matches(rule):
            for node, host in _hosts(route, listener):
                yield Opening(
                    route,
                    host,
                    _path(path["value"].text),
                    path["type"].text == _EXACT,
                    _names(rule["backendRefs"].items()),
                    places=(path["value"], node, rule, *parents, *takes),
                    tls_places=(*tls, *parents),
                    encrypted=None if listener is None else _is_encrypted(route, listener),
                    internal=None if gateway is None else is_internal(state, gateway),
                    # These are policies of each maker of gateways.
                    authenticated=None,
                    sources=None,
                    unbounded=not host,
                    gateway=None if gateway is None else gateway.key,
                )


def _is_encrypted(route: Resource, listener: Node) -> bool | None:
    """Whether requests are encrypted; what a TCP or UDP port carries is not known."""
    if route.group_kind in _HOSTLESS:
        return None
    return listener["protocol"].text in _ENCRYPTED


def _hosts(route: Resource, listener: Node | None) -> Iterator[tuple[Node, str]]:
    """The hosts that a route answers on a listener: those of both, the narrower where they differ.

    A TCPRoute or UDPRoute knows no hosts: it answers on the listener's port.
    """
    hosts = tuple(route.at("spec", "hostnames").items())
    if route.group_kind in _HOSTLESS:
        node = route.at("spec", "parentRefs") if listener is None else listener["port"]
        yield node, f"port {node.integer if node.integer is not None else 'unknown'}"
    elif not hosts:
        if listener is not None:
            yield listener["hostname"], _host(listener["hostname"])
    else:
        own = "" if listener is None else _host(listener["hostname"])
        for node in hosts:
            host = _host(node)
            if hosts_meet(own, host):
                wider = own and host_covers(host, own) and host != own
                yield (
                    (listener["hostname"], own) if wider and listener is not None else (node, host)
                )


def _matches(rule: Node) -> Iterator[Node]:
    """The path matches of a Gateway API rule; a rule without a match takes every path."""
    matches = tuple(rule["matches"].items())
    for match in matches:
        # A GRPCRoute matches methods: which ones there are does not make it another opening.
        yield match["path"]
    if not matches:
        yield rule["matches"]


def _names(references: Iterator[Node] | tuple[Node, ...]) -> frozenset[str]:
    return frozenset(node["name"].text or "" for node in references)


def _host(node: Node) -> str:
    text = (node.text or "").lower()
    return "" if text == "*" else text


def _path(text: str | None) -> str:
    return (text or "").rstrip("*").rstrip("/")
