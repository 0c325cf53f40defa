"""What a change does not touch need not be looked at: the same is found as in the whole of both."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.finding import Severity
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.absence import Referrers, dangling
from bot.kubernetes.checks import ChangeReach, Check, violations_added
from bot.kubernetes.network import touched
from bot.kubernetes.network.blocked_services import check_blocked
from bot.kubernetes.network.coverage import check_coverage
from bot.kubernetes.network.policy_checks import (
    check_host_network,
    check_ignored_rules,
    check_loose_blocks,
    check_refusals,
    subjects_of_policy,
)
from bot.kubernetes.network.policy_ports import check_policy_ports
from bot.kubernetes.network.state_policies import POLICY_KINDS, policies
from bot.kubernetes.network.verdict import network
from bot.kubernetes.services.checks import pods_behind
from bot.kubernetes.services.ports import check_target_ports
from bot.kubernetes.services.touched import is_touched
from bot.kubernetes.workloads.population import population
from bot.kubernetes.workloads.probe_ports import check_probe_ports
from bot.kubernetes.workloads.spreading import Spreading
from tests.kubernetes.network.clusters import (
    Thing,
    allow,
    deployment,
    namespace,
    ns_of,
    pod,
    policy,
    service,
    state,
    thing,
)

CHECKS: tuple[Check, ...] = (
    check_blocked,
    check_coverage,
    check_host_network,
    check_ignored_rules,
    check_loose_blocks,
    check_policy_ports,
    check_probe_ports,
    check_refusals,
    check_target_ports,
    Spreading(2).ask,
)
SPACES = st.sampled_from(("shop", "ops", "dev"))
NAMES = st.sampled_from(("a", "b"))
# A label of which only a controller knows the value decides for no policy.
LABELS = st.dictionaries(st.sampled_from(("app", "tier", "job-name")), NAMES, max_size=2)
PORTS = st.sampled_from(("8080", "http:8080", "http:80", "dns:53/UDP"))
SELECTORS: st.SearchStrategy[Thing] = st.one_of(
    st.just({}),
    st.builds(lambda labels: {"matchLabels": labels}, LABELS),
    st.builds(
        lambda name: {
            "matchExpressions": [{"key": "app", "operator": "NotIn", "values": [name]}],
            "matchLabels": {"tier": "a"},
        },
        NAMES,
    ),
    st.just({"matchLabels": {"app": 1}}),
    st.just({"matchLabels": {"app": None}}),
)
SCOPES: st.SearchStrategy[Thing] = st.one_of(
    st.just({}),
    st.builds(ns_of, SPACES),
    st.just({"namespaceSelector": {}}),
    st.just({"namespaceSelector": {"matchLabels": {"team": "a"}}}),
)
PEERS = st.builds(lambda pods, scope: {"podSelector": pods, **scope}, SELECTORS, SCOPES)
RULES = st.builds(
    lambda port, peers, field: (field, allow(port, peers=peers, field=field)),
    st.sampled_from((80, 8080, "http", "none")),
    st.one_of(st.none(), st.lists(PEERS, max_size=2)),
    st.sampled_from(("from", "to")),
)


def _policy(name: str, space: str, selector: Thing, rules: list[tuple[str, Thing]]) -> Thing:
    listed = {
        key: [rule for field, rule in rules if field == of]
        for key, of in (("ingress", "from"), ("egress", "to"))
    }
    return policy(name, space, selector, **{key: held for key, held in listed.items() if held})


THINGS: st.SearchStrategy[Thing] = st.one_of(
    st.builds(
        lambda name, port, space, labels, hosted: pod(
            name, port, ns=space, labels=labels, hostNetwork=hosted
        ),
        NAMES,
        PORTS,
        SPACES,
        LABELS,
        st.booleans(),
    ),
    st.builds(
        lambda name, port, space, labels, count: deployment(
            name, port, ns=space, labels=labels, replicas=count
        ),
        NAMES,
        PORTS,
        SPACES,
        LABELS,
        st.integers(1, 3),
    ),
    st.builds(
        lambda name, port, space, labels: service(name, port, ns=space, selector=labels),
        NAMES,
        st.sampled_from(("80", "80>8080", "http=80>http", "80>none")),
        SPACES,
        LABELS,
    ),
    st.builds(_policy, NAMES, SPACES, SELECTORS, st.lists(RULES, max_size=2)),
    st.builds(lambda name, team: namespace(name, team=team), SPACES, NAMES),
    st.builds(
        lambda name, labels: thing(
            "cilium.io/v2",
            "CiliumClusterwideNetworkPolicy",
            name,
            None,
            spec={"endpointSelector": {"matchLabels": labels}, "ingress": [{}]},
        ),
        NAMES,
        LABELS,
    ),
)
CLUSTERS = st.lists(THINGS, min_size=3, max_size=12)


def _states(base: list[Thing], gone: int, added: list[Thing]) -> tuple[State, State]:
    """A cluster, and the same without some of its resources and with others."""
    before = state(base)
    if len(before.resources) > gone:
        base = [*base[gone:]]
    return before, state([*base, *added])


def _everything(*states: State) -> ChangeReach:
    return ChangeReach(frozenset(space for held in states for space in held.namespaces))


@settings(max_examples=150, deadline=None)
@given(CLUSTERS, st.integers(0, 2), st.lists(THINGS, max_size=2))
def test_what_is_not_touched_has_no_new_violation(
    base: list[Thing], gone: int, added: list[Thing]
) -> None:
    before, after = _states(base, gone, added)
    reach = _everything(before, after)
    for check in CHECKS:
        at_base = Counter(found.key for found in check(before, reach))
        at_head = Counter(found.key for found in check(after, reach))

        new = Counter(found.key for found in violations_added(before, after, check))

        assert new == at_head - at_base, check


@settings(max_examples=150, deadline=None)
@given(CLUSTERS, st.integers(0, 2), st.lists(THINGS, max_size=2))
def test_what_is_not_touched_has_no_new_dangling_reference(
    base: list[Thing], gone: int, added: list[Thing]
) -> None:
    sides = _states(base, gone, added)
    for referrers in (
        Referrers((kinds.SERVICE,), pods_behind, is_touched),
        Referrers(POLICY_KINDS, subjects_of_policy, touched.is_touched),
    ):
        every = Referrers(referrers.kinds, referrers.references)

        new = list(dangling(*sides, referrers, Severity.ERROR))

        assert new == list(dangling(*sides, every, Severity.ERROR))


@settings(max_examples=150, deadline=None)
@given(CLUSTERS)
def test_the_index_of_policies_finds_all_that_select_a_pod(things: list[Thing]) -> None:
    cluster = state(things)
    known, pods = policies(cluster), population(cluster)
    for space in pods.namespaces:
        for group in pods.in_namespace(space):
            selecting = [held for held in known.valid if group in known.subjects(held).pods]

            found = [] if group.host_network else selecting
            assert [*network(cluster).of(group)] == found


def test_a_policy_of_the_whole_cluster_reaches_services_where_nothing_else_changes() -> None:
    base = [
        pod("a", "8080", ns="dev", labels={"app": "a"}, hostNetwork=False),
        service("a", "80", ns="dev", selector={"app": "a"}),
    ]
    everywhere = thing(
        "cilium.io/v2",
        "CiliumClusterwideNetworkPolicy",
        "nobody",
        None,
        spec={"endpointSelector": {}, "ingress": [{}]},
    )

    added = violations_added(state(base), state([*base, everywhere]), check_blocked)

    assert [violation.key for violation in added] == ["Service/dev/a SVC-BLOCKED 80/TCP"]
