"""The hosts and paths that Ingresses and routes answer, each with its protection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.routes.backends import INGRESSES, ROUTES
from bot.kubernetes.routes.gateways import attached
from bot.kubernetes.routes.guards import authentication, certificate_places, is_internal, sources


@dataclass(frozen=True, slots=True)
class Opening:
    """One host and path that a resource answers.

    `host` is empty for every host. `path` is empty for every path and never ends in a slash.
    `exact`: paths below it are not answered. `services` receive the requests. A protection is None
    where a resource outside the repository decides it, such as a Gateway. `places` are the fields
    of host and path, `tls_places` those of encryption. `unbounded`: the resource names neither host
    nor path, or the router of OpenShift chooses the host.
    """

    resource: Resource
    host: str
    path: str
    exact: bool
    services: frozenset[str]
    internal: bool | None
    encrypted: bool | None
    authenticated: bool | None
    sources: Addresses | None
    places: tuple[Node, ...]
    tls_places: tuple[Node, ...]
    unbounded: bool = False

    @property
    def words(self) -> str:
        """Host and path, for a message."""
        return f"{self.host or '*'}{self.path or '/'}"

    def covers(self, other: Opening) -> bool:
        """Whether this answers all that another does, by the same Services or the same rule."""
        if not host_covers(self.host, other.host):
            return False
        if (self.path, self.exact) == (other.path, other.exact):
            return True
        below = other.path == self.path or other.path.startswith(f"{self.path}/")
        return not self.exact and below and other.services <= self.services


def host_covers(wide: str, narrow: str) -> bool:
    """Whether a host pattern covers another host: `*.example.com` covers one more label."""
    if wide in {"", narrow}:
        return True
    first, _, rest = narrow.partition(".")
    return wide.startswith("*.") and wide[2:] == rest and first != ""


@dataclass(frozen=True, slots=True)
class Openings:
    """All openings of a state, by host."""

    by_host: Mapping[str, tuple[Opening, ...]]

    def covering(self, opening: Opening) -> Iterator[Opening]:
        """The openings that answer everything that this one answers."""
        parent = opening.host.partition(".")[2]
        for host in dict.fromkeys((opening.host, f"*.{parent}", "")):
            yield from (wide for wide in self.by_host.get(host, ()) if wide.covers(opening))

    def all(self) -> Iterator[Opening]:
        """Every opening."""
        for listed in self.by_host.values():
            yield from listed


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
    elif resource.group_kind == kinds.INGRESS:
        yield from _of_ingress(state, resource)
    else:
        yield from _of_openshift(state, resource)


# What a path type other than `Exact` means is much the same: all that lies below.
_EXACT: Final = "Exact"
_ENCRYPTED: Final = frozenset({"HTTPS", "TLS"})
# https://kubernetes.github.io/ingress-nginx/user-guide/tls/#server-side-https-enforcement-through-redirect
_REDIRECT: Final = "nginx.ingress.kubernetes.io/ssl-redirect"


def _of_ingress(state: State, ingress: Resource) -> Iterator[Opening]:
    spec = ingress.at("spec")
    certificates = tuple(certificate_places(ingress))
    by_annotation = any(node.exists for node in certificates)
    redirect = ingress.at("metadata", "annotations")[_REDIRECT]
    plain = redirect.text == "false"
    places = (redirect, spec["tls"], *certificates)
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
                authenticated=any(authentication(ingress)),
                sources=sources(ingress),
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
    yield Opening(
        route,
        _host(spec["host"]) or f"{route.name}-{route.namespace}",
        _path(spec["path"].text),
        exact=False,
        services=_names((spec["to"], *spec["alternateBackends"].items())),
        places=(spec["path"], spec["host"]),
        tls_places=(plain, tls),
        encrypted=bool(tls.mapping) and plain.text != "Allow",
        internal=is_internal(state, route),
        authenticated=any(authentication(route)),
        sources=sources(route),
        unbounded=not spec["host"].text,
    )


def _of_gateways(state: State, route: Resource) -> Iterator[Opening]:
    """The openings of a route: by the listeners that are known, else by the route's own hosts."""
    listeners = tuple(attached(state, route))
    gateways = {listener.resource.key: listener.resource for _, listener in listeners}
    parents = tuple(route.at("spec", "parentRefs").items())
    hosts = tuple(route.at("spec", "hostnames").items())
    named = hosts or tuple(listener["hostname"] for _, listener in listeners)
    internal = (
        all(is_internal(state, listener) for listener in gateways.values()) if listeners else None
    )
    encrypted = (
        all(listener["protocol"].text in _ENCRYPTED for _, listener in listeners)
        if listeners
        else None
    )
    for rule in route.at("spec", "rules").items():
        services = _names(rule["backendRefs"].items())
        for path in _matches(rule):
            for host in named:
                yield Opening(
                    route,
                    _host(host),
                    _path(path["value"].text),
                    path["type"].text == _EXACT,
                    services,
                    places=(path["value"], host, rule, *parents),
                    tls_places=(*(listener["protocol"] for _, listener in listeners), *parents),
                    encrypted=encrypted,
                    internal=internal,
                    # These are policies of each maker of gateways.
                    authenticated=None,
                    sources=None,
                    unbounded=not _host(host),
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
