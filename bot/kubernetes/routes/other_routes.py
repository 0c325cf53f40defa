"""Routes of Traefik, Contour and Istio: whom they answer for, and where they send requests.

https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/
https://projectcontour.io/docs/main/config/api/
https://istio.io/latest/docs/reference/config/networking/virtual-service/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import GroupKind, Node, Resource
from bot.patterns import pattern
from bot.records import dataclass

TRAEFIK: Final = tuple(
    GroupKind(group, kind)
    for group in ("traefik.io", "traefik.containo.us")
    for kind in ("IngressRoute", "IngressRouteTCP", "IngressRouteUDP")
)
HTTP_PROXY: Final = GroupKind("projectcontour.io", "HTTPProxy")
VIRTUAL_SERVICE: Final = GroupKind("networking.istio.io", "VirtualService")
ISTIO_GATEWAY: Final = GroupKind("networking.istio.io", "Gateway")
OTHER_ROUTES: Final = (*TRAEFIK, HTTP_PROXY, VIRTUAL_SERVICE)
"""The kinds of routes that are not Kubernetes' own."""

# The names in a rule of Traefik, in backquotes or quotes: Host(`a`, `b`) && PathPrefix(`/c`).
_HOSTS: Final = pattern(r"(!?)\s*Host(?:SNI)?(Regexp)?\(([^)]{1,2000})\)")
_PATHS: Final = pattern(r"(!?)\s*(PathPrefix|Path)\(([^)]{1,2000})\)")
_QUOTED: Final = pattern(r"[`\"']([^`\"']{1,500})[`\"']")
ENTRY_POINT: Final = "entry point "


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service that receives traffic; `port` is the field with its port number or name.

    With `to_pods`, a number may also be a port of the pods, as OpenShift's router goes to them.
    """

    node: Node
    service: Node
    namespace: str
    port: Node
    to_pods: bool = False

    @property
    def name(self) -> str:
        """The Service's name; Istio writes it as a host."""
        return (self.service.text or "").partition(".")[0]


@dataclass(frozen=True, slots=True)
class RouteRule:
    """One rule of a route: its hosts and path as text, the field of them, and its backends.

    A host that begins with ENTRY_POINT is an entry point of Traefik, where a rule knows no hosts.
    `limits` is the part of the route that limits who is answered. `plain` is a field that lets
    requests in without encryption, whatever the host has.
    """

    node: Node
    hosts: tuple[str, ...]
    path: str
    exact: bool
    backends: tuple[Backend, ...]
    limits: Node
    plain: Node | None = None


def rules_of(resource: Resource) -> Iterator[RouteRule]:
    """The rules of a route of Traefik, Contour or Istio."""
    if resource.group_kind == HTTP_PROXY:
        yield from _contour(resource)
    elif resource.group_kind == VIRTUAL_SERVICE:
        yield from _istio(resource)
    else:
        yield from _traefik(resource)


def _traefik(resource: Resource) -> Iterator[RouteRule]:
    entries = resource.at("spec", "entryPoints").texts or ("of the default",)
    for route in resource.at("spec", "routes").items():
        text = (route["match"].text or "")[:5000]
        hosts = [
            f"{pattern.lower()} {name}" if pattern else name
            for no, pattern, found in _HOSTS.findall(text)
            if not no
            for name in _names(found)
        ]
        if resource.group_kind.kind != "IngressRoute" and set(hosts) <= {"*"}:
            hosts = [f"{ENTRY_POINT}{name}" for name in entries]
        paths = [
            (name, kind == "Path")
            for no, kind, found in _PATHS.findall(text)
            if not no
            for name in _names(found)
        ]
        backends = tuple(
            Backend(node, node["name"], node["namespace"].text or _own(resource), node["port"])
            for node in route["services"].items()
            if node["kind"].text in {None, "Service"} and node["name"].text
        )
        for path, exact in paths or [("", False)]:
            place = route["match"] if route["match"].exists else route
            yield RouteRule(place, tuple(hosts) or ("",), path, exact, backends, route)


def _names(text: str) -> list[str]:
    return _QUOTED.findall(text)


def _own(resource: Resource) -> str:
    return resource.namespace or ""


def _contour(resource: Resource) -> Iterator[RouteRule]:
    spec = resource.at("spec")
    host = spec["virtualhost"]["fqdn"]
    # One without a host of its own is included by others, which name it.
    hosts = (host.text,) if host.text else ()
    for route in (*spec["routes"].items(), spec["tcpproxy"], *spec["includes"].items()):
        if not route.mapping:
            continue
        backends = tuple(
            Backend(node, node["name"], _own(resource), node["port"])
            for node in route["services"].items()
            if node["name"].text
        )
        conditions = tuple(route["conditions"].items())
        prefixes = [item["prefix"].text for item in conditions if item["prefix"].text]
        exact = [item["exact"].text for item in conditions if item["exact"].text]
        path = "".join(text or "" for text in (exact or prefixes))
        plain = route["permitInsecure"]
        yield RouteRule(
            host,
            hosts,
            path,
            bool(exact),
            backends,
            route,
            plain if plain.boolean is True else None,
        )


def _istio(resource: Resource) -> Iterator[RouteRule]:
    spec = resource.at("spec")
    hosts = spec["hosts"].texts
    for field in ("http", "tls", "tcp"):
        for route in spec[field].items():
            destinations = [item["destination"] for item in route["route"].items()]
            destinations += [item["destination"] for item in route["mirrors"].items()]
            if route["mirror"].mapping:
                destinations.append(route["mirror"])
            backends = tuple(
                Backend(node, node["host"], _space(node["host"].text or "", resource), port)
                for node in destinations
                if _is_service(node["host"].text or "")
                for port in (node["port"]["number"],)
            )
            for path, exact in tuple(_uris(route)) or (("", False),):
                yield RouteRule(spec["hosts"], hosts, path, exact, backends, route)


def _uris(route: Node) -> Iterator[tuple[str, bool]]:
    for match in route["match"].items():
        uri = match["uri"]
        yield (uri["prefix"].text or uri["exact"].text or "", uri["exact"].text is not None)


def _is_service(host: str) -> bool:
    """Whether a host is the name of a Service; others are outside the cluster or ambiguous."""
    return bool(host) and ("." not in host or ".svc" in host) and "*" not in host


def _space(host: str, resource: Resource) -> str:
    parts = host.split(".")
    return parts[1] if len(parts) > 1 else _own(resource)
