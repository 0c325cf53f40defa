"""What routes of Traefik, Contour and Istio are made up of besides Services.

A route whose part is missing answers with an error, or not at all:

https://projectcontour.io/docs/main/config/inclusion-delegation/
https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate
https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes.absence import CheckedReference, may_bring_resources
from bot.kubernetes.checks import Violation
from bot.kubernetes.routes.other_routes import HTTP_PROXY, TRAEFIK, VIRTUAL_SERVICE
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

_IN_OTHER_PROVIDER: Final = "@"
"""A name with it is of another of Traefik's providers than Kubernetes."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A resource that a route needs, and the field that names it."""

    verb: str
    kind: GroupKind
    name: Node
    namespace: str


def parts_of(state: State, resource: Resource) -> Iterator[CheckedReference]:
    """The parts of a route, each with whether it exists."""
    for part in _parts(resource):
        key = ResourceKey(part.kind.group, part.kind.kind, part.namespace, part.name.text or "")
        target = state.get(key)
        words = f"{part.kind.kind} {part.namespace}/{key.name}"
        yield CheckedReference(
            words,
            target is not None,
            part.namespace,
            (part.kind,),
            Violation(
                "ROUTE-PART-MISSING",
                resource,
                (words,),
                f"{str_of(resource)} {part.verb} {words}, which does not exist",
                (part.name,),
            ),
            by=() if target is None else (target.at("metadata", "name"),),
            unseen=may_bring_resources(state, part.namespace),
        )


def _parts(resource: Resource) -> Iterator[_Part]:
    kind, spec, own = resource.group_kind, resource.at("spec"), resource.namespace or ""
    if kind == HTTP_PROXY:
        for item in spec["includes"].items():
            yield _Part("includes", kind, item["name"], item["namespace"].text or own)
    elif kind == VIRTUAL_SERVICE:
        for item in spec["http"].items():
            delegate = item["delegate"]
            if delegate["name"].text:
                space = delegate["namespace"].text or own
                yield _Part("delegates to", kind, delegate["name"], space)
    elif kind in TRAEFIK:
        suffix = "TCP" if kind.kind.endswith("TCP") else ""
        middleware = GroupKind(kind.group, f"Middleware{suffix}")
        for route in spec["routes"].items():
            for item in route["middlewares"].items():
                if item["name"].text and _IN_OTHER_PROVIDER not in item["name"].text:
                    space = item["namespace"].text or own
                    yield _Part("goes through", middleware, item["name"], space)
