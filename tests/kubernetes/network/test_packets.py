"""The verdicts and widenings agree with a simulator that sends every packet through every policy.

The simulator reads the manifests on its own, and shares no code with the product.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.kubernetes.network.connection_ends import Anywhere, ConnectionEnd
from bot.kubernetes.network.peers import ANY_POD
from bot.kubernetes.network.reachability import widenings
from bot.kubernetes.network.verdict import network
from bot.kubernetes.workloads.population import PodGroup, population
from tests.states import world

World = list[dict[str, Any]]
PORTS = [(protocol, port) for protocol in ("TCP", "UDP") for port in (80, 81, 8080)]
SPACES = ("a", "b")


# The simulator.


def selected(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    selector = selector or {}
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for held in selector.get("matchExpressions", []):
        value = labels.get(held["key"])
        if held["operator"] == "In" and value not in held["values"]:
            return False
        if held["operator"] == "NotIn" and value in held["values"]:
            return False
        if held["operator"] == "Exists" and value is None:
            return False
        if held["operator"] == "DoesNotExist" and value is not None:
            return False
    return True


def lets_through(
    world: World, end: dict[str, Any], other: dict[str, Any], direction: str, port: tuple[str, int]
) -> bool:
    """Whether the policies of `end` let a packet pass; `direction` is Ingress or Egress."""
    receiver = end if direction == "Ingress" else other
    isolated = False
    for policy in world:
        spec = policy.get("spec", {})
        if policy["kind"] != "NetworkPolicy":
            continue
        if policy["metadata"]["namespace"] != end["metadata"]["namespace"]:
            continue
        if not selected(spec.get("podSelector"), end["metadata"]["labels"]):
            continue
        types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
        if direction not in types:
            continue
        isolated = True
        for rule in spec.get(direction.lower()) or []:
            if port_meant(rule.get("ports"), receiver, port) and peer_meant(
                world, policy, rule.get("from" if direction == "Ingress" else "to"), other
            ):
                return True
    return not isolated


def port_meant(
    ports: list[dict[str, Any]] | None, receiver: dict[str, Any], port: tuple[str, int]
) -> bool:
    if not ports:
        return True
    for held in ports:
        if held.get("protocol", "TCP") != port[0]:
            continue
        wanted = held.get("port")
        if wanted is None:
            return True
        if isinstance(wanted, str):
            for own in receiver["spec"]["containers"][0].get("ports", []):
                if (own["name"], own["protocol"]) == (wanted, port[0]):
                    if own["containerPort"] == port[1]:
                        return True
                    break
        elif wanted <= port[1] <= held.get("endPort", wanted):
            return True
    return False


def peer_meant(
    world: World, policy: dict[str, Any], peers: list[dict[str, Any]] | None, pod: dict[str, Any]
) -> bool:
    if not peers:
        return True
    space = pod["metadata"]["namespace"]
    labels = next(
        held["metadata"]["labels"]
        for held in world
        if held["kind"] == "Namespace" and held["metadata"]["name"] == space
    )
    for peer in peers:
        if "ipBlock" in peer:
            continue
        if "namespaceSelector" in peer:
            here = selected(
                peer["namespaceSelector"], {**labels, "kubernetes.io/metadata.name": space}
            )
        else:
            here = space == policy["metadata"]["namespace"]
        if here and selected(peer.get("podSelector"), pod["metadata"]["labels"]):
            return True
    return False


def open_connections(world: World) -> Iterator[tuple[str, str, str, int]]:
    pods = [held for held in world if held["kind"] == "Pod"]
    for source in pods:
        for target in pods:
            for port in PORTS if source is not target else ():
                if lets_through(world, source, target, "Egress", port) and lets_through(
                    world, target, source, "Ingress", port
                ):
                    yield (name(source), name(target), *port)


def name(pod: dict[str, Any]) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


# Small worlds.

labels = st.fixed_dictionaries(
    {}, optional={"app": st.sampled_from(["x", "y"]), "tier": st.sampled_from(["1", "2"])}
)
expressions = st.one_of(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(["app", "tier"]),
            "operator": st.sampled_from(["In", "NotIn"]),
            "values": st.lists(st.sampled_from(["x", "y", "1"]), min_size=1, max_size=2),
        }
    ),
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(["app", "tier"]),
            "operator": st.sampled_from(["Exists", "DoesNotExist"]),
        }
    ),
)
selectors = st.fixed_dictionaries(
    {}, optional={"matchLabels": labels, "matchExpressions": st.lists(expressions, max_size=1)}
)
namespace_selectors = st.one_of(
    st.just({}),
    st.sampled_from(
        [
            {"matchLabels": {"team": "r"}},
            {"matchLabels": {"kubernetes.io/metadata.name": "b"}},
            {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["r"]}]},
        ]
    ),
)
peers = st.one_of(
    st.fixed_dictionaries({"podSelector": selectors}),
    st.fixed_dictionaries({"namespaceSelector": namespace_selectors}),
    st.fixed_dictionaries({"namespaceSelector": namespace_selectors, "podSelector": selectors}),
    st.just({"ipBlock": {"cidr": "192.0.2.0/24"}}),
)
policy_ports = st.one_of(
    st.sampled_from([{"port": 80}, {"port": 8080}, {"protocol": "UDP"}, {}]),
    st.sampled_from([{"port": "web"}, {"port": "web", "protocol": "UDP"}]),
    st.just({"port": 80, "endPort": 81}),
)


def rules(field: str) -> st.SearchStrategy[Any]:
    return st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                field: st.lists(peers, max_size=2),
                "ports": st.lists(policy_ports, max_size=2),
            },
        ),
        max_size=2,
    )


specs = st.fixed_dictionaries(
    {"podSelector": selectors},
    optional={
        "policyTypes": st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
        "ingress": rules("from"),
        "egress": rules("to"),
    },
)
policies = st.fixed_dictionaries(
    {
        "apiVersion": st.just("networking.k8s.io/v1"),
        "kind": st.just("NetworkPolicy"),
        "metadata": st.fixed_dictionaries({"namespace": st.sampled_from(SPACES)}),
        "spec": specs,
    }
)
container_ports = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.just("web"),
            "protocol": st.sampled_from(["TCP", "UDP"]),
            "containerPort": st.sampled_from([80, 8080]),
        }
    ),
    max_size=2,
    unique_by=lambda port: port["protocol"],
)
COUNT = 4
FOREIGN: dict[str, Any] = {  # what a deleted policy leaves behind, so that the others keep names
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"namespace": "a"},
}


def build(
    spaces: list[str], ports: list[Any], pods: list[Any], held: list[dict[str, Any]]
) -> World:
    return [
        *(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": space, "labels": {"team": team}},
            }
            for space, team in zip(SPACES, spaces, strict=True)
        ),
        *(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"p{index}", "namespace": SPACES[index % 2], "labels": own},
                "spec": {"containers": [{"name": "c", "ports": ports[index]}]},
            }
            for index, own in enumerate(pods)
        ),
        *(
            {**policy, "metadata": {**policy["metadata"], "name": f"n{index}"}}
            for index, policy in enumerate(held)
        ),
    ]


teams = st.lists(st.sampled_from(["r", "s"]), min_size=2, max_size=2)
pod_labels = st.lists(labels, min_size=COUNT, max_size=COUNT)
all_ports = st.lists(container_ports, min_size=COUNT, max_size=COUNT)


@st.composite
def one_world(draw: st.DrawFn) -> World:
    held = draw(st.lists(policies, max_size=3))
    return build(draw(teams), draw(all_ports), draw(pod_labels), held)


@st.composite
def two_worlds(draw: st.DrawFn) -> tuple[World, World]:
    """A world and a change of it: of policies, of labels of pods or of namespaces."""
    spaces, ports, pods = draw(teams), draw(all_ports), draw(pod_labels)
    held = draw(st.lists(policies, max_size=3))
    changed = [draw(st.one_of(st.just(policy), policies, st.just({}))) for policy in held]
    kept = [policy or FOREIGN for policy in changed]
    new_pods = draw(st.one_of(st.just(pods), pod_labels))
    new_spaces = draw(st.one_of(st.just(spaces), teams))
    more = draw(st.lists(policies, max_size=1))
    return build(spaces, ports, pods, held), build(new_spaces, ports, new_pods, [*kept, *more])


def state_of(world_: World) -> Any:
    return world("\n---\n".join(json.dumps(held) for held in world_))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(one_world())
def test_the_verdict_is_the_packet_simulators(held: World) -> None:
    state = state_of(held)
    pods = {str(found)[4:]: found for s in SPACES for found in population(state).in_namespace(s)}
    found = {
        (source, target, *port)
        for source, one in pods.items()
        for target, other in pods.items()
        if source != target
        for port in PORTS
        if port in network(state).between(one, other)
    }

    assert found == set(open_connections(held))


def covers(end: ConnectionEnd, pod: str) -> bool:
    if isinstance(end, PodGroup):
        return str(end)[4:] == pod
    if end == ANY_POD:
        return True
    return isinstance(end, Anywhere) and not end.labels and end.namespace == pod[0]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(two_worlds())
def test_widenings_are_what_the_packet_simulator_newly_lets_through(
    worlds: tuple[World, World],
) -> None:
    """Nothing is missed, and of single pods nothing is said that was possible before."""
    before, after = worlds
    new = set(open_connections(after)) - set(open_connections(before))
    found = tuple(widenings(state_of(before), state_of(after)))

    missed = {
        (source, target, protocol, port)
        for source, target, protocol, port in new
        if not any(
            covers(held.source, source)
            and covers(held.target, target)
            and (protocol, port) in held.ports
            for held in found
        )
    }
    told = {
        (str(held.source)[4:], str(held.target)[4:], *port)
        for held in found
        if isinstance(held.source, PodGroup) and isinstance(held.target, PodGroup)
        for port in PORTS
        if port in held.ports
    }
    assert (missed, told - new) == (set(), set())
