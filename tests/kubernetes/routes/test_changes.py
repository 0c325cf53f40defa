"""What a change opens, beyond what the rule's page shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.finding import Finding
from bot.core.state import State
from bot.kubernetes.routes.changes import routes_exposed
from tests.states import world

HOSTS = ("a.example.com", "b.example.com", "*.example.com", "")
PATHS = ("", "/", "/a", "/a/b", "/ab", "/a/")
KINDS = ("Prefix", "Exact", "ImplementationSpecific")
CLASSES = ("nginx", "internal")
SERVICES = ("web", "admin")


def ingress(
    *rules: Mapping[str, Any],
    annotations: Mapping[str, str] | None = None,
    name: str = "web",
    **spec: Any,
) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "shop", "annotations": dict(annotations or {})},
        "spec": {"rules": list(rules), **spec},
    }


def rule(
    host: str = "shop.example.com", path: str = "/", kind: str = "Prefix", service: str = "web"
) -> dict[str, Any]:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    held = {"path": path, "pathType": kind, "backend": backend}
    return {"http": {"paths": [held]}, **({"host": host} if host else {})}


def state(*objects: Mapping[str, Any]) -> State:
    return world(*map(json.dumps, objects))


def codes(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[str]:
    found = routes_exposed(state(*before), state(*after))
    return [str(held.facts["code"]) for held in found]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # An exact path covers itself alone, a prefix what lies below at a slash.
        (rule(path="/a", kind="Exact"), rule(path="/a"), ["ROUTE-NEW"]),
        (rule(path="/a"), rule(path="/a", kind="Exact"), []),
        (rule(path="/a"), rule(path="/a/b"), []),
        (rule(path="/a"), rule(path="/ab"), ["ROUTE-NEW"]),
        (rule(path="/a/"), rule(path="/a"), []),
        (rule(path="/*", kind="ImplementationSpecific"), rule(path="/a"), []),
        (rule(path="/a"), rule(path="/a/b", service="admin"), ["ROUTE-NEW"]),
        (rule(path="/a"), rule(path="/a", service="admin"), []),
        # A wildcard stands for one label.
        (rule("*.example.com"), rule("a.example.com"), []),
        (rule("*.example.com"), rule("a.b.example.com"), ["ROUTE-NEW"]),
        (rule("*.example.com"), rule("example.com"), ["ROUTE-NEW"]),
        (rule("SHOP.example.com"), rule("shop.example.com"), []),
        (rule(""), rule("a.example.com"), []),
        (rule("a.example.com"), rule("", "/x"), ["ROUTE-NEW"]),
        # A rule for everything is another rule's to tell.
        (rule("a.example.com"), rule(""), []),
    ],
)
def test_a_route_is_new_where_no_other_answered_for_it(
    before: Mapping[str, Any], after: Mapping[str, Any], expected: list[str]
) -> None:
    assert codes([ingress(before)], [ingress(after)]) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"nginx.ingress.kubernetes.io/auth-url": "https://login"}, []),
        ({"nginx.ingress.kubernetes.io/auth-url": "x"}, {}, ["ROUTE-AUTHENTICATION"]),
        ({"haproxy.org/auth-type": "basic-auth"}, {}, ["ROUTE-AUTHENTICATION"]),
        (
            {
                "nginx.ingress.kubernetes.io/auth-tls-secret": "shop/ca",
                "nginx.ingress.kubernetes.io/auth-tls-verify-client": "on",
            },
            {
                "nginx.ingress.kubernetes.io/auth-tls-secret": "shop/ca",
                "nginx.ingress.kubernetes.io/auth-tls-verify-client": "off",
            },
            ["ROUTE-AUTHENTICATION"],
        ),
        (
            {"traefik.ingress.kubernetes.io/router.middlewares": "shop-forward-auth@kubernetescrd"},
            {"traefik.ingress.kubernetes.io/router.middlewares": "shop-compress@kubernetescrd"},
            ["ROUTE-AUTHENTICATION"],
        ),
        ({"haproxy.org/whitelist": "patterns/office"}, {}, ["ROUTE-SOURCES"]),
        ({"haproxy.router.openshift.io/ip_whitelist": "9.9.9.9 8.8.8.0/24"}, {}, ["ROUTE-SOURCES"]),
        (
            {"nginx.ingress.kubernetes.io/whitelist-source-range": "9.9.9.0/24"},
            {"nginx.ingress.kubernetes.io/allowlist-source-range": "9.9.9.0/25,9.9.9.128/25"},
            [],
        ),
        ({"nginx.ingress.kubernetes.io/whitelist-source-range": "0.0.0.0/0"}, {}, []),
        ({"kubernetes.io/ingress.class": "gce-internal"}, {}, ["ROUTE-PUBLIC"]),
        ({"appgw.ingress.kubernetes.io/use-private-ip": "true"}, {}, ["ROUTE-PUBLIC"]),
        (
            {"alb.ingress.kubernetes.io/target-type": "ip"},
            {"alb.ingress.kubernetes.io/scheme": "internet-facing"},
            ["ROUTE-PUBLIC"],
        ),
        ({}, {"alb.ingress.kubernetes.io/scheme": "internal"}, []),
        ({"alb.ingress.kubernetes.io/scheme": "internet-facing"}, {}, []),
        (
            {
                "alb.ingress.kubernetes.io/scheme": "internet-facing",
                "alb.ingress.kubernetes.io/auth-type": "oidc",
            },
            {
                "alb.ingress.kubernetes.io/scheme": "internet-facing",
                "alb.ingress.kubernetes.io/auth-type": "none",
            },
            ["ROUTE-AUTHENTICATION"],
        ),
        ({"networking.gke.io/managed-certificates": "web"}, {}, ["ROUTE-TLS"]),
    ],
)
def test_annotations_guard_a_route(
    before: dict[str, str], after: dict[str, str], expected: list[str]
) -> None:
    found = codes([ingress(rule(), annotations=before)], [ingress(rule(), annotations=after)])

    assert found == expected


def test_plain_requests_beside_encrypted_ones_are_a_loss() -> None:
    tls = [{"hosts": ["shop.example.com"], "secretName": "web-tls"}]
    off = {"nginx.ingress.kubernetes.io/ssl-redirect": "false"}

    assert codes([ingress(rule(), tls=tls)], [ingress(rule(), tls=tls, annotations=off)]) == [
        "ROUTE-TLS"
    ]


def test_many_paths_of_a_host_are_one_finding() -> None:
    paths = [rule(path=f"/{number}") for number in range(5)]

    (found,) = routes_exposed(state(), state(ingress(*paths)))

    message = (
        f"Ingress shop/web newly answers {', '.join(f'shop.example.com/{n}' for n in range(3))} "
        "and 2 more"
    )
    assert found.message == message
    assert found.facts["routes"] == tuple(f"shop.example.com/{n}" for n in range(5))


RULES = st.builds(
    rule,
    st.sampled_from(HOSTS),
    st.sampled_from(PATHS),
    st.sampled_from(KINDS),
    st.sampled_from(SERVICES),
)
INGRESSES = st.lists(
    st.tuples(st.lists(RULES, max_size=3), st.sampled_from(CLASSES)), max_size=3
).map(
    lambda held: [
        ingress(*rules, name=f"i{number}", ingressClassName=name)
        for number, (rules, name) in enumerate(held)
    ]
)


@settings(deadline=None)
@given(INGRESSES, st.randoms())
def test_the_order_of_rules_is_nothing(objects: list[dict[str, Any]], random: Any) -> None:
    shuffled = json.loads(json.dumps(objects))
    for held in shuffled:
        random.shuffle(held["spec"]["rules"])
    random.shuffle(shuffled)

    assert list(routes_exposed(state(*objects), state(*shuffled))) == []


@settings(deadline=None)
@given(INGRESSES, INGRESSES)
def test_whatever_is_taken_away_opens_nothing(
    base: list[dict[str, Any]], more: list[dict[str, Any]]
) -> None:
    """Of two states, both together answer no less than one: taking the other away is silent."""
    both = base + [
        {**held, "metadata": {**held["metadata"], "name": f"more-{number}"}}
        for number, held in enumerate(more)
    ]

    found: list[Finding] = list(routes_exposed(state(*both), state(*base)))

    assert found == []
