"""Hosts and paths that two namespaces claim, beyond what the rule's page shows."""

from __future__ import annotations

import pytest

from bot.kubernetes.routes.claims import routes_claimed
from tests.states import world


def ingress(namespace: str, more: str = "ingressClassName: nginx, ", notes: str = "") -> str:
    return (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
        f"metadata: {{name: web, namespace: {namespace}, annotations: {{{notes}}}}}\n"
        f"spec: {{{more}rules: [{{host: a.example.com, http: {{paths: [{{path: /, "
        "pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}\n"
    )


def route(namespace: str, match: str = "") -> str:
    return (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"
        f"metadata: {{name: web, namespace: {namespace}}}\n"
        "spec: {parentRefs: [{name: public, namespace: edge}], hostnames: [a.example.com], "
        f"rules: [{{{match}backendRefs: [{{name: web, port: 80}}]}}]}}\n"
    )


GATEWAY = (
    "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
    "metadata: {name: public, namespace: edge}\n"
    "spec: {gatewayClassName: eg, listeners: [{name: http, port: 80, protocol: HTTP, "
    "allowedRoutes: {namespaces: {from: All}}}]}\n"
)
OPENSHIFT = (
    "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: web, namespace: %s}\n"
    "spec: {host: a.example.com, to: {kind: Service, name: web}}\n"
)
CANARY = 'nginx.ingress.kubernetes.io/canary: "true"'
ALB = "alb.ingress.kubernetes.io/scheme: internet-facing"
GROUP = f"{ALB}, alb.ingress.kubernetes.io/group.name: all"


def claims(base: str, added: str) -> list[str]:
    found = routes_claimed(world(base), world(f"{base}---\n{added}"))
    return [finding.message.partition(":")[0] for finding in found]


@pytest.mark.parametrize(
    ("base", "added"),
    [
        pytest.param(ingress("shop"), ingress("dev"), id="ingress"),
        pytest.param(OPENSHIFT % "shop", OPENSHIFT % "dev", id="openshift"),
        pytest.param(f"{GATEWAY}---\n{route('shop')}", route("dev"), id="gateway"),
        pytest.param(
            ingress("shop", "", GROUP), ingress("dev", "", GROUP), id="one load balancer of AWS"
        ),
    ],
)
def test_a_second_namespace_claims_what_the_first_answers(base: str, added: str) -> None:
    (message,) = claims(base, added)

    assert "dev/web claims a.example.com/, which" in message


@pytest.mark.parametrize(
    ("base", "added"),
    [
        pytest.param(ingress("shop"), ingress("dev", "ingressClassName: inside, "), id="class"),
        pytest.param(ingress("shop"), ingress("dev", notes=CANARY), id="canary"),
        pytest.param(ingress("shop", "", ALB), ingress("dev", "", ALB), id="own load balancers"),
        pytest.param(
            f"{GATEWAY}---\n{route('shop')}",
            route("dev", "matches: [{headers: [{name: x, value: z}]}], "),
            id="header",
        ),
        pytest.param(route("shop"), route("dev"), id="gateway that nobody sees"),
    ],
)
def test_what_is_served_elsewhere_or_on_purpose_is_no_claim(base: str, added: str) -> None:
    assert claims(base, added) == []


def test_an_ingress_that_moves_claims_nothing() -> None:
    assert list(routes_claimed(world(ingress("shop")), world(ingress("dev")))) == []


def test_a_claim_that_base_had_is_not_new() -> None:
    both = f"{ingress('shop')}---\n{ingress('dev')}"

    assert len(list(routes_claimed(world(both), world(f"{both}---\n{ingress('test')}")))) == 1
    assert list(routes_claimed(world(both), world(both))) == []
