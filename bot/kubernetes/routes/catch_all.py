"""Ingresses and routes that accept requests for every host."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.finding import Severity
from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.checks import ChangeReach, Violation
from bot.kubernetes.routes.backends import INGRESSES, ROUTES
from bot.kubernetes.routes.gateways import attachments
from bot.kubernetes.routes.guards import is_of_tailscale
from bot.kubernetes.routes.other_openings import other_openings
from bot.kubernetes.workloads.pods import str_of


def check_catch_all(state: State, reach: ChangeReach) -> Iterator[Violation]:
    """The catch-all Ingress rules of these namespaces, and all catch-all routes."""
    for resource in state.of(*INGRESSES):
        if resource.group_kind in ROUTES:
            yield from _route(state, resource)
        elif resource.namespace not in reach:
            continue
        elif resource.group_kind == kinds.INGRESS:
            yield from _ingress(resource)
        elif resource.group_kind == kinds.OPENSHIFT_ROUTE:
            yield from _openshift(resource)
        else:
            yield from _other(state, resource)


def _ingress(ingress: Resource) -> Iterator[Violation]:
    if is_of_tailscale(ingress):
        return  # each is a host of its own
    spec = ingress.at("spec")
    default = spec["defaultBackend"]
    if default.mapping and not any(spec["rules"].items()):
        yield Violation(
            "INGRESS-UNBOUNDED",
            ingress,
            ("default",),
            f"{str_of(ingress)} has no rules but a default backend: it takes every request that no "
            "other rule takes",
            (default, spec["rules"]),
        )
    for ordinal, rule in enumerate(ingress.at("spec", "rules").items()):
        if rule["host"].text not in {None, "", "*"}:
            continue
        paths = tuple(rule["http"]["paths"].items())
        wide = [path for path in paths if _every_path(path)]
        if wide or not paths:
            where = wide[0]["path"] if wide else rule
            yield Violation(
                "INGRESS-UNBOUNDED",
                ingress,
                (str(ordinal),),
                f"{str_of(ingress)} has a rule with neither host nor path: it takes every request "
                "that no other rule takes",
                (rule["host"], where, rule),
            )


def _every_path(path: Node) -> bool:
    return path["pathType"].value != "Exact" and path["path"].text in {None, "", "/", "/*"}


def _other(state: State, resource: Resource) -> Iterator[Violation]:
    for opening in other_openings(state, resource):
        if opening.unbounded:
            yield Violation(
                "INGRESS-UNBOUNDED",
                resource,
                (),
                f"{str_of(resource)} has a rule with neither host nor path: it takes every request "
                "that no other rule takes",
                opening.places,
            )
            return


def _route(state: State, route: Resource) -> Iterator[Violation]:
    hosts = route.at("spec", "hostnames")
    if any(host != "*" for host in hosts.texts):
        return
    if route.group_kind in (kinds.TCP_ROUTE, kinds.UDP_ROUTE):
        return  # they know no hosts
    open_ = [
        (attachment.parent, attachment.listener)
        for attachment in attachments(state, route).taken
        if not attachment.listener["hostname"].text
    ]
    if open_:
        listener = open_[0][1]
        yield Violation(
            "INGRESS-UNBOUNDED",
            route,
            (str(listener.resource.key),),
            f"{str_of(route)} names no host, and neither does listener "
            f"{listener['name'].text or ''} of {str_of(listener.resource)}: "
            "it takes requests for every host",
            (
                hosts,
                *(parent for parent, _ in open_),
                *(listener_node["hostname"] for _, listener_node in open_),
                route.at("metadata", "name"),
            ),
        )


def _openshift(route: Resource) -> Iterator[Violation]:
    spec = route.at("spec")
    if spec["host"].text or spec["subdomain"].text:
        return
    yield Violation(
        "INGRESS-UNBOUNDED",
        route,
        (),
        f"{str_of(route)} names no host: OpenShift makes one up, and the route is public under it",
        (spec["host"], route.at("metadata", "name")),
        # The name that is made up holds for this route alone.
        Severity.NOTICE,
    )
