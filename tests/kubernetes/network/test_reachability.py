"""What a change newly lets through, in words: the cases beyond the rule's page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.core.finding import FileLine, Graph
from bot.core.resource import route_text
from bot.core.state import State
from bot.kubernetes.network.newly_allowed import widened_findings
from tests.kubernetes.network.clusters import (
    Thing,
    allow,
    app,
    namespace,
    ns_of,
    pod,
    policy,
    state,
    thing,
)

DB = pod("db")
WEB = pod("web")
TEAM = {"namespaceSelector": {"matchLabels": {"team": "dev"}}}
OPERATOR = thing("postgresql.cnpg.io/v1", "Cluster", "db", "shop")
CHART = thing("helm.toolkit.fluxcd.io/v2", "HelmRelease", "db", "shop")


def said(before: list[Thing] | State, after: list[Thing] | State, *trusted: str) -> list[str]:
    old = before if isinstance(before, State) else state(before)
    new = after if isinstance(after, State) else state(after)
    return [f"{found.severity}: {found.message}" for found in widened_findings(old, new, trusted)]


def closed_to(*peers: Thing, **more: Any) -> Thing:
    return policy("db", ingress=[allow(peers=[*peers])] if peers else [], **more)


def test_pods_that_only_an_operator_knows_are_told_by_their_labels() -> None:
    labels = {"cnpg.io/cluster": "db", "cnpg.io/role": "primary", "app": "db"}
    held = policy("db", selector={"matchLabels": labels})
    wider = policy(
        "db", selector={"matchLabels": labels}, ingress=[allow(5432, peers=[app("web")])]
    )

    assert said([OPERATOR, held, WEB], [OPERATOR, wider, WEB]) == [
        (
            "warning: Pod shop/web can now reach pods with app=db,cnpg.io/cluster=db and 1 more "
            "labels in namespace shop on TCP 5432"
        )
    ]


def test_pods_that_nobody_shows_lose_their_isolation_as_a_warning() -> None:
    held = policy("db")

    assert said([OPERATOR, held], [OPERATOR]) == [
        (
            "warning: Anything, inside the cluster or outside, can now reach pods with app=db in "
            "namespace shop on every port, as no policy isolates it any more"
        )
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # What may have brought the pods goes with the policy, or the namespace does.
        ([CHART, OPERATOR, policy("db")], [OPERATOR]),
        ([OPERATOR, policy("db")], []),
        # Every pod of the namespace is to be seen, and none of them has these labels.
        ([WEB, policy("db")], [WEB]),
        # A selector that the API refuses, and pods on their node's network.
        ([OPERATOR, policy("db", selector={"matchLabels": {"a b": "c"}})], [OPERATOR]),
        ([pod("db", hostNetwork=True), policy("db")], [pod("db", hostNetwork=True)]),
        ([DB, policy("db")], [pod("db", hostNetwork=True)]),
        # A policy that another of the same effect replaces.
        ([DB, policy("db")], [DB, policy("other", selector={})]),
    ],
)
def test_nothing_is_opened(before: list[Thing], after: list[Thing]) -> None:
    assert said(before, after) == []


def test_pods_of_a_namespace_that_is_labelled_come_under_a_selector_of_both() -> None:
    peer = {**TEAM, "podSelector": {"matchLabels": {"app": "web"}}}
    web, other = pod("web", ns="dev"), pod("other", ns="dev")
    before = [namespace("dev"), web, other, DB, closed_to(peer)]
    after = [namespace("dev", team="dev"), web, other, DB, closed_to(peer)]

    assert said(before, after) == ["warning: Pod dev/web can now reach Pod shop/db on every port"]


def test_pods_that_leave_a_denial_are_let_through() -> None:
    """An administrator's denial by label ends when the label goes."""
    deny = {
        "priority": 1,
        "subject": {"namespaces": {}},
        "ingress": [
            {
                "action": "Deny",
                "from": [
                    {
                        "pods": {
                            "namespaceSelector": {},
                            "podSelector": {"matchLabels": {"risky": "yes"}},
                        }
                    }
                ],
            }
        ],
    }
    admin = thing("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "a", None, spec=deny)
    risky = pod("web", labels={"app": "web", "risky": "yes"})
    calm = pod("web", labels={"app": "web", "calm": "yes"})

    assert said([admin, risky, DB], [admin, calm, DB]) == [
        "warning: Pod shop/web can now reach Pod shop/db on every port"
    ]


def test_an_expression_can_let_in_what_lost_a_label() -> None:
    peer = {"podSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}
    held = closed_to(peer)

    assert said([DB, WEB, held], [DB, pod("web", labels={"x": "y"}), held]) == [
        "warning: Pod shop/web can now reach Pod shop/db on every port"
    ]


def test_many_names_are_counted() -> None:
    pods = [pod(f"p{number}", labels={"app": "p"}) for number in range(5)]
    held = policy("p", selector={"matchLabels": {"app": "p"}})
    wider = policy(
        "p", selector={"matchLabels": {"app": "p"}}, ingress=[allow(peers=[ns_of("dev")])]
    )

    assert said([namespace("dev"), *pods, held], [namespace("dev"), *pods, wider]) == [
        (
            "warning: Anything in namespace dev can now reach Pod shop/p0, Pod shop/p1 and 3 more "
            "on every port"
        )
    ]


@pytest.mark.parametrize(
    ("trusted", "quiet"),
    [("shop", True), ("sh*", True), ("shop/web", True), ("shop/other", False), ("dev", False)],
)
def test_a_trusted_workload_is_quiet(trusted: str, quiet: bool) -> None:  # noqa: FBT001 - a table's column
    found = said(
        [DB, WEB, closed_to(app("api"))], [DB, WEB, closed_to(app("api"), app("web"))], trusted
    )

    assert (found == []) is quiet


def test_egress_to_any_pod_of_the_cluster() -> None:
    held = policy("web", policyTypes=["Egress"])
    wider = policy(
        "web",
        policyTypes=["Egress"],
        egress=[allow(peers=[{"namespaceSelector": {}}], field="to")],
    )

    assert said([WEB, held], [WEB, wider]) == [
        "warning: Pod shop/web can now reach any pod in the cluster on every port"
    ]


def test_a_peer_in_a_namespace_that_nobody_shows() -> None:
    peer = {**TEAM, **app("web")}

    assert said([DB, closed_to(app("api"))], [DB, closed_to(app("api"), peer)]) == [
        (
            "warning: Pods with app=web in namespaces with team=dev can now reach Pod shop/db on "
            "every port"
        )
    ]


def test_a_peer_that_is_not_to_be_seen_where_not_every_root_was_read() -> None:
    before = state([DB, closed_to(app("api"))])
    after = replace(state([DB, closed_to(app("api"), app("web"))]), closed=frozenset())

    assert said(before, after) == [
        "warning: Pods with app=web in namespace shop can now reach Pod shop/db on every port"
    ]


def test_the_finding_draws_who_reaches_whom() -> None:
    before, after = [DB, WEB, closed_to(app("api"))], [DB, WEB, closed_to(app("api"), app("web"))]
    (found,) = widened_findings(state(before), state(after), ())

    assert not isinstance(found.node, FileLine)
    assert found.details == (Graph((("Pod shop/web", "Pod shop/db", "every port"),)),)
    assert route_text(found.node.route) == "spec.ingress[*].from[*]"
    assert dict(found.facts) == {
        "code": "NP-WIDENED",
        "object": "NetworkPolicy/shop/db",
        "direction": "ingress",
        "connections": ({"from": "Pod shop/web", "to": "Pod shop/db", "ports": "every port"},),
    }


def test_long_lists_of_addresses_are_told_where_they_are_new() -> None:
    blocks = [
        {"ipBlock": {"cidr": f"10.{number // 256}.{number % 256}.0/24"}} for number in range(600)
    ]
    more = {"ipBlock": {"cidr": "192.0.2.0/24"}}
    before = [DB, closed_to(*blocks)]

    assert said(before, [DB, closed_to(*blocks[:300], more, *blocks[300:])]) == [
        "warning: Addresses 192.0.2.0/24 can now reach Pod shop/db on every port"
    ]
