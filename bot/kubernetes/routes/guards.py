"""The protection of a route: internal class, authentication, source ranges and certificates."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.addresses import EVERYWHERE, Addresses
from bot.patterns import pattern

CLASS_ANNOTATION: Final = "kubernetes.io/ingress.class"

# A class is its operator's word. These words in it are a promise that it is not the internet's.
_INSIDE: Final = frozenset({"internal", "private", "intranet", "rilb"})
_WORD: Final = pattern(r"[a-z0-9]+")

# https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
_ALB: Final = "alb.ingress.kubernetes.io"
_ALB_SCHEME: Final = f"{_ALB}/scheme"
_ALB_GROUP: Final = f"{_ALB}/group.name"
# https://learn.microsoft.com/azure/application-gateway/ingress-controller-annotations
_AZURE_PRIVATE: Final = "appgw.ingress.kubernetes.io/use-private-ip"

_NGINX: Final = ("nginx.ingress.kubernetes.io", "ingress.kubernetes.io")
_HAPROXY: Final = ("haproxy-ingress.github.io", "haproxy.org", "ingress.kubernetes.io")

# https://tailscale.com/kb/1439/kubernetes-operator-cluster-ingress
_TAILSCALE: Final = "tailscale"
_FUNNEL: Final = "tailscale.com/funnel"
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})

# The annotations that ask who somebody is, by the values with which they do not.
# https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#authentication
_AUTHENTICATION: Final = {
    f"{_ALB}/auth-type": frozenset({"", "none"}),
    **{
        f"{prefix}/{name}": frozenset({""})
        for prefix in {*_NGINX, *_HAPROXY}
        for name in ("auth-url", "auth-type", "auth-secret", "auth-tls-secret")
    },
}
_CLIENT_CERTIFICATES: Final = {
    f"{prefix}/auth-tls-secret": f"{prefix}/auth-tls-verify-client" for prefix in _NGINX
}

# The annotations that hold the addresses from which requests are taken.
_SOURCES: Final = (
    *(f"{prefix}/{name}-source-range" for prefix in _NGINX for name in ("whitelist", "allowlist")),
    *(f"haproxy.org/{name}" for name in ("allow-list", "whitelist")),
    *(f"haproxy-ingress.github.io/{name}-source-range" for name in ("whitelist", "allowlist")),
    *(f"haproxy.router.openshift.io/ip_{name}" for name in ("whitelist", "allowlist")),
    f"{_ALB}/inbound-cidrs",
)
_BETWEEN: Final = pattern(r"[\s,]+")

_CERTIFICATES: Final = (
    f"{_ALB}/certificate-arn",
    "networking.gke.io/managed-certificates",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
)


def is_internal(state: State, resource: Resource) -> bool:
    """Whether an Ingress, Route or Gateway declares that it is reachable from inside only."""
    if _is_of_aws(resource):
        return _scheme(state, resource) != "internet-facing"
    if resource.annotations.get(_AZURE_PRIVATE, "").lower() == "true":
        return True
    if is_of_tailscale(resource):
        return resource.annotations.get(_FUNNEL) not in _TRUE
    return any(has_inside_word(node.text or "") for node in _names(resource))


def has_inside_word(name: str) -> bool:
    """Whether a name promises that what it names is reachable from inside only."""
    return bool(_INSIDE & set(_WORD.findall(name.lower())))


def is_of_tailscale(resource: Resource) -> bool:
    """Whether Tailscale's operator serves an Ingress, on a host of its own.

    Only the tailnet reaches it, unless the operator is asked for a funnel.
    """
    is_ingress = resource.group_kind == kinds.INGRESS
    return is_ingress and any(node.text == _TAILSCALE for node in _names(resource))


def class_places(state: State, resource: Resource) -> Iterator[Node]:
    """The fields that make a route internal or public, its own fields first."""
    notes = resource.at("metadata", "annotations")
    yield from _names(resource)
    yield from (notes[key] for key in (_ALB_SCHEME, _AZURE_PRIVATE, _ALB_GROUP, _FUNNEL))
    group = resource.annotations.get(_ALB_GROUP)
    for ingress in state.of(kinds.INGRESS) if group is not None else ():
        if ingress.annotations.get(_ALB_GROUP) == group and ingress != resource:
            yield ingress.at("metadata", "annotations", _ALB_SCHEME)


def _names(resource: Resource) -> Iterator[Node]:
    spec = resource.at("spec")
    if resource.group_kind == kinds.GATEWAY:
        yield spec["gatewayClassName"]
    elif resource.group_kind == kinds.INGRESS:
        # The annotation wins where both are set, as controllers still read it.
        yield resource.at("metadata", "annotations")[CLASS_ANNOTATION]
        yield spec["ingressClassName"]


def route_class(resource: Resource) -> str:
    """The name of the class whose controller serves an Ingress, empty where it names none."""
    return next((node.text for node in _names(resource) if node.text), "")


def shares_load_balancer(resource: Resource) -> bool:
    """Whether an Ingress or Route shares its entrance with others of its class.

    The controllers of AWS and Google make a load balancer for each Ingress, or for a group.
    """
    if resource.group_kind == kinds.INGRESS and (is_of_tailscale(resource) or _is_of_aws(resource)):
        return _ALB_GROUP in resource.annotations
    return not route_class(resource).startswith("gce")


def _is_of_aws(resource: Resource) -> bool:
    if resource.group_kind != kinds.INGRESS:
        return False
    if any(node.text == "alb" for node in _names(resource)):
        return True
    return any(key.startswith(f"{_ALB}/") for key in resource.annotations)


def _scheme(state: State, resource: Resource) -> str:
    """The scheme of an AWS load balancer, which any Ingress of its group may set."""
    scheme = resource.annotations.get(_ALB_SCHEME)
    group = resource.annotations.get(_ALB_GROUP)
    if scheme is not None or group is None:
        return scheme or "internal"
    return state.derived(_schemes).get(group, "internal")


def _schemes(state: State) -> dict[str, str]:
    return {
        ingress.annotations[_ALB_GROUP]: ingress.annotations[_ALB_SCHEME]
        for ingress in state.of(kinds.INGRESS)
        if _ALB_GROUP in ingress.annotations and _ALB_SCHEME in ingress.annotations
    }


def authentication(resource: Resource) -> Iterator[Node]:
    """The annotations that require authentication."""
    notes = resource.at("metadata", "annotations")
    for key, off in _AUTHENTICATION.items():
        text = notes[key].text
        verified = resource.annotations.get(_CLIENT_CERTIFICATES.get(key, ""), "on")
        if text is not None and text.strip().lower() not in off and verified != "off":
            yield notes[key]


def authentication_places(resource: Resource) -> Iterator[Node]:
    """The fields that require authentication, or that switch it off."""
    notes = resource.at("metadata", "annotations")
    yield from (notes[key] for key in (*_CLIENT_CERTIFICATES.values(), *_AUTHENTICATION))


def sources(resource: Resource) -> Addresses:
    """The addresses whose requests are accepted; every address where no annotation limits them."""
    lists = [text for text in map(resource.annotations.get, _SOURCES) if text and text.strip()]
    if not lists:
        return EVERYWHERE
    return Addresses.union(
        addresses_of(word) for text in lists for word in _BETWEEN.split(text.strip()) if word
    )


def addresses_of(word: str) -> Addresses:
    """The addresses of a CIDR block or a single address; empty for any other text."""
    try:
        return Addresses.of(str(ipaddress.ip_network(word, strict=False)))
    except ValueError:
        return Addresses()


def source_places(resource: Resource) -> Iterator[Node]:
    """The fields that limit the source addresses."""
    notes = resource.at("metadata", "annotations")
    yield from (notes[key] for key in _SOURCES)


def certificate_places(resource: Resource) -> Iterator[Node]:
    """The annotations that set the certificate of a route instead of `tls`."""
    notes = resource.at("metadata", "annotations")
    yield from (notes[key] for key in _CERTIFICATES)
