"""Cilium's and the administrators' policies let through what their projects say."""

from __future__ import annotations

import pytest

from bot.kubernetes.addresses import Addresses
from bot.kubernetes.network.connection_ends import Anywhere, ConnectionEnd
from bot.kubernetes.network.unmodelled import unmodelled_policy
from bot.kubernetes.network.verdict import network
from bot.kubernetes.workloads.population import population
from tests.states import resource, world

DB = """
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: db, ports: [{name: sql, containerPort: 5432}]}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: dev, labels: {team: dev}}
---
"""
WEB = Anywhere("shop", (("app", "web"),))
DEV = Anywhere("dev")
WORLD = Addresses.of("198.51.100.0/24")
SQL = [("TCP", 5432)]
ALL = [("TCP", 80), ("TCP", 5432), ("UDP", 5432)]


def cilium(spec: str, kind: str = "CiliumNetworkPolicy", name: str = "p") -> str:
    space = ", namespace: shop" if kind == "CiliumNetworkPolicy" else ""
    return f"""
apiVersion: cilium.io/v2
kind: {kind}
metadata: {{name: {name}{space}}}
{spec}
---
"""


def reaches(text: str, source: ConnectionEnd) -> list[tuple[str, int]]:
    state = world(DB + text)
    (db,) = population(state).in_namespace("shop")
    ports = network(state).between(source, db)
    return [port for port in ALL if port in ports]


def sent(text: str, target: ConnectionEnd) -> list[tuple[str, int]]:
    state = world(DB + text)
    (db,) = population(state).in_namespace("shop")
    ports = network(state).between(db, target)
    return [port for port in ALL if port in ports]


DENY = "{ports: [{port: '80'}]}"
SELECT = "endpointSelector: {matchLabels: {app: db}}"


# An empty rule allows nothing. Endpoints are of the own namespace, or of those that they name.
# Ports are text, of every protocol where none is named, and for anyone where they stand alone.
@pytest.mark.parametrize(
    ("rule", "source", "ports"),
    [
        ("", WEB, ALL),
        ("{}", WEB, []),
        ("{fromEndpoints: [{}]}", WEB, ALL),
        ("{fromEndpoints: [{}]}", DEV, []),
        ("{fromEndpoints: []}", WEB, []),
        ("{fromEndpoints: [{matchLabels: {'k8s:app': web}}]}", WEB, ALL),
        ("{fromEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': dev}}]}", DEV, ALL),
        ("{fromEndpoints: [{matchLabels: {io.cilium.k8s.namespace.labels.team: dev}}]}", DEV, ALL),
        (
            "{fromEndpoints: [{matchExpressions: [{key: 'any:app', operator: Exists}]}]}",
            WEB,
            ALL,
        ),
        ("{fromEntities: [cluster]}", DEV, ALL),
        ("{fromEntities: [cluster]}", WORLD, []),
        ("{fromEntities: [world]}", WORLD, ALL),
        ("{fromEntities: [world-ipv6]}", WORLD, []),
        ("{fromEntities: [all]}", WORLD, ALL),
        ("{fromEntities: [host, remote-node]}", WEB, []),
        ("{fromCIDR: [198.51.100.0/24]}", WORLD, ALL),
        ("{fromCIDR: [nonsense]}", WORLD, []),
        ("{fromCIDRSet: [{cidr: 0.0.0.0/0, except: [198.51.100.0/24]}]}", WORLD, []),
        ("{fromCIDRSet: [{cidrGroupRef: g}]}", WORLD, []),
        ("{toPorts: [{ports: [{port: '5432'}]}]}", DEV, [("TCP", 5432), ("UDP", 5432)]),
        ("{toPorts: [{ports: [{port: sql, protocol: TCP}]}]}", DEV, SQL),
        ("{toPorts: [{ports: [{port: '0', protocol: UDP}]}]}", DEV, [("UDP", 5432)]),
        ("{toPorts: [{ports: [{port: '5000', endPort: 6000, protocol: TCP}]}]}", DEV, SQL),
        ("{icmps: [{fields: [{type: 8}]}]}", DEV, []),
    ],
)
def test_a_rule_of_cilium(rule: str, source: ConnectionEnd, ports: list[tuple[str, int]]) -> None:
    assert reaches(cilium(f"spec: {{{SELECT}, ingress: [{rule}]}}"), source) == ports


# Without a rule of a direction nobody is isolated in it, and a denial comes before any permission.
@pytest.mark.parametrize(
    ("spec", "source", "ports"),
    [
        ("spec: {SELECT}", WEB, ALL),
        ("spec: {SELECT, egress: [{}]}", WEB, ALL),
        ("spec: {SELECT, ingress: [{}], enableDefaultDeny: {ingress: false}}", WEB, ALL),
        (
            "spec: {SELECT, ingress: [{fromEntities: [all]}], ingressDeny: [{toPorts: [DENY]}]}",
            DEV,
            [("TCP", 5432), ("UDP", 5432)],
        ),
        ("spec: {SELECT, ingressDeny: [{fromEntities: [world]}]}", DEV, []),
        ("specs: [{SELECT, ingress: [{}]}, {SELECT, ingress: [{fromEntities: [all]}]}]", DEV, ALL),
        ("spec: {nodeSelector: {}, ingress: [{}]}", DEV, ALL),
    ],
)
def test_a_policy_of_cilium(spec: str, source: ConnectionEnd, ports: list[tuple[str, int]]) -> None:
    assert reaches(cilium(spec.replace("SELECT", SELECT).replace("DENY", DENY)), source) == ports


def test_a_clusterwide_policy_is_for_every_namespace() -> None:
    text = cilium(f"spec: {{{SELECT}, ingress: [{{}}]}}", "CiliumClusterwideNetworkPolicy")

    assert reaches(text, DEV) == []


def test_cilium_limits_egress() -> None:
    text = cilium(
        f"spec: {{{SELECT}, egress: [{{toCIDR: [198.51.100.0/24]}}, {{toFQDNs: [{{}}]}}]}}"
    )

    assert (sent(text, WORLD), sent(text, DEV)) == (ALL, [])


def admin(
    rules: str, kind: str = "AdminNetworkPolicy", more: str = "priority: 5", name: str = "a"
) -> str:
    version = "v1alpha2" if kind == "ClusterNetworkPolicy" else "v1alpha1"
    return f"""
apiVersion: policy.networking.k8s.io/{version}
kind: {kind}
metadata: {{name: {name}}}
spec: {{{more}, subject: {{namespaces: {{}}}}, ingress: [{rules}]}}
---
"""


DENIED = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}}
---
"""
ANY = "from: [{namespaces: {}}]"
DESTINATION = "destinationPort"
BASELINE = ("BaselineAdminNetworkPolicy", "priority: 0")
CLUSTER = ("ClusterNetworkPolicy", "tier: Admin, priority: 1")
CLUSTER_BASE = ("ClusterNetworkPolicy", "tier: Baseline, priority: 1")


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        (admin(f"{{action: Deny, {ANY}}}"), []),
        (admin(f"{{action: Deny, {ANY}, ports: [{{portNumber: {{port: 80}}}}]}}"), ALL[1:]),
        (
            admin(f"{{action: Deny, {ANY}, ports: [{{portRange: {{start: 1, end: 99}}}}]}}"),
            ALL[1:],
        ),
        (
            admin(f"{{action: Deny, {ANY}, ports: [{{namedPort: sql}}]}}"),
            [("TCP", 80), ("UDP", 5432)],
        ),
        (admin(f"{{action: Allow, {ANY}}}") + DENIED, ALL),
        (admin(f"{{action: Pass, {ANY}}}, {{action: Allow, {ANY}}}") + DENIED, []),
        (admin(f"{{action: Allow, {ANY}}}, {{action: Deny, {ANY}}}"), ALL),
        (
            admin(f"{{action: Allow, {ANY}}}", more="priority: 2", name="b")
            + admin(f"{{action: Deny, {ANY}}}", more="priority: 1"),
            [],
        ),
        (admin("{action: Deny, from: [{pods: {namespaceSelector: {}, podSelector: {}}}]}"), []),
        (admin("{action: Deny, from: [{namespaces: {matchLabels: {team: other}}}]}"), ALL),
        (admin(f"{{action: Nothing, {ANY}}}"), ALL),
        (admin(f"{{action: Deny, {ANY}}}", *BASELINE), []),
        (
            admin(f"{{action: Deny, {ANY}}}", *BASELINE)
            + DENIED.replace("podSelector: {}", "podSelector: {}, ingress: [{}]"),
            ALL,
        ),
        (admin(f"{{action: Allow, {ANY}}}, {{action: Deny, {ANY}}}", *BASELINE), ALL),
        (
            admin(
                f"{{action: Deny, {ANY}, protocols: [{{tcp: {{{DESTINATION}: {{number: 80}}}}}}]}}",
                *CLUSTER,
            ),
            ALL[1:],
        ),
        (
            admin(
                f"{{action: Deny, {ANY}, protocols: [{{udp: {{}}}}, {{tcp: {{destinationPort: "
                "{range: {start: 80, end: 81}}}}]}",
                *CLUSTER,
            ),
            SQL,
        ),
        (
            admin(f"{{action: Deny, {ANY}, protocols: [{{destinationNamedPort: sql}}]}}", *CLUSTER),
            [("TCP", 80), ("UDP", 5432)],
        ),
        (admin(f"{{action: Accept, {ANY}}}", *CLUSTER) + DENIED, ALL),
        (admin(f"{{action: Accept, {ANY}}}", *CLUSTER_BASE) + DENIED, []),
        (admin(f"{{action: Deny, {ANY}}}", *CLUSTER_BASE), []),
    ],
)
def test_administrators(text: str, ports: list[tuple[str, int]]) -> None:
    assert reaches(text, DEV) == ports


def test_an_administrators_networks_are_addresses() -> None:
    text = admin("{action: Deny, to: [{networks: [198.51.100.0/24, nonsense]}, {nodes: {}}]}")

    assert sent(text.replace("ingress:", "egress:"), WORLD) == []


@pytest.mark.parametrize(
    ("api", "kind", "namespace", "acts"),
    [
        ("projectcalico.org/v3", "GlobalNetworkPolicy", None, True),
        ("security.istio.io/v1", "AuthorizationPolicy", "shop", True),
        ("security.istio.io/v1", "AuthorizationPolicy", "dev", False),
        ("v1", "ConfigMap", "shop", False),
    ],
)
def test_what_may_act_on_pods_is_known(
    api: str,
    kind: str,
    namespace: str | None,
    acts: bool,  # noqa: FBT001 - a table's column
) -> None:
    state = world(resource(kind, "a", namespace=namespace, api=api))

    assert (unmodelled_policy(state, "shop") is not None) is acts
