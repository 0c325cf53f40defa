"""What the API refuses in a NetworkPolicy, beyond the rule's page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.kubernetes.network.state_policies import policies
from tests.kubernetes.network.clusters import allow, policy, state
from tests.states import world


def reasons(**spec: Any) -> list[str]:
    held = state([policy("p", **spec)])
    (found,) = policies(held).of(held.resources[0])
    return [refusal.reason for refusal in found.refusals]


def peer(**held: Any) -> dict[str, Any]:
    return {"ingress": [allow(peers=[held])]}


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"ingress": [allow(0)]}, "0 is not a port, which is a number from 1 to 65535"),
        ({"ingress": [allow(65536)]}, "65536 is not a port, which is a number from 1 to 65535"),
        (
            {"ingress": [allow({"port": True})]},
            "the port is True, and has to be a number or a name",
        ),
        (
            {"ingress": [allow("Web")]},
            "'Web' is not a port's name: at most 15 of a-z, 0-9 and single '-'",
        ),
        ({"ingress": [allow({"endPort": 90})]}, "endPort needs a port that is a number"),
        (
            {"ingress": [allow({"port": 80, "endPort": "90"})]},
            "endPort is '90', and has to be from 80 to 65535",
        ),
        (
            peer(podSelector={"matchExpressions": [{"key": "a", "operator": "In"}]}),
            "In needs values",
        ),
        (peer(ipBlock={"cidr": 7}), "7 is not a CIDR block"),
        (
            peer(ipBlock={"cidr": "10.0.0.0/8", "except": ["10.0.0.1"]}),
            "'10.0.0.1' is not a CIDR block",
        ),
        (
            peer(ipBlock={"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}),
            "10.0.0.0/8 has to lie within 10.0.0.0/8",
        ),
        ({"policyType": ["Ingress"]}, "there is no field 'policyType' here, expected one of "),
    ],
)
def test_a_refusal_says_why(spec: dict[str, Any], reason: str) -> None:
    (found,) = reasons(**spec)

    assert found.startswith(reason)


@pytest.mark.parametrize(
    "spec",
    [
        {"ingress": [allow({"port": "http"}, {"port": 1, "endPort": 1}, {"protocol": "SCTP"})]},
        {"policyTypes": ["Ingress", "Egress"], "egress": []},
        peer(namespaceSelector={}, podSelector={}),
        peer(ipBlock={"cidr": "::/0", "except": ["2001:db8::/32"]}),
        {"ingress": None},
        {"ingress": [{}]},
    ],
)
def test_what_the_api_takes_is_not_refused(spec: dict[str, Any]) -> None:
    assert reasons(**spec) == []


@pytest.mark.parametrize(
    "spec", [None, 3, [], "x", {"podSelector": 3}, {"ingress": 3}, {"ingress": [3]}]
)
def test_nothing_that_stands_there_crashes(spec: object) -> None:
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": spec,
    }
    held = world(json.dumps(body))

    assert len(policies(held).of(held.resources[0])) == 1
