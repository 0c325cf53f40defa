"""The connections that a map shows."""

from __future__ import annotations

from bot.kubernetes.network_map import MapEdge, changed_connections, connections
from tests.kubernetes.network.clusters import allow, app, pod, policy, service, state, thing

DB = pod("db", "5432")
WEB = pod("web", "8080")


def test_policies_are_drawn_by_whom_they_let_in() -> None:
    held = policy("db", ingress=[allow(5432, peers=[app("web"), app("db")]), allow(9187)])

    assert connections(state([DB, WEB, held]), ("shop",)) == (
        MapEdge("Pod shop/web", "Pod shop/db", "TCP 5432, 9187"),
        MapEdge("any address outside the cluster", "Pod shop/db", "TCP 9187"),
        MapEdge("any pod in the cluster", "Pod shop/db", "TCP 9187"),
        MapEdge("anything", "Pod shop/web", "every port"),
    )


def test_ways_in_from_outside_are_drawn_to_the_pods() -> None:
    spec = {"rules": [{"http": {"paths": [{"backend": {"service": {"name": "web"}}}]}}]}
    more = {"defaultBackend": {"service": {"name": "none"}}, **spec}
    held = thing("networking.k8s.io/v1", "Ingress", "site", "shop", spec=more)
    far = thing("networking.k8s.io/v1", "Ingress", "site", "far", spec=more)
    lame = service("lame", "80>nowhere", app="web", type="NodePort")
    old = service("old", "80>8080", app="web", externalIPs=["192.0.2.1"])

    found = connections(state([WEB, service("web", "80>8080"), held, far, lame, old]), ("shop",))

    assert found == (
        MapEdge("Ingress shop/site", "Pod shop/web", "TCP 8080"),
        MapEdge("anything", "Pod shop/web", "every port"),
        MapEdge("outside the cluster", "Ingress shop/site", "its hosts"),
        MapEdge("outside the cluster", "Pod shop/web", "TCP 8080"),
    )


def test_a_limited_egress_is_drawn_where_it_leads_outside() -> None:
    rules = [allow(443, peers=[{"ipBlock": {"cidr": "192.0.2.0/24"}}], field="to")]
    rules.append(allow(peers=[app("db")], field="to"))
    held = policy("web", policyTypes=["Egress"], egress=rules)

    assert connections(state([WEB, DB, held])) == (
        MapEdge("Pod shop/web", "addresses 192.0.2.0/24", "TCP 443"),
        MapEdge("anything", "Pod shop/db", "every port"),
        MapEdge("anything", "Pod shop/web", "every port"),
    )


def test_a_change_is_drawn_for_the_namespaces_that_are_asked_for() -> None:
    before = state([DB, WEB, policy("db", ingress=[allow(peers=[app("api")])])])
    after = state([DB, WEB, policy("db", ingress=[allow(peers=[app("web")])])])

    assert changed_connections(before, after, ("shop",)) == (
        MapEdge("Pod shop/web", "Pod shop/db", "every port", "added"),
    )
    assert changed_connections(after, before, ()) == (
        MapEdge("Pod shop/web", "Pod shop/db", "every port", "removed"),
    )
    assert changed_connections(before, after, ("far",)) == ()


def test_what_an_administrator_denies_is_not_drawn() -> None:
    denial = thing(
        "policy.networking.k8s.io/v1alpha1",
        "AdminNetworkPolicy",
        "guard",
        None,
        spec={
            "priority": 1,
            "subject": {"namespaces": {}},
            "ingress": [
                {
                    "action": "Deny",
                    "from": [{"pods": {"podSelector": {"matchLabels": {"app": "web"}}}}],
                }
            ],
        },
    )

    assert connections(state([DB, WEB, denial]), ("shop",)) == (
        MapEdge("anything", "Pod shop/web", "every port"),
        MapEdge("anything else", "Pod shop/db", "every port"),
    )
