"""Routes of Traefik, Contour and Istio, and hosts that more than one Gateway answers."""

from __future__ import annotations

import pytest

from bot.core.finding import Severity
from bot.kubernetes.absence import Referrers, dangling
from bot.kubernetes.routes.backends import INGRESSES, backends_of
from bot.kubernetes.routes.changes import routes_exposed
from tests.states import world

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
"""
TRAEFIK = """
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: api, namespace: shop}
spec:
  entryPoints: [%s]
  routes:
  - match: "%s"
    services: [{name: %s, port: %s}]
  tls: {}
"""
CONTOUR = """
apiVersion: projectcontour.io/v1
kind: HTTPProxy
metadata: {name: api, namespace: shop}
spec:
  virtualhost: {fqdn: %s}
  routes: [{conditions: [{prefix: /}], services: [{name: %s, port: %s}]}]
"""
ISTIO = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [%s]
  gateways: [%s]
  http: [{route: [{destination: {host: %s, port: {number: %s}}}]}]
"""


def missing(route: str) -> list[str]:
    """What a new route sends traffic to and is not there."""
    found = dangling(
        world(SERVICE), world(SERVICE, route), Referrers(INGRESSES, backends_of), Severity.ERROR
    )
    return [finding.message for finding in found]


@pytest.mark.parametrize(
    ("route", "message"),
    [
        (TRAEFIK % ("web", "Host(`a.example.com`)", "api", "81"), "port 81 of Service shop/api"),
        (TRAEFIK % ("web", "Host(`a.example.com`)", "app", "80"), "Service shop/app, which"),
        (CONTOUR % ("a.example.com", "api", "81"), "port 81 of Service shop/api"),
        (ISTIO % ("a.example.com", "edge/gw", "api", "81"), "port 81 of Service shop/api"),
        (
            ISTIO % ("a.example.com", "edge/gw", "app.shop.svc.cluster.local", "80"),
            "Service shop/app, which",
        ),
    ],
)
def test_a_backend_that_is_not_there_is_found(route: str, message: str) -> None:
    assert [message in text for text in missing(route)] == [True]


@pytest.mark.parametrize(
    "route",
    [
        TRAEFIK % ("web", "Host(`a.example.com`)", "api", "80"),
        TRAEFIK % ("web", "Host(`a.example.com`)", "api", "http"),
        CONTOUR % ("a.example.com", "api", "80"),
        ISTIO % ("a.example.com", "edge/gw", "api", "80"),
        ISTIO % ("a.example.com", "edge/gw", "payments.example.org", "443"),
    ],
)
def test_a_backend_that_is_there_or_outside_is_silent(route: str) -> None:
    assert missing(route) == []


def exposed(before: str, after: str) -> list[str]:
    return [finding.message for finding in routes_exposed(world(before), world(after))]


@pytest.mark.parametrize(
    ("before", "after", "messages"),
    [
        (
            TRAEFIK % ("web", "Host(`a.example.com`)", "api", "80"),
            TRAEFIK % ("web", "Host(`a.example.com`) || Host(`b.example.com`)", "api", "80"),
            ["IngressRoute shop/api newly answers b.example.com/"],
        ),
        (
            TRAEFIK % ("web", "Host(`a.example.com`) && PathPrefix(`/a`)", "api", "80"),
            TRAEFIK % ("web", "Host(`a.example.com`) && PathPrefix(`/b`)", "api", "80"),
            ["IngressRoute shop/api newly answers a.example.com/b"],
        ),
        (
            TRAEFIK % ("internal", "Host(`a.example.com`)", "api", "80"),
            TRAEFIK % ("web", "Host(`a.example.com`)", "api", "80"),
            ["IngressRoute shop/api was internal and is now public: a.example.com/"],
        ),
        (
            TRAEFIK % ("web", "Host(`a.example.com`)", "api", "80"),
            (TRAEFIK % ("web", "Host(`a.example.com`)", "api", "80")).replace("  tls: {}\n", ""),
            ["IngressRoute shop/api answers without TLS, which it had: a.example.com/"],
        ),
        (
            CONTOUR % ("a.example.com", "api", "80"),
            CONTOUR % ("b.example.com", "api", "80"),
            ["HTTPProxy shop/api newly answers b.example.com/"],
        ),
        (
            ISTIO % ("a.example.com", "mesh", "api", "80"),
            ISTIO % ("a.example.com", "edge/gw", "api", "80"),
            ["VirtualService shop/api newly answers a.example.com/"],
        ),
        (
            ISTIO % ("a.example.com", "edge/gw", "api", "80"),
            ISTIO % ("a.example.com", "mesh", "api", "80"),
            [],
        ),
    ],
)
def test_a_new_host_or_a_lost_protection_is_found(
    before: str, after: str, messages: list[str]
) -> None:
    assert exposed(before, after) == messages


GATEWAYS = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: internal, namespace: edge}
spec:
  gatewayClassName: internal
  listeners: [{name: a, port: 443, protocol: HTTPS, allowedRoutes: {namespaces: {from: All}}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: edge}
spec:
  gatewayClassName: public
  listeners: [{name: a, port: 443, protocol: HTTPS, allowedRoutes: {namespaces: {from: All}}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api, namespace: shop}
spec:
  hostnames: [a.example.com]
  parentRefs: [{name: internal, namespace: edge}%s]
  rules: [{backendRefs: [{name: api, port: 80}]}]
"""


def test_the_same_host_on_a_public_gateway_is_new() -> None:
    assert exposed(GATEWAYS % "", GATEWAYS % ", {name: public, namespace: edge}") == [
        "HTTPRoute shop/api newly answers a.example.com/"
    ]


def test_a_tcp_route_answers_on_the_port_of_its_listener() -> None:
    gateway = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {gatewayClassName: public, listeners: [{name: db, port: 5432, protocol: TCP}]}
"""
    route = """
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: db, namespace: shop}
spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: db, port: 5432}]}]}
"""
    found = routes_exposed(world(gateway), world(gateway, route))
    assert [finding.message for finding in found] == ["TCPRoute shop/db newly answers port 5432"]
