"""What AuthorizationPolicies newly let through."""

from __future__ import annotations

import pytest

from rules import guardrail_weakened
from tests.states import world


def policy(spec: str, namespace: str = "shop", name: str = "p", notes: str = "") -> str:
    return (
        "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
        f"metadata: {{name: {name}, namespace: {namespace}, annotations: {{{notes}}}}}\n"
        f"spec: {{{spec}}}\n"
    )


def allow(*rules: str, **more: str) -> str:
    return policy(f"rules: [{', '.join(rules)}]", **more)


def deny(*rules: str, **more: str) -> str:
    return policy(f"action: DENY, rules: [{', '.join(rules)}]", **{"name": "d", **more})


def source(fields: str) -> str:
    return f"{{from: [{{source: {{{fields}}}}}]}}"


def operation(fields: str) -> str:
    return f"{{to: [{{operation: {{{fields}}}}}]}}"


def reported(before: str, after: str) -> list[tuple[str, str]]:
    findings = guardrail_weakened.compare(world(before), world(after), None)
    return [(str(finding.severity), finding.message) for finding in findings]


WEB = source("principals: [cluster.local/ns/shop/sa/web]")
SHOP = source("namespaces: [shop]")
ADMIN = operation("paths: [/admin]")
SELECTED = "selector: {matchLabels: {app: web}}, "

WIDER = [
    (allow(WEB), allow(SHOP)),
    (allow(WEB), allow(source("principals: ['*']"))),
    (allow(WEB), allow(source("serviceAccounts: [shop/web, shop/api]"))),
    (allow(WEB), allow(WEB, SHOP)),
    (allow(WEB), allow(WEB) + allow(SHOP, name="q")),
    (allow(WEB), allow("{}")),
    (allow(WEB), ""),
    (allow(WEB), deny(WEB, name="p")),
    (policy(""), ""),
    (policy(""), allow(WEB)),
    (allow(SHOP), allow(source("namespaces: ['*']"))),
    (allow(source("trustDomains: [a]")), allow(source("trustDomains: [a, b]"))),
    (allow(operation("methods: [GET]")), allow(operation("methods: [GET, DELETE]"))),
    (allow(operation("paths: [/a]")), allow(operation("paths: ['/a*']"))),
    (allow(operation("hosts: [a.example]")), allow(operation("hosts: ['*.example', a.example]"))),
    (allow(operation("ports: ['80']")), allow(operation("ports: ['80', '9090']"))),
    (allow(source("ipBlocks: [10.0.0.0/24]")), allow(source("ipBlocks: [10.0.0.0/8]"))),
    (allow(source("notNamespaces: [dev, test]")), allow(source("notNamespaces: [dev]"))),
    (deny(ADMIN), ""),
    (deny(ADMIN), deny(operation("paths: [/admin], methods: [POST]"))),
    (deny(ADMIN), policy("action: AUDIT, rules: [{}]", name="d")),
    (deny(ADMIN), deny(ADMIN, notes="istio.io/dry-run: 'true'")),
    (deny("{}"), policy(f"{SELECTED}action: DENY, rules: [{{}}]", name="d")),
    (
        policy(f"{SELECTED}rules: [{WEB}]"),
        policy(f"selector: {{matchLabels: {{app: a}}}}, rules: [{WEB}]"),
    ),
    (deny(ADMIN, namespace="istio-system"), ""),
    (
        allow("{when: [{key: source.namespace, values: [shop]}]}"),
        allow("{when: [{key: source.namespace, values: [shop, dev]}]}"),
    ),
    (
        policy(
            "targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: g}], rules: []"
        ),
        "",
    ),
]


@pytest.mark.parametrize(("before", "after"), WIDER)
def test_requests_that_are_newly_let_through(before: str, after: str) -> None:
    [(severity, message)] = reported(before, after)
    assert severity == "error"
    assert "requests that policies refused" in message


UNDECIDED = [
    (
        policy("action: CUSTOM, provider: {name: a}, rules: [{}]"),
        policy("action: CUSTOM, provider: {name: b}, rules: [{}]"),
    ),
    (allow(operation("paths: ['/a/{*}']")), allow(operation("paths: ['/b/{*}']"))),
]


@pytest.mark.parametrize(("before", "after"), UNDECIDED)
def test_what_only_people_can_compare_is_a_warning(before: str, after: str) -> None:
    [(severity, message)] = reported(before, after)
    assert severity == "warning"
    assert "compare them by hand" in message


KEPT = [
    ("", allow(WEB)),
    ("", policy("")),
    ("", deny(ADMIN)),
    (allow(SHOP), allow(WEB)),
    (allow(WEB), allow(source("serviceAccounts: [shop/web], trustDomains: [cluster.local]"))),
    (allow(WEB, SHOP), allow(SHOP, WEB)),
    (allow(WEB), allow(WEB, name="renamed")),
    (
        allow(WEB),
        allow("{when: [{key: source.principal, values: [cluster.local/ns/shop/sa/web]}]}"),
    ),
    (allow("{}"), ""),
    (policy("action: DENY", name="d"), ""),
    (policy("action: AUDIT, rules: [{}]"), ""),
    (deny(ADMIN), deny(operation("paths: ['/admin*']"))),
    (deny(ADMIN) + deny("{}", name="all"), deny("{}", name="all")),
    (
        allow(source("ipBlocks: [10.0.0.0/24]")),
        allow(source("ipBlocks: [10.0.0.0/25, 10.0.0.128/25]")),
    ),
    (allow(source("ipBlocks: [10.0.0.1]")), allow(source("ipBlocks: [10.0.0.1/32]"))),
    (deny(ADMIN, notes="istio.io/dry-run: 'true'"), ""),
    (allow(operation("paths: ['/a/{*}']")), allow(operation("paths: ['/a/{*}'], methods: [GET]"))),
]


@pytest.mark.parametrize(("before", "after"), KEPT)
def test_nothing_newly_let_through_is_quiet(before: str, after: str) -> None:
    assert reported(before, after) == []


def test_finding_stands_on_the_new_rule_and_gives_an_example() -> None:
    [finding] = guardrail_weakened.compare(
        world(allow(WEB)), world(allow(WEB, operation("paths: [/admin]"))), None
    )
    assert str(finding.node).endswith("spec.rules[*]")
    assert "path /admin" in finding.message
