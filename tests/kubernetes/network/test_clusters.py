"""Closed worlds: in each of these changes, all network rules together find exactly this."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.finding import Severity
from bot.core.policy.model import Assume, Policy
from bot.kubernetes.network.coverage import uncovered_findings, with_policies
from tests.kubernetes.network.clusters import (
    Thing,
    allow,
    app,
    deployment,
    judged,
    namespace,
    ns_of,
    pod,
    policy,
    service,
    state,
    thing,
    told,
)

Found = tuple[str, ...]

API = pod("api", "http:8080")
DB = pod("db", "5432")
WEB = pod("web")
SVC = service("api", "80>http")
INIT = {"name": "s", "ports": [{"name": "http", "containerPort": 1}]}
T1 = {"namespaceSelector": {"matchLabels": {"t": "1"}}}
ISTIO = thing("security.istio.io/v1", "AuthorizationPolicy", "a", "shop")
OPEN = policy("api", ingress=[allow(8080)])
ALL = policy("all", selector={}, ingress=[{}])


def cnp(name: str, **spec: Any) -> Thing:
    selector = {"endpointSelector": {"matchLabels": {"app": name}}}
    return thing("cilium.io/v2", "CiliumNetworkPolicy", name, "shop", spec={**selector, **spec})


def anp(name: str, action: str, port: int, priority: int = 1) -> Thing:
    rule = {
        "action": action,
        "from": [{"namespaces": {}}],
        "ports": [{"portNumber": {"protocol": "TCP", "port": port}}],
    }
    spec = {"priority": priority, "subject": {"namespaces": {}}, "ingress": [rule]}
    return thing("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", name, None, spec=spec)


def block(cidr: str, *excepted: str) -> Thing:
    return {"ipBlock": {"cidr": cidr, **({"except": [*excepted]} if excepted else {})}}


def ingress(port: Thing, host: str | None = "a.example.com", to: str = "api") -> Thing:
    path = {
        "path": "/",
        "pathType": "Prefix",
        "backend": {"service": {"name": to, "port": port}},
    }
    rule: Thing = {"http": {"paths": [path]}}
    if host:
        rule["host"] = host
    return thing("networking.k8s.io/v1", "Ingress", "web", "shop", spec={"rules": [rule]})


def host(name: str) -> Thing:
    return pod(name, "http:8080", hostNetwork=True)


UNSERVED = "network-policy-port-unserved"
PORT = "network-policy-service-port"
BLOCKED = "service-blocked-by-network-policy"
TARGET = "service-target-port-missing"
WIDENED = "connectivity-widened"
BARE = "workload-without-network-policy"
NP = "NetworkPolicy/shop"

WORLDS: dict[str, tuple[list[Thing], list[Thing], list[Found]]] = {
    # Nothing to say.
    "nothing changes": ([API, SVC, OPEN], [API, SVC, OPEN], []),
    "a policy that fits arrives with its pods": ([ALL], [ALL, API, SVC, OPEN], []),
    "a policy isolates what was open, and lets the Service in": (
        [API, SVC, ALL],
        [API, SVC, ALL, OPEN],
        [],
    ),
    "a port by name, range and number": (
        [API, SVC, ALL],
        [API, SVC, ALL, policy("api", ingress=[allow("http", {"port": 8000, "endPort": 9000})])],
        [],
    ),
    "what was wrong at base is not told again": (
        [API, SVC, policy("api", ingress=[allow(80)])],
        [API, SVC, policy("api", ingress=[allow(80)]), DB, policy("db")],
        [],
    ),
    "a policy loses a source": (
        [API, WEB, ALL, policy("api", ingress=[allow(peers=[app("web"), app("db")])])],
        [API, WEB, ALL, policy("api", ingress=[allow(peers=[app("web")])])],
        [],
    ),
    "a new Service alone": (
        [DB, policy("db", ingress=[allow(5432)])],
        [DB, policy("db", ingress=[allow(5432)]), service("db", "5432")],
        [],
    ),
    "egress to pods that live elsewhere": (
        [API, ALL],
        [
            API,
            ALL,
            policy(
                "out",
                selector={"matchLabels": {"app": "api"}},
                policyTypes=["Egress"],
                egress=[
                    allow(
                        {"port": 53, "protocol": "UDP"},
                        peers=[{"namespaceSelector": {}, **app("kube-dns")}],
                        field="to",
                    )
                ],
            ),
        ],
        [],
    ),
    # B2 (1) and (5): ports of policies.
    "the Service's port by number": (
        [API, SVC, OPEN],
        [API, SVC, policy("api", ingress=[allow(80)])],
        [
            (PORT, "error", "NP-SERVICE-PORT use 8080", f"{NP}/api"),
            (BLOCKED, "error", "SVC-BLOCKED use 8080", f"{NP}/api"),
            (WIDENED, "notice", "NP-WIDENED", f"{NP}/api"),
        ],
    ),
    "the Service's port beside the pod's": (
        [API, SVC, OPEN],
        [API, SVC, policy("api", ingress=[allow(8080), allow(80, peers=[app("w")])])],
        [(PORT, "notice", "NP-SERVICE-PORT use 8080", f"{NP}/api")],
    ),
    "the Service's port for one, the pod's for another": (
        [API, SVC, OPEN],
        [
            API,
            SVC,
            policy("api", ingress=[allow(8080, peers=[app("v")]), allow(80, peers=[app("w")])]),
        ],
        [(PORT, "error", "NP-SERVICE-PORT use 8080", f"{NP}/api")],
    ),
    "a Service edit breaks an untouched policy": (
        [API, service("api", "80"), policy("api", ingress=[allow(80)])],
        [API, service("api", "80>8080"), policy("api", ingress=[allow(80)])],
        [
            (PORT, "error", "NP-SERVICE-PORT use 8080", "Service/shop/api"),
            (BLOCKED, "error", "SVC-BLOCKED use 8080", "Service/shop/api"),
        ],
    ),
    "the Service's port in an egress rule": (
        [DB, WEB, ALL, service("db", "80>5432"), policy("web", policyTypes=["Egress"])],
        [
            DB,
            WEB,
            ALL,
            service("db", "80>5432"),
            policy(
                "web", policyTypes=["Egress"], egress=[allow(80, peers=[app("db")], field="to")]
            ),
        ],
        [
            (PORT, "error", "NP-SERVICE-PORT use 5432", f"{NP}/web"),
            (WIDENED, "notice", "NP-WIDENED", f"{NP}/web"),
        ],
    ),
    "a port that nobody serves": (
        [API, ALL],
        [API, ALL, policy("api", ingress=[allow(9090)])],
        [(UNSERVED, "warning", "NP-PORT-UNEXPOSED use 8080", f"{NP}/api")],
    ),
    "a port that nobody serves, where a pod shows nothing": (
        [API, pod("mute", labels={"app": "api"}), ALL],
        [
            API,
            pod("mute", labels={"app": "api"}),
            ALL,
            policy("api", ingress=[allow(9090)]),
        ],
        [(UNSERVED, "notice", "NP-PORT-UNEXPOSED use 8080", f"{NP}/api")],
    ),
    "a port of pods that show nothing": (
        [WEB, ALL],
        [WEB, ALL, policy("web", ingress=[allow(1)])],
        [],
    ),
    "a name that no container has": (
        [API, ALL],
        [API, ALL, policy("api", ingress=[allow("web")])],
        [(UNSERVED, "warning", "NP-NAMED-PORT-MISSING use http", f"{NP}/api")],
    ),
    "a name of the Service's port": (
        [API, ALL, service("api", "front=80>http")],
        [API, ALL, service("api", "front=80>http"), policy("api", ingress=[allow("front", 8080)])],
        [(UNSERVED, "warning", "NP-NAMED-PORT-MISSING use 8080", f"{NP}/api")],
    ),
    "a name with another protocol": (
        [API, ALL],
        [API, ALL, policy("api", ingress=[allow({"port": "http", "protocol": "UDP"})])],
        [(UNSERVED, "warning", "NP-NAMED-PORT-MISSING", f"{NP}/api")],
    ),
    "a container's port is renamed": (
        [API, ALL, policy("api", ingress=[allow("http")])],
        [pod("api", "web:8080"), ALL, policy("api", ingress=[allow("http")])],
        [(UNSERVED, "warning", "NP-NAMED-PORT-MISSING use web", "Pod/shop/api")],
    ),
    # B2 (2): Services cut off.
    "a policy for all shuts the Service": (
        [API, SVC],
        [API, SVC, policy("deny", selector={})],
        [(BLOCKED, "error", "SVC-BLOCKED use 8080", f"{NP}/deny")],
    ),
    "some of a Service's pods are shut": (
        [API, SVC, pod("two", "http:8080", labels={"app": "api", "two": "2"}), ALL],
        [
            API,
            SVC,
            pod("two", "http:8080", labels={"app": "api", "two": "2"}),
            policy("all", selector={"matchLabels": {"two": "2"}}),
            policy("rest", selector={}, policyTypes=["Egress"], egress=[{}]),
        ],
        [(BLOCKED, "warning", "SVC-PARTLY-BLOCKED use 8080", f"{NP}/all")],
    ),
    "an administrator's policy lets the Service in": (
        [API, SVC, anp("clients", "Allow", 8080)],
        [API, SVC, anp("clients", "Allow", 8080), policy("deny", selector={})],
        [],
    ),
    "a Calico policy may let the Service in": (
        [API, SVC, thing("projectcalico.org/v3", "GlobalNetworkPolicy", "g", None)],
        [
            API,
            SVC,
            thing("projectcalico.org/v3", "GlobalNetworkPolicy", "g", None),
            policy("deny", selector={}),
        ],
        [(BLOCKED, "notice", "SVC-BLOCKED use 8080", f"{NP}/deny")],
    ),
    # B2 (3): targets of Services.
    "a target that no pod has": (
        [API, ALL],
        [API, ALL, service("api", "80>web")],
        [(TARGET, "error", "SVC-TARGET-NAME-MISSING use http", "Service/shop/api")],
    ),
    "a target that one of two pods has": (
        [API, ALL, pod("two", "web:8080", labels={"app": "api"})],
        [API, ALL, pod("two", "web:8080", labels={"app": "api"}), SVC],
        [(TARGET, "warning", "SVC-TARGET-NAME-PARTIAL use web", "Service/shop/api")],
    ),
    "a target that a pod has twice": (
        [pod("api", "http:8080", "http:9090"), ALL],
        [pod("api", "http:8080", "http:9090"), ALL, SVC],
        [(TARGET, "warning", "SVC-TARGET-NAME-AMBIGUOUS use 8080,9090", "Service/shop/api")],
    ),
    "a target of a native sidecar": (
        [pod("api", initContainers=[{**INIT, "restartPolicy": "Always"}]), ALL],
        [pod("api", initContainers=[{**INIT, "restartPolicy": "Always"}]), ALL, SVC],
        [],
    ),
    "a target of an ordinary init container": (
        [
            pod(
                "api",
                initContainers=[{"name": "s", "ports": [{"name": "http", "containerPort": 1}]}],
            ),
            ALL,
        ],
        [
            pod(
                "api",
                initContainers=[{"name": "s", "ports": [{"name": "http", "containerPort": 1}]}],
            ),
            ALL,
            SVC,
        ],
        [(TARGET, "error", "SVC-TARGET-NAME-MISSING", "Service/shop/api")],
    ),
    "a target that is not declared": (
        [API, ALL],
        [API, ALL, service("api", "80")],
        [(TARGET, "notice", "SVC-TARGET-UNDECLARED use http", "Service/shop/api")],
    ),
    "a headless Service that maps": (
        [API, ALL],
        [API, ALL, service("api", "80>8080", clusterIP="None")],
        [(TARGET, "warning", "SVC-HEADLESS-REMAP use 8080", "Service/shop/api")],
    ),
    "a headless Service that maps nothing": (
        [API, ALL],
        [API, ALL, service("api", "8080", clusterIP="None")],
        [],
    ),
    "a Service by name of another": (
        [API, ALL],
        [API, ALL, service("x", "80", type="ExternalName", externalName="a.example.com")],
        [],
    ),
    "a Service without a selector": ([API, ALL], [API, ALL, service("x", "80", selector={})], []),
    "a Service without pods": (
        [API, ALL],
        [API, ALL, service("x", "80")],
        [("service-selects-nothing", "warning", "SVC-NO-PODS", "Service/shop/x")],
    ),
    "a Service without pods in a namespace of an operator": (
        [API, ALL, thing("kafka.strimzi.io/v1", "Kafka", "k", "shop")],
        [API, ALL, thing("kafka.strimzi.io/v1", "Kafka", "k", "shop"), service("x", "80")],
        [],
    ),
    "a Service by a label of a controller": (
        [API, ALL],
        [
            API,
            ALL,
            service("x", "80>1", selector={"app": "api", "pod-template-hash": "1"}),
        ],
        [],
    ),
    # B2 (4) and (+).
    "a policy without pods": (
        [API, ALL],
        [API, ALL, policy("x", ingress=[allow(1)])],
        [("network-policy-selects-nothing", "warning", "NP-NO-PODS", f"{NP}/x")],
    ),
    "rules of a direction that is not in force": (
        [API, ALL],
        [API, ALL, policy("api", policyTypes=["Ingress"], ingress=[{}], egress=[{}])],
        [("network-policy-rules-ignored", "warning", "NP-RULES-IGNORED", f"{NP}/api")],
    ),
    "a policy that the API refuses opens nothing": (
        [API, SVC, OPEN],
        [API, SVC, policy("api", ingress=[allow("8080")])],
        [
            ("network-policy-invalid", "error", "NP-INVALID", f"{NP}/api"),
        ],
    ),
    "a policy for pods on the host's network": (
        [host("node"), ALL],
        [host("node"), ALL, policy("node", ingress=[{}])],
        [("network-policy-host-network", "warning", "NP-HOSTNETWORK", f"{NP}/node")],
    ),
    "a workload without a policy": (
        [API, OPEN],
        [API, OPEN, WEB],
        [(BARE, "notice", "NP-UNCOVERED", "Pod/shop/web")],
    ),
    # Reachability.
    "the last policy of a pod is deleted": (
        [DB, policy("db", ingress=[allow(peers=[app("api")])]), API, OPEN],
        [DB, API, OPEN],
        [
            (WIDENED, "error", "NP-ISOLATION-LOST", f"{NP}/db gone"),
            (BARE, "warning", "NP-UNCOVERED", f"{NP}/db gone"),
        ],
    ),
    "one of two policies of a pod is deleted": (
        [DB, policy("db", ingress=[allow(5432)]), policy("deny", selector={})],
        [DB, policy("deny", selector={})],
        [],
    ),
    "a source is added": (
        [DB, WEB, policy("db", ingress=[allow(5432, peers=[app("api")])]), ALL, API],
        [DB, WEB, policy("db", ingress=[allow(5432, peers=[app("api"), app("web")])]), ALL, API],
        [],  # the policy for all lets everyone in
    ),
    "a source is added where nobody else is let in": (
        [DB, WEB, policy("db", ingress=[allow(5432, peers=[app("api")])])],
        [DB, WEB, policy("db", ingress=[allow(5432, peers=[app("api"), app("web")])])],
        [(WIDENED, "warning", "NP-WIDENED", f"{NP}/db")],
    ),
    "a source that its own egress holds back": (
        [
            DB,
            WEB,
            policy("db", ingress=[allow(peers=[app("api")])]),
            policy("web", policyTypes=["Egress"]),
        ],
        [
            DB,
            WEB,
            policy("db", ingress=[allow(peers=[app("api"), app("web")])]),
            policy("web", policyTypes=["Egress"]),
        ],
        [],
    ),
    "a namespace comes under a selector": (
        [
            namespace("dev"),
            DB,
            policy(
                "db", ingress=[allow(peers=[{"namespaceSelector": {"matchLabels": {"t": "1"}}}])]
            ),
        ],
        [
            namespace("dev", t="1"),
            DB,
            policy(
                "db", ingress=[allow(peers=[{"namespaceSelector": {"matchLabels": {"t": "1"}}}])]
            ),
        ],
        [(WIDENED, "warning", "NP-WIDENED", "Namespace/dev")],
    ),
    "a namespace that is new may come under a selector": (
        [DB, policy("db", ingress=[allow(peers=[ns_of("dev")])])],
        [namespace("dev"), DB, policy("db", ingress=[allow(peers=[ns_of("dev")])])],
        [],
    ),
    "a pod that is new may come under a selector": (
        [DB, policy("db", ingress=[allow(peers=[app("web")])])],
        [DB, policy("db", ingress=[allow(peers=[app("web")])]), WEB],
        [(BARE, "notice", "NP-UNCOVERED", "Pod/shop/web")],
    ),
    "addresses are added": (
        [DB, policy("db", ingress=[allow(peers=[block("10.0.0.0/8")])])],
        [DB, policy("db", ingress=[allow(peers=[block("10.0.0.0/7")])])],
        [(WIDENED, "warning", "NP-WIDENED", f"{NP}/db")],
    ),
    "addresses are taken away": (
        [DB, policy("db", ingress=[allow(peers=[block("10.0.0.0/8")])])],
        [
            DB,
            policy(
                "db",
                ingress=[
                    allow(peers=[{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}])
                ],
            ),
        ],
        [],
    ),
    "every address": (
        [DB, policy("db")],
        [DB, policy("db", ingress=[allow(peers=[block("0.0.0.0/0")])])],
        [(WIDENED, "error", "NP-WIDENED", f"{NP}/db")],
    ),
    "an administrator stops denying": (
        [DB, ALL, anp("deny", "Deny", 5432)],
        [DB, ALL, anp("deny", "Pass", 5432)],
        [(WIDENED, "error", "NP-WIDENED", "AdminNetworkPolicy/deny")],
    ),
    "an administrator allows what the namespace does not": (
        [DB, policy("db"), anp("open", "Pass", 5432)],
        [DB, policy("db"), anp("open", "Allow", 5432)],
        [(WIDENED, "error", "NP-WIDENED", "AdminNetworkPolicy/open")],
    ),
    "a Cilium policy opens the Service's port": (
        [API, SVC, cnp("api", ingress=[{"toPorts": [{"ports": [{"port": "8080"}]}]}])],
        [API, SVC, cnp("api", ingress=[{"toPorts": [{"ports": [{"port": "80"}]}]}])],
        [
            (PORT, "error", "NP-SERVICE-PORT use 8080", "CiliumNetworkPolicy/shop/api"),
            (BLOCKED, "error", "SVC-BLOCKED use 8080", "CiliumNetworkPolicy/shop/api"),
            (WIDENED, "notice", "NP-WIDENED", "CiliumNetworkPolicy/shop/api"),
        ],
    ),
    "an empty rule of Cilium allows nothing": (
        [DB, cnp("db", ingress=[{"fromEntities": ["cluster"]}])],
        [DB, cnp("db", ingress=[{}])],
        [],
    ),
    "what Istio makes of it is not judged": (
        [
            DB,
            policy("db", ingress=[allow(peers=[app("api")])]),
            ISTIO,
        ],
        [
            DB,
            policy("db", ingress=[{}]),
            ISTIO,
        ],
        [(WIDENED, "notice", "NP-WIDENED", f"{NP}/db gone")],
    ),
    # From outside.
    "a Service becomes a load balancer": (
        [API, ALL, SVC],
        [API, ALL, service("api", "80>http", type="LoadBalancer")],
        [("service-exposed", "warning", "SVC-LOADBALANCER", "Service/shop/api")],
    ),
    "an Ingress by the pod's port": (
        [API, ALL, SVC],
        [API, ALL, SVC, ingress({"number": 8080})],
        [
            (
                "ingress-backend-missing",
                "error",
                "BACKEND-PORT-MISSING use 80",
                "Ingress/shop/web",
            )
        ],
    ),
    "an Ingress to a Service that does not exist": (
        [API, ALL, SVC],
        [API, ALL, SVC, ingress({"number": 80}, to="ap")],
        [("ingress-backend-missing", "error", "BACKEND-SERVICE-MISSING", "Ingress/shop/web")],
    ),
    "an Ingress without a host": (
        [API, ALL, SVC, ingress({"number": 80})],
        [API, ALL, SVC, ingress({"number": 80}, host=None)],
        [("ingress-unbounded", "warning", "INGRESS-UNBOUNDED", "Ingress/shop/web gone")],
    ),
    "replicas that nothing keeps apart": (
        [deployment("a", "80"), ALL],
        [deployment("a", "80", replicas=2), ALL],
        [("pods-not-spread", "notice", "PODS-NOT-SPREAD", "Deployment/shop/a")],
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_exactly_these_findings(name: str) -> None:
    before, after, expected = WORLDS[name]

    found = [told(held) for held in judged(state(before), state(after))]

    assert sorted(found) == sorted(expected)


def test_a_namespace_that_is_assumed_to_deny_stays_isolated() -> None:
    """The loss of a policy opens nothing where the policy says that traffic is denied anyway."""
    settings = Policy(assume=Assume(default_deny=("shop",)))
    before = state([DB, policy("db", ingress=[allow(peers=[app("api")])])], settings)

    assert judged(before, state([DB], settings)) == []


def test_trusted_sources_are_quiet() -> None:
    settings = Policy(trusted_sources=("monitoring", "10.0.0.0/8"))
    peers = [ns_of("monitoring"), block("10.1.0.0/16")]
    before = state([DB, policy("db")], settings)

    assert judged(before, state([DB, policy("db", ingress=[allow(peers=peers)])], settings)) == []


def test_without_the_last_policy_of_the_cluster_its_workloads_are_uncovered() -> None:
    wide = thing("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "all", None)
    wide["spec"] = {"endpointSelector": {}, "ingress": [{}]}
    found = uncovered_findings(state([wide, API]), state([API]))

    assert [(held.severity, held.message) for held in found] == [
        (Severity.WARNING, "No network policy selects Pod shop/api any more")
    ]


def test_namespaces_without_any_policy_can_be_left_alone() -> None:
    """With `only-with-policies`, a new workload is told where the namespace has a policy."""
    other = pod("b", ns="other")
    found = uncovered_findings(state([OPEN, API]), state([OPEN, API, WEB, other]))
    messages = [held.message for held in found]
    again = uncovered_findings(state([OPEN, API]), state([OPEN, API, WEB, other]))

    assert messages == [
        "No network policy selects Pod other/b",
        "No network policy selects Pod shop/web",
    ]
    assert [held.message for held in with_policies(again, state([OPEN]))] == [messages[1]]
