"""How sure a rule can be that something does not exist."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.state import State
from tests.kubernetes.network.clusters import (
    NETWORK,
    Thing,
    judged,
    pod,
    policy,
    service,
    state,
    thing,
)

OTHER = pod("other")
LONELY = service("api", "80")
MONITOR = thing("monitoring.coreos.com/v1", "PodMonitor", "c", "shop")
ROLLOUT = thing("argoproj.io/v1alpha1", "Rollout", "r", "shop")
ALL = policy("all", selector={}, ingress=[{}])


def opened(things: list[Thing]) -> State:
    """The state of which not every root was read."""
    return replace(state(things), closed=frozenset())


def said(before: State, after: State) -> list[tuple[str, str]]:
    return [
        (held.rule.id, str(held.finding.severity or held.rule.severity))
        for held in judged(before, after)
        if held.rule.id in {"service-selects-nothing", "network-policy-selects-nothing"}
    ]


@pytest.mark.parametrize(
    ("things", "closed", "severity"),
    [
        ([OTHER, ALL], True, ["warning"]),
        ([OTHER, ALL], False, []),
        ([ALL], True, []),
        ([ALL], False, []),
        ([OTHER, ALL, thing("postgresql.cnpg.io/v1", "Cluster", "db", "shop")], True, []),
        ([OTHER, ALL, thing("cert-manager.io/v1", "Certificate", "c", "shop")], True, ["warning"]),
        ([OTHER, ALL, MONITOR], True, ["warning"]),
        ([OTHER, ALL, ROLLOUT], True, ["warning"]),
    ],
)
def test_what_is_known_of_a_namespace_decides(
    things: list[Thing],
    closed: bool,  # noqa: FBT001 - a table's column
    severity: list[str],
) -> None:
    read = state if closed else opened
    found = said(read(things), read([*things, LONELY]))

    assert [held for _, held in found] == severity


def test_what_base_had_and_head_lost_is_known_everywhere() -> None:
    """Also where not every root was read, and where an operator may bring pods."""
    operator = thing("postgresql.cnpg.io/v1", "Cluster", "db", "shop")
    api = pod("api")
    before = opened([api, LONELY, policy("api"), operator])
    after = opened([LONELY, policy("api"), operator])

    assert said(before, after) == [
        ("network-policy-selects-nothing", "warning"),
        ("service-selects-nothing", "warning"),
    ]


def test_what_base_lacked_as_well_is_not_said() -> None:
    assert said(state([OTHER, LONELY]), state([OTHER, LONELY, pod("third")])) == []


def test_every_network_rule_is_among_those_that_are_tested() -> None:
    """A rule that joins the family must join the closed worlds."""
    from bot.catalog import load_rules  # noqa: PLC0415 - only here

    prefixes = ("connectivity-", "ingress-", "network-policy-", "service-", "pods-not-")
    found = {rule.id for rule in load_rules() if rule.id.startswith(prefixes)}

    assert found - {"service-account-changed"} <= set(NETWORK)
