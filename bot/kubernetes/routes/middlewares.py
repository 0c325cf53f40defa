"""Who may send requests through middlewares of Traefik or through Contour, and who is asked who."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes.addresses import EVERYWHERE, Addresses
from bot.kubernetes.routes.guards import addresses_of
from bot.kubernetes.routes.other_routes import HTTP_PROXY, TRAEFIK, RouteRule
from bot.patterns import pattern
from bot.records import dataclass

MIDDLEWARES: Final = tuple(
    GroupKind(group, kind)
    for group in dict.fromkeys(kind.group for kind in TRAEFIK)
    for kind in ("Middleware", "MiddlewareTCP")
)
_ASKING: Final = ("basicAuth", "digestAuth", "forwardAuth")
_LISTS: Final = ("ipAllowList", "ipWhiteList")
_DEEPEST: Final = 5
# What a middleware that is elsewhere, or that is a plugin, does is told by its name alone.
_ASKS: Final = pattern(r"auth|oidc|oauth|sso\b")


@dataclass(frozen=True, slots=True)
class RouteLimits:
    """Whether a rule asks who somebody is, from where it takes requests, and which fields decide.

    Every address counts where nothing limits them.
    """

    asks: bool
    sources: Addresses
    asking_places: tuple[Node, ...]
    source_places: tuple[Node, ...]


def limits_of(state: State, rule: RouteRule) -> RouteLimits | None:
    """The limits of a rule; None where its gateway or mesh decides them."""
    kind = rule.node.resource.group_kind
    if kind in TRAEFIK:
        return _of_middlewares(state, rule.limits)
    return _of_contour(rule.limits) if kind == HTTP_PROXY else None


MIDDLEWARES_ANNOTATION: Final = "traefik.ingress.kubernetes.io/router.middlewares"
_PROVIDER: Final = "@kubernetescrd"


@dataclass(frozen=True, slots=True)
class NamedMiddleware:
    """A middleware that an Ingress names, and its resource; None where the state has none."""

    name: str
    resource: Resource | None

    @property
    def is_of_cluster(self) -> bool:
        """Whether the name is that of a resource, and not of another provider."""
        return self.name.endswith(_PROVIDER)


def named_middlewares(state: State, ingress: Resource) -> Iterator[NamedMiddleware]:
    """The middlewares that an Ingress names, as `namespace-name@kubernetescrd`.

    https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/#annotations
    """
    names = ingress.annotations.get(MIDDLEWARES_ANNOTATION, "").split(",")
    for name in filter(None, map(str.strip, names)):
        yield NamedMiddleware(name, state.derived(_by_reference).get(name))


def _by_reference(state: State) -> Mapping[str, Resource]:
    return MappingProxyType(
        {
            f"{resource.namespace}-{resource.name}{_PROVIDER}": resource
            for resource in state.of(*MIDDLEWARES)
            if resource.key.kind == "Middleware"
        }
    )


def annotated_limits(state: State, ingress: Resource) -> RouteLimits:
    """The limits of the middlewares that an Ingress names."""
    annotation = ingress.at("metadata", "annotations", MIDDLEWARES_ANNOTATION)
    if not annotation.exists:
        return RouteLimits(False, EVERYWHERE, (annotation,), (annotation,))
    named = tuple(named_middlewares(state, ingress))
    resources = [one.resource for one in named if one.resource is not None]
    nodes = [node for one in resources for node in _specs(state, one, _DEEPEST)]
    limits = _limits(nodes, annotation)
    unseen = any(_ASKS.search(one.name.lower()) for one in named if one.resource is None)
    return replace(limits, asks=limits.asks or unseen)


def _of_middlewares(state: State, route: Node) -> RouteLimits:
    """https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/overview/."""
    nodes = [node for item in route["middlewares"].items() for node in _chain(state, item)]
    return _limits(nodes, route["middlewares"])


def _limits(nodes: list[Node], naming: Node) -> RouteLimits:
    """The limits of middlewares by their specs; `naming` is the field that names them."""
    lists = [node[name]["sourceRange"] for node in nodes for name in _LISTS]
    sources = EVERYWHERE
    for ranges in lists:
        if ranges.texts:
            sources &= Addresses.union(map(addresses_of, ranges.texts))
    asking = [node[name] for node in nodes for name in _ASKING]
    others = (naming, *nodes)
    asks = any(map(_middleware_asks, nodes))
    return RouteLimits(asks, sources, (*asking, *others), (*lists, *others))


def _chain(state: State, item: Node, depth: int = _DEEPEST) -> Iterator[Node]:
    """The spec of a middleware with those that it chains; the reference where it is elsewhere."""
    holder = item.resource
    group, kind = holder.key.group, "Middleware"
    if holder.group_kind.kind.endswith("TCP"):
        kind = "MiddlewareTCP"
    space = item["namespace"].text or holder.namespace
    middleware = state.get(ResourceKey(group, kind, space, item["name"].text or ""))
    if middleware is None or depth == 0:
        yield item
        return
    yield from _specs(state, middleware, depth)


def _specs(state: State, middleware: Resource, depth: int) -> Iterator[Node]:
    """The spec of a middleware, and those of the ones that it chains."""
    spec = middleware.at("spec")
    yield spec
    for chained in spec["chain"]["middlewares"].items():
        yield from _chain(state, chained, depth - 1)


def _middleware_asks(node: Node) -> bool:
    if any(node[name].exists for name in _ASKING):
        return True
    names = (node["name"].text or "", *node["plugin"].mapping)
    return any(_ASKS.search(name.lower()) for name in names)


def _of_contour(route: Node) -> RouteLimits:
    """A list of a route replaces that of its host.

    https://projectcontour.io/docs/main/config/ip-filtering/
    """
    host = route.resource.at("spec", "virtualhost")
    off = route["authPolicy"]["disabled"]
    own, common = route["ipAllowPolicy"], host["ipAllowPolicy"]
    listed = tuple((own if own.exists else common).items())
    sources = Addresses.union(addresses_of(item["cidr"].text or "") for item in listed)
    asks = host["authorization"].exists and off.value is not True
    places = (off, host["authorization"])
    return RouteLimits(asks, sources if listed else EVERYWHERE, places, (own, common))
