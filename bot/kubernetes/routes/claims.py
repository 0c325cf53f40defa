"""Hosts and paths that two namespaces claim: the controller answers for one of them alone.

ingress-nginx lets the oldest Ingress win, and its webhook refuses the second; OpenShift's router
refuses it with `HostAlreadyClaimed`; of Gateway API's routes, the oldest wins.

https://kubernetes.github.io/ingress-nginx/how-it-works/#building-the-nginx-model
https://github.com/openshift/router/blob/master/pkg/router/controller/unique_host.go
https://gateway-api.sigs.k8s.io/guides/api-design/#conflicts
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding
from bot.core.resource import ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.causes import changed_position
from bot.kubernetes.routes.backends import ROUTES
from bot.kubernetes.routes.guards import route_class, shares_load_balancer
from bot.kubernetes.routes.matches import openings
from bot.kubernetes.routes.opening import Opening
from bot.kubernetes.workloads.pods import str_of

_CLAIMING: Final = frozenset({kinds.INGRESS, kinds.OPENSHIFT_ROUTE, *ROUTES} - {kinds.UDP_ROUTE})
# They mean to share a host: https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#canary
_SHARING: Final = (
    "nginx.ingress.kubernetes.io/canary",
    "nginx.org/mergeable-ingress-type",
    "kubernetes.io/tls-acme-http01",
)
_Claim = tuple[object, ...]


def routes_claimed(before: State, after: State) -> Iterator[Finding]:
    """The hosts and paths that head lets a namespace claim beside another one, which has them."""
    at_base = before.derived(openings)
    reported: set[tuple[ResourceKey, ResourceKey]] = set()
    for host, listed in after.derived(openings).by_host.items():
        if len({opening.resource.namespace for opening in listed}) < 2:
            continue
        earlier = {
            (opening.resource.key, claim)
            for opening in at_base.by_host.get(host, ())
            if (claim := _claim(opening)) is not None
        }
        first: dict[_Claim, Opening] = {}
        for opening in sorted(
            listed, key=lambda one: (one.resource.key, _claim(one)) not in earlier
        ):
            claim = _claim(opening)
            if claim is None:
                continue
            other = first.setdefault(claim, opening)
            pair = (opening.resource.key, other.resource.key)
            is_new = (opening.resource.key, claim) not in earlier and pair not in reported
            if is_new and other.resource.namespace != opening.resource.namespace:
                reported.add(pair)
                yield _finding(before, opening, other)


def _claim(opening: Opening) -> _Claim | None:
    """What nobody else may answer; None where others may, or where that is not known."""
    resource = opening.resource
    if resource.group_kind not in _CLAIMING or any(
        name in resource.annotations for name in _SHARING
    ):
        return None
    if resource.group_kind in ROUTES:
        if opening.gateway is None or _is_conditional(opening):
            return None
        entrance: object = opening.gateway
    else:
        entrance = route_class(resource)
        if not shares_load_balancer(resource) or not (opening.host or entrance):
            return None
    return (resource.group_kind, entrance, opening.path, opening.exact)


def _is_conditional(opening: Opening) -> bool:
    """Whether some rule of a route asks for more than a host and a path."""
    return any(
        set(match.mapping) - {"path"}
        for rule in opening.resource.at("spec", "rules").items()
        for match in rule["matches"].items()
    )


def _finding(before: State, opening: Opening, other: Opening) -> Finding:
    resource = opening.resource
    # The host comes second; with another host, its path counts as new.
    places = (*opening.places[1:2], *opening.places)
    is_new = before.get(resource.key) is None
    cause = changed_position(before, (resource.at("metadata", "name"),) if is_new else places)
    facts = {
        "code": "ROUTE-CLAIMED",
        "object": str(resource.key),
        "other": str(other.resource.key),
        "route": opening.words,
    }
    return Finding(
        cause.node,
        f"{str_of(resource)} claims {opening.words}, which {str_of(other.resource)} answers: the "
        "controller serves one of the two",
        key=f"{resource.key} ROUTE-CLAIMED {other.resource.key}",
        facts=MappingProxyType(facts),
        side=cause.side,
    )
