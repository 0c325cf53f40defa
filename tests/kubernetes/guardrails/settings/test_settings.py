"""Settings beside a guard by which it newly holds less, and their harmless neighbours."""

# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

import pytest

from rules import guardrail_weakened
from tests.states import world


def kyverno_settings(**data: str) -> str:
    fields = "".join(f"  {name}: '{value}'\n" for name, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: kyverno, namespace: kyverno}}\ndata:\n{fields}"


def not_in(*namespaces: str) -> str:
    """The selector of webhooks that leave namespaces out, as JSON."""
    names = ",".join(f'"{name}"' for name in namespaces)
    key = '"key":"kubernetes.io/metadata.name"'
    return f'{{"namespaceSelector":{{"matchExpressions":[{{{key},"operator":"NotIn","values":[{names}]}}]}}}}'


def controller(image: str, *arguments: str, replicas: int = 2) -> str:
    listed = ", ".join(f"'{argument}'" for argument in arguments)
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: c, namespace: ops}\n"
        f"spec: {{replicas: {replicas}, template: {{spec: {{containers: [{{name: c, image: {image}, args: [{listed}]}}]}}}}}}\n"
    )


def policy(more: str, rules: str = "[{name: a}, {name: b}]") -> str:
    return f"apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec: {{rules: {rules}{more}}}\n"


DENY = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: prod}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n---\n"


def forbidding(
    kind: str = "mustnothave", action: str = "enforce", name: str = "deny", more: str = ""
) -> str:
    version, _, bare = f"networking.k8s.io/v1 {'NetworkPolicy'}".rpartition(" ")
    return DENY + (
        "apiVersion: policy.open-cluster-management.io/v1\nkind: Policy\nmetadata: {name: p, namespace: prod}\nspec:\n"
        f"  remediationAction: {action}\n{more}  policy-templates:\n  - objectDefinition:\n      kind: ConfigurationPolicy\n"
        f"      metadata: {{name: c}}\n      spec:\n        remediationAction: {action}\n        object-templates:\n        - complianceType: {kind}\n"
        f"          objectDefinition: {{apiVersion: {version}, kind: {bare}, metadata: {{name: {name}, namespace: prod}}}}\n"
    )


def cleanup(kind: str) -> str:
    return (
        "apiVersion: kyverno.io/v2\nkind: ClusterCleanupPolicy\nmetadata: {name: c}\n"
        f"spec: {{schedule: '* * * * *', match: {{any: [{{resources: {{kinds: [{kind}]}}}}]}}}}\n"
    )


def namespace(labels: str = "", annotations: str = "", more: str = "") -> str:
    metadata = f"{{name: shop, labels: {{{labels}}}, annotations: {{{annotations}}}}}"
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {metadata}\n---\n{more}"


PEER = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p, namespace: shop}\nspec: {mtls: {mode: STRICT}}\n"
MESH = "leaves Istio's mesh: its new pods have no mutual TLS, and no AuthorizationPolicy holds"


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        (kyverno_settings(resourceFilters="[*/*,kube-system,*]"), kyverno_settings(resourceFilters="[*/*,kube-system,*] [*/*,prod,*]"),
         [("error", "ConfigMap kyverno/kyverno newly ignores */*,prod,*")]),
        (kyverno_settings(resourceFilters="[*/*,kube-system,*]"),
         kyverno_settings(resourceFilters="[*/*,kube-public,*] [Node/?*,*,*] [EphemeralReport,*,*] [Pod,kyverno,k-*] [ClusterRole,*,kyverno:core]"), []),
        (kyverno_settings(excludeGroups="system:nodes"), kyverno_settings(excludeGroups="system:nodes, system:authenticated"),
         [("error", "ConfigMap kyverno/kyverno newly ignores requests of group system:authenticated")]),
        (kyverno_settings(excludeUsernames="a"), kyverno_settings(excludeUsernames="!b", excludeGroups="system:nodes"), []),
        (policy(""), policy(", applyRules: One"), [("error", "ClusterPolicy p newly applies only the first rule that matches")]),
        (policy("", "[{name: a}]"), policy(", applyRules: One", "[{name: a}]"), []),
        (policy(", applyRules: One"), policy(", applyRules: All"), []),
        (controller("a/gatekeeper:v1", "--operation=webhook"), controller("a/gatekeeper:v1", "--exempt-namespace", "prod"),
         [("error", "Deployment ops/c newly lets the namespace prod opt out with a label")]),
        (controller("a/gatekeeper:v1", "--exempt-namespace=a"), controller("a/gatekeeper:v2", "--exempt-namespace=a", "--log-level=INFO"), []),
        (controller("a/kyverno:v1"), controller("a/kyverno:v1", replicas=0),
         [("error", "Deployment ops/c no longer runs: nothing answers its webhooks")]),
        (controller("a/kyverno:v1"), controller("a/kyverno:v1", replicas=1), []),
        (controller("a/kyverno:v1"), controller("b/pause:v1"),
         [("error", "Deployment ops/c no longer runs kyverno: nothing answers its webhooks")]),
        (controller("a/kyverno:v1"), controller("b/kyverno-kyverno:v2"), []),
        (controller("a/kyverno:v1"), "", [("error", "Deployment ops/c is removed: nothing answers its webhooks")]),
        (controller("a/kyverno:v1"), controller("b/kyverno:v2").replace("name: c, namespace: ops", "name: d, namespace: ops"), []),
        (controller("a/kyverno:v1"), controller("b/kyverno:v2", replicas=0).replace("name: c, namespace: ops", "name: d, namespace: ops"),
         [("error", "Deployment ops/c is removed: nothing answers its webhooks")]),
        (controller("a/kyverno:v1", replicas=0), "", []),
        (controller("a/web:v1"), "", []),
        (kyverno_settings(webhooks=not_in("kyverno")), kyverno_settings(webhooks=not_in("kyverno", "prod")),
         [("error", "ConfigMap kyverno/kyverno has webhooks no longer ask about namespace prod")]),
        (kyverno_settings(), kyverno_settings(webhooks=not_in("kyverno", "kube-system")), []),
        (kyverno_settings(webhooks=not_in("kyverno", "prod")), kyverno_settings(webhooks=not_in("kyverno")), []),
        (kyverno_settings(webhooks=not_in("prod", "qa")), kyverno_settings(webhooks=not_in("qa", "prod").replace(":", ": ")), []),
        (kyverno_settings(), kyverno_settings(webhooks="{]"), []),
        (kyverno_settings(), kyverno_settings(matchConditions='[{"name":"a","expression":"false"}]'),
         [("error", "ConfigMap kyverno/kyverno has webhooks no longer ask about anything")]),
        (kyverno_settings(), kyverno_settings(matchConditions='[{"name":"a","expression":"true"}]'), []),
        (controller("a/web:v1"), controller("a/web:v1", "--exempt-namespace=a", "--forceFailurePolicyIgnore", replicas=0), []),
        (controller("a/kyverno:v1", "--forceFailurePolicyIgnore=false"), controller("a/kyverno:v1", "--forceFailurePolicyIgnore=true"),
         [("error", "Deployment ops/c newly admits requests that it fails to judge")]),
        (controller("a/kyverno:v1"), controller("a/kyverno:v1", "--enablePolicyException"),
         [("warning", "Deployment ops/c newly takes exceptions from its policies")]),
        (DENY, forbidding(), [("error", "Policy prod/p newly deletes NetworkPolicy prod/deny, which limits others")]),
        (DENY, forbidding(name="old"), [("warning", "Policy prod/p newly deletes NetworkPolicy prod/old, which limits others")]),
        (forbidding(action="inform"), forbidding(), [("error", "Policy prod/p newly deletes NetworkPolicy prod/deny, which limits others")]),
        (forbidding(more="  disabled: true\n"), forbidding(), [("error", "Policy prod/p newly deletes NetworkPolicy prod/deny, which limits others")]),
        (DENY, forbidding(action="inform"), []),
        (DENY, forbidding("musthave"), []),
        (forbidding(), DENY, []),
        ("", cleanup("NetworkPolicy"), [("error", "ClusterCleanupPolicy c newly deletes resources (NetworkPolicy, subresource none)")]),
        ("", cleanup("Pod"), [("warning", "ClusterCleanupPolicy c newly deletes resources (Pod, subresource none)")]),
        (namespace("policy.sigstore.dev/include: 'true'"), namespace(),
         [("error", "Namespace shop no longer has its images checked by Sigstore's policies")]),
        (namespace("istio-injection: enabled"), namespace("istio-injection: disabled"), [("warning", f"Namespace shop {MESH}")]),
        (namespace("istio-injection: enabled", more=PEER), namespace(more=PEER), [("error", f"Namespace shop {MESH}")]),
        (namespace("istio-injection: enabled"), namespace("istio.io/rev: stable"), []),
        (namespace("istio-injection: enabled"), namespace("istio.io/dataplane-mode: ambient"), []),
        (namespace(), namespace("istio-injection: disabled"), []),
        (namespace(annotations="linkerd.io/inject: enabled, config.linkerd.io/default-inbound-policy: deny"),
         namespace(annotations="linkerd.io/inject: enabled"),
         [("error", "Namespace shop newly admits traffic that Linkerd refused by default")]),
        (namespace(annotations="linkerd.io/inject: enabled"), namespace(annotations="linkerd.io/inject: disabled"),
         [("warning", "Namespace shop leaves Linkerd's mesh: its new pods have no mutual TLS, and no policy of Linkerd holds")]),
    ],
)  # fmt: skip
def test_a_setting_by_which_a_guard_holds_less(
    base: str, head: str, expected: list[tuple[str, str]]
) -> None:
    found = guardrail_weakened.compare(world(base), world(head), None)
    assert [(str(each.severity or "error"), each.message) for each in found] == expected
