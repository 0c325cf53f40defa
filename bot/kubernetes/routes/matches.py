"""What Ingresses and routes answer: hosts and paths, each with what guards it."""

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

    `host` is empty for every host; `path` is empty for every path, and otherwise has no slash at
    its end. `exact` says that nothing below it is answered. `services` are those that get the
    requests. What guards it is None where something decides that is not to be seen, such as a
    Gateway of another repository. `places` are where host and path are said, `tls_places` where
    encryption is. `unbounded` says that it names neither; of an OpenShift Route, that the router
    makes up its host.
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
        """Host and path, as a message names them."""
        return f"{self.host or '*'}{self.path or '/'}"

    def covers(self, other: Opening) -> bool:
        """Whether this answers all that the other does, by the same Services or the same rule."""
        if not host_covers(self.host, other.host):
            return False
        if (self.path, self.exact) == (other.path, other.exact):
            return True
        below = other.path == self.path or other.path.startswith(f"{self.path}/")
        return not self.exact and below and other.services <= self.services


def host_covers(wide: str, narrow: str) -> bool:
    """Whether a host of a rule stands for another one: `*.example.com` for one label before it."""
    if wide in {"", narrow}:
        return True
    first, _, rest = narrow.partition(".")
    return wide.startswith("*.") and wide[2:] == rest and first != ""


@dataclass(frozen=True, slots=True)
class Openings:
    """All that a state answers, by host."""

    by_host: Mapping[str, tuple[Opening, ...]]

    def covering(self, opening: Opening) -> Iterator[Opening]:
        """Those that answer all that this one does."""
        parent = opening.host.partition(".")[2]
        for host in dict.fromkeys((opening.host, f"*.{parent}", "")):
            yield from (held for held in self.by_host.get(host, ()) if held.covers(opening))

    def all(self) -> Iterator[Opening]:
        """Every one."""
        for held in self.by_host.values():
            yield from held


def openings(state: State) -> Openings:
    """What a state answers; for `State.derived`."""
    found: dict[str, list[Opening]] = {}
    for resource in state.of(*INGRESSES):
        for opening in _openings(state, resource):
            found.setdefault(opening.host, []).append(opening)
    return Openings({host: tuple(held) for host, held in found.items()})


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
    """Whether an entry of `tls` is for a host; one without hosts is for all of them."""
    for entry in tls.items():
        hosts = entry["hosts"].texts
        if not hosts or any(host_covers(held.lower(), host) for held in hosts):
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
    """What a route answers through the listeners that are known; through others, by its hosts."""
    found = tuple(attached(state, route))
    gateways = {held.resource.key: held.resource for _, held in found}
    parents = tuple(route.at("spec", "parentRefs").items())
    hosts = tuple(route.at("spec", "hostnames").items())
    named = hosts or tuple(held["hostname"] for _, held in found)
    internal = all(is_internal(state, held) for held in gateways.values()) if found else None
    encrypted = all(held["protocol"].text in _ENCRYPTED for _, held in found) if found else None
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
                    tls_places=(*(held["protocol"] for _, held in found), *parents),
                    encrypted=encrypted,
                    internal=internal,
                    # These are policies of each maker of gateways.
                    authenticated=None,
                    sources=None,
                    unbounded=not _host(host),
                )


def _matches(rule: Node) -> Iterator[Node]:
    """The paths of a rule of the Gateway API; without a match it takes every path."""
    matches = tuple(rule["matches"].items())
    for match in matches:
        # A GRPCRoute matches methods: which ones there are does not make it another opening.
        yield match["path"]
    if not matches:
        yield rule["matches"]


def _names(held: Iterator[Node] | tuple[Node, ...]) -> frozenset[str]:
    return frozenset(node["name"].text or "" for node in held)


def _host(node: Node) -> str:
    text = (node.text or "").lower()
    return "" if text == "*" else text


def _path(text: str | None) -> str:
    return (text or "").rstrip("*").rstrip("/")
