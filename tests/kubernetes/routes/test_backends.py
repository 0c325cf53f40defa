"""Where traffic from outside is sent, in the forms that the rules' pages do not show."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kubernetes.network.clusters import Thing, judged, pod, policy, service, state, thing

GATEWAY_API = "gateway.networking.k8s.io/v1"
BASE = [
    pod("api", "http:8080"),
    service("api", "web=80>http"),
    policy("all", selector={}, ingress=[{}]),
]


def said(*added: Thing) -> list[str]:
    """The findings about what is added to a namespace with one Service."""
    return [held.finding.message for held in judged(state(BASE), state([*BASE, *added]))]


def route(rules: list[Thing], **more: Any) -> Thing:
    spec = {"hostnames": ["a.example.com"], "rules": rules, **more}
    return thing(GATEWAY_API, "HTTPRoute", "web", "shop", spec=spec)


def ingress(**spec: Any) -> Thing:
    return thing("networking.k8s.io/v1", "Ingress", "web", "shop", spec=spec)


def openshift(**spec: Any) -> Thing:
    held = {"host": "a.example.com", **spec}
    return thing("route.openshift.io/v1", "Route", "web", "shop", spec=held)


AWS = {"name": "use-annotation"}
BUCKET = {"apiGroup": "a.io", "kind": "Bucket", "name": "b"}
MIRROR = {"requestMirror": {"backendRef": {"name": "ap", "port": 80}}}


@pytest.mark.parametrize(
    ("added", "messages"),
    [
        (
            route([{"filters": [MIRROR], "backendRefs": [{"name": "api", "port": 80}]}]),
            ["HTTPRoute shop/web sends traffic to Service shop/ap, which does not exist"],
        ),
        (
            route([{"backendRefs": [{"name": "api", "port": 80, "filters": [MIRROR]}]}]),
            ["HTTPRoute shop/web sends traffic to Service shop/ap, which does not exist"],
        ),
        (route([{"backendRefs": [{"kind": "ServiceImport", "name": "ap"}]}]), []),
        (
            route([{"backendRefs": [{"name": "api"}]}]),
            [
                (
                    "HTTPRoute shop/web sends traffic to Service shop/api without naming its port, "
                    "which the API refuses"
                )
            ],
        ),
        (
            ingress(
                defaultBackend={"resource": {"apiGroup": "a.io", "kind": "Bucket", "name": "b"}}
            ),
            [],
        ),
        (ingress(defaultBackend={"service": {"port": {"number": 80}}}), []),
        (
            ingress(
                defaultBackend={"service": {"name": "api", "port": {"name": "use-annotation"}}}
            ),
            [],
        ),
        (openshift(to={"kind": "Service", "name": "api"}, port={"targetPort": "web"}), []),
        (openshift(to={"kind": "Service", "name": "api"}, port={"targetPort": "8080"}), []),
        (openshift(to={"kind": "Service", "name": "api"}), []),
        (
            openshift(to={"name": "api"}, alternateBackends=[{"kind": "Service", "name": "ap"}]),
            ["Route shop/web sends traffic to Service shop/ap, which does not exist"],
        ),
        (openshift(to={"kind": "Other", "name": "ap"}), []),
        (openshift(host="", subdomain="web", to={"name": "api"}), []),
        # Routes of a mesh, and of a listener by its port.
        (route([], hostnames=[], parentRefs=[{"kind": "Service", "name": "api"}]), []),
        (route([], hostnames=["*"], parentRefs=[{"name": "unseen"}]), []),
    ],
)
def test_backends(added: Thing, messages: list[str]) -> None:
    assert [message for message in said(added) if "default backend" not in message] == messages


def bucket(name: str) -> Thing:
    return thing("a.io/v1", "Bucket", name, "shop")


def test_a_resource_behind_an_ingress_can_be_gone() -> None:
    held = ingress(defaultBackend={"resource": BUCKET})
    before, after = [*BASE, held, bucket("b")], [*BASE, held]

    found = judged(state(before), state(after))

    assert [held.finding.message for held in found] == [
        "Ingress shop/web sends traffic to Bucket shop/b, which does not exist"
    ]


@pytest.mark.parametrize(
    ("parent", "messages"),
    [
        ({"name": "edge", "port": 443}, []),
        (
            {"name": "edge", "port": 80},
            [
                (
                    "HTTPRoute shop/web names no host, and neither does listener any of Gateway "
                    "shop/edge: it takes requests for every host"
                )
            ],
        ),
        ({"name": "edge", "sectionName": "none"}, []),
    ],
)
def test_a_route_is_bounded_by_the_listeners_it_attaches_to(
    parent: Thing, messages: list[str]
) -> None:
    listeners = [
        {"name": "any", "port": 80, "protocol": "HTTP"},
        {"name": "tls", "port": 443, "protocol": "HTTPS", "hostname": "a.example.com"},
    ]
    gateway = thing(GATEWAY_API, "Gateway", "edge", "shop", spec={"listeners": listeners})

    assert said(gateway, route([], hostnames=[], parentRefs=[parent])) == messages


def test_what_did_not_change_is_not_judged_again() -> None:
    """A namespace in which nothing changed is left alone, whatever is wrong in it."""
    wrong = [
        thing("networking.k8s.io/v1", "Ingress", "web", "far", spec={"rules": [{"http": {}}]}),
        service("lonely", "80>http", ns="far"),
        pod("lonely", ns="far"),
        policy("lonely", ns="far", ingress=[{"ports": [{"port": 1}]}]),
    ]
    more = pod("more")

    assert judged(state([*BASE, *wrong]), state([*BASE, *wrong, more])) == []


@pytest.mark.parametrize("ports", [[{"port": 0}], [{}], [3], None, "x"])
def test_a_service_with_ports_that_are_none_crashes_nothing(ports: object) -> None:
    held = thing("v1", "Service", "odd", "shop", spec={"selector": {"app": "api"}, "ports": ports})

    assert said(held) == []
