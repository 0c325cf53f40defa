"""The Services that Ingresses and routes send traffic to, and whether they exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.absence import CheckedReference, may_bring_resources
from bot.kubernetes.checks import Violation
from bot.kubernetes.naming import escaped
from bot.kubernetes.routes.backend_grants import grant_exists
from bot.kubernetes.routes.backend_ports import port_exists, port_number
from bot.kubernetes.routes.middlewares import (
    MIDDLEWARES,
    MIDDLEWARES_ANNOTATION,
    named_middlewares,
)
from bot.kubernetes.routes.other_routes import OTHER_ROUTES, Backend, rules_of
from bot.kubernetes.routes.route_parts import parts_of
from bot.kubernetes.workloads.pods import str_of

ROUTES: Final = (
    kinds.HTTP_ROUTE,
    kinds.GRPC_ROUTE,
    kinds.TLS_ROUTE,
    kinds.TCP_ROUTE,
    kinds.UDP_ROUTE,
)
"""The routes of the Gateway API that are judged."""

INGRESSES: Final = (kinds.INGRESS, kinds.OPENSHIFT_ROUTE, *ROUTES, *OTHER_ROUTES)
"""The kinds that bring traffic to Services from outside."""


def backends(resource: Resource) -> Iterator[Backend]:
    """The Services that an Ingress or a route sends traffic to."""
    namespace = resource.namespace or ""
    if resource.group_kind == kinds.INGRESS:
        yield from _of_ingress(resource, namespace)
    elif resource.group_kind == kinds.OPENSHIFT_ROUTE:
        spec = resource.at("spec")
        for node in (spec["to"], *spec["alternateBackends"].items()):
            if node["name"].text and node["kind"].text in {None, "Service"}:
                yield Backend(
                    node, node["name"], namespace, spec["port"]["targetPort"], to_pods=True
                )
    elif resource.group_kind in OTHER_ROUTES:
        for rule in rules_of(resource):
            yield from rule.backends
    else:
        for node in _references(resource):
            service = (node["kind"].text or "Service", node["group"].text or "")
            if service == ("Service", "") and node["name"].text:
                space = node["namespace"].text or namespace
                yield Backend(node, node["name"], space, node["port"])


def receives_routes(state: State, service: Resource) -> bool:
    """Whether an Ingress or a route of the same namespace sends traffic to a Service."""
    return any(
        (backend.namespace, backend.name) == (service.namespace, service.name)
        for resource in state.of(*INGRESSES, namespace=service.namespace)
        for backend in backends(resource)
    )


def _of_ingress(resource: Resource, namespace: str) -> Iterator[Backend]:
    for node in _ingress_backends(resource):
        service = node["service"]
        if service["name"].text:
            port = service["port"]
            number = port["number"]
            yield Backend(
                node,
                service["name"],
                namespace,
                number if number.value is not None else port["name"],
            )


def _ingress_backends(resource: Resource) -> Iterator[Node]:
    spec = resource.at("spec")
    yield spec["defaultBackend"]
    for rule in spec["rules"].items():
        for path in rule["http"]["paths"].items():
            yield path["backend"]


def _references(route: Resource) -> Iterator[Node]:
    """The backends of a Gateway API route, including mirrors."""
    for rule in route.at("spec", "rules").items():
        filters = tuple(rule["filters"].items())
        for node in rule["backendRefs"].items():
            yield node
            filters += tuple(node["filters"].items())
        for node in filters:
            if node["requestMirror"]["backendRef"].mapping:
                yield node["requestMirror"]["backendRef"]


def backends_of(state: State, resource: Resource) -> Iterator[CheckedReference]:
    """The Services, ports, resources and grants that an Ingress or a route refers to."""
    for backend in backends(resource):
        key = ResourceKey("", "Service", backend.namespace, backend.name)
        service = state.get(key)
        yield _service(state, resource, backend, service)
        if service is not None:
            yield from port_exists(state, resource, backend, service)
        if resource.group_kind in ROUTES:
            if backend.namespace != resource.namespace:
                yield grant_exists(state, resource, backend)
            yield port_number(resource, backend)
    if resource.group_kind == kinds.INGRESS:
        yield from _resources(state, resource)
        yield from _middlewares(state, resource)
    elif resource.group_kind in OTHER_ROUTES:
        yield from parts_of(state, resource)


def _service(
    state: State, resource: Resource, backend: Backend, service: Resource | None
) -> CheckedReference:
    name = f"Service {backend.namespace}/{backend.name}"
    return CheckedReference(
        name,
        service is not None,
        backend.namespace,
        (kinds.SERVICE,),
        Violation(
            "BACKEND-SERVICE-MISSING",
            resource,
            (name,),
            f"{str_of(resource)} sends traffic to {name}, which does not exist",
            (backend.service,),
        ),
        by=() if service is None else (service.at("metadata", "name"),),
        unseen=may_bring_resources(state, backend.namespace),
    )


def _middlewares(state: State, ingress: Resource) -> Iterator[CheckedReference]:
    """The middlewares of Traefik without which it answers nothing for an Ingress."""
    for middleware in named_middlewares(state, ingress):
        target = middleware.resource
        if not middleware.is_of_cluster:
            continue
        namespace = ingress.namespace or ""
        words = f"middleware {escaped(middleware.name)}"
        yield CheckedReference(
            words,
            target is not None,
            namespace,
            MIDDLEWARES,
            Violation(
                "ROUTE-PART-MISSING",
                ingress,
                (words,),
                f"{str_of(ingress)} goes through {words}, which does not exist",
                (ingress.at("metadata", "annotations", MIDDLEWARES_ANNOTATION),),
            ),
            by=() if target is None else (target.at("metadata", "name"),),
            unseen=may_bring_resources(state, namespace)
            or not middleware.name.startswith(f"{namespace}-"),
        )


def _resources(state: State, ingress: Resource) -> Iterator[CheckedReference]:
    """The backends of an Ingress that are not Services."""
    for node in _ingress_backends(ingress):
        reference = node["resource"]
        kind, name = reference["kind"].text, reference["name"].text
        if not kind or not name:
            continue
        key = ResourceKey(reference["apiGroup"].text or "", kind, ingress.namespace, name)
        target = state.get(key)
        words = f"{kind} {ingress.namespace}/{name}"
        yield CheckedReference(
            words,
            target is not None,
            ingress.namespace or "",
            (key.group_kind,),
            Violation(
                "BACKEND-RESOURCE-MISSING",
                ingress,
                (words,),
                f"{str_of(ingress)} sends traffic to {words}, which does not exist",
                (reference["name"],),
            ),
            by=() if target is None else (target.at("metadata", "name"),),
        )
