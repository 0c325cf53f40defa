"""Carriers that change in place, so that a guard in them may not arrive any more."""

from __future__ import annotations

from textwrap import indent

import pytest

from tests.analysis.law import Repository, blocks, config, flux, found, review
from tests.states import Files

DENY = (
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: deny, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n"
)
BOUND = "Placement/policies/all"


def kyverno(rule: str, spec: str = "", data: str = "{spec: {podSelector: {}}}") -> str:
    """A policy that generates a network policy; `rule` and `spec` are lines of theirs."""
    return (
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: limits}\nspec:\n"
        f"{indent(spec, '  ')}  rules:\n  - name: other\n    validate: {{message: a}}\n"
        f"  - name: deny\n{indent(rule, '    ')}    generate:\n      synchronize: true\n"
        "      apiVersion: networking.k8s.io/v1\n      kind: NetworkPolicy\n"
        f"      name: deny\n      namespace: shop\n      data: {data}\n"
    )


def match(*kinds: str, more: str = "") -> str:
    items = ", ".join(f"{{resources: {{kinds: [{kind}]}}}}" for kind in kinds)
    return f"match: {{any: [{items}]{more}}}\n"


def work_set(placement: str) -> str:
    """A set of works; `placement` names where they go."""
    return (
        "apiVersion: work.open-cluster-management.io/v1alpha1\nkind: ManifestWorkReplicaSet\n"
        "metadata: {name: limits, namespace: policies}\nspec:\n"
        f"  placementRefs: [{{name: {placement}}}]\n  manifestWorkTemplate:\n    workload:\n"
        f"      manifests:\n      -\n{indent(DENY, '        ')}"
    )


def cluster_set(selector: str, more: str = "") -> str:
    return (
        "apiVersion: addons.cluster.x-k8s.io/v1beta1\nkind: ClusterResourceSet\n"
        "metadata: {name: limits, namespace: policies}\n"
        f"spec:\n  strategy: Reconcile\n  clusterSelector: {selector}\n"
        f"  resources: [{{kind: ConfigMap, name: guards}}{more}]\n---\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: guards, namespace: policies}\n"
        f"data:\n  a.yaml: |\n{indent(DENY, '    ')}"
    )


def policy(spec: str = "", labels: str = "{team: a}") -> str:
    """A Policy of Open Cluster Management; `spec` are lines of its spec."""
    return (
        "apiVersion: policy.open-cluster-management.io/v1\nkind: Policy\n"
        f"metadata: {{name: limits, namespace: policies, labels: {labels}}}\nspec:\n"
        f"{indent(spec, '  ')}  policy-templates:\n  - objectDefinition:\n"
        "      apiVersion: policy.open-cluster-management.io/v1\n      kind: ConfigurationPolicy\n"
        "      metadata: {name: limits}\n      spec:\n        object-templates:\n"
        f"        - complianceType: musthave\n          objectDefinition:\n{indent(DENY, ' ' * 12)}"
    )


def placement(spec: str, name: str = "all") -> str:
    return (
        "---\napiVersion: cluster.open-cluster-management.io/v1beta1\nkind: Placement\n"
        f"metadata: {{name: {name}, namespace: policies}}\nspec: {spec}\n"
    )


def bound(subject: str, to: str = "all", name: str = "limits") -> str:
    return (
        "---\napiVersion: policy.open-cluster-management.io/v1\nkind: PlacementBinding\n"
        f"metadata: {{name: {name}, namespace: policies}}\n"
        f"placementRef: {{kind: Placement, name: {to}}}\nsubjects: [{{kind: {subject}}}]\n"
    )


def group(*names: str) -> str:
    return (
        "---\napiVersion: policy.open-cluster-management.io/v1beta1\nkind: PolicySet\n"
        "metadata: {name: every, namespace: policies}\n"
        f"spec: {{policies: [{', '.join(names)}]}}\n"
    )


def custom(more: str) -> str:
    """An object of a kind that nothing here knows."""
    return (
        "apiVersion: example.com/v1\nkind: Bundle\nmetadata: {name: limits, namespace: policies}\n"
        f"spec:\n{indent(more, '  ')}  objects:\n  -\n{indent(DENY, '    ')}"
    )


ALL, SOME = "{predicates: []}", "{clusterSets: [none]}"
ONE = "Policy, name: limits"
SET = "PolicySet, name: every"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (kyverno(match("Namespace")), kyverno(match("Service")), "rules[name=deny].match"),
        (
            kyverno(match("Namespace")),
            kyverno(match("Namespace") + match("Secret").replace("match", "exclude")),
            "rules[name=deny].exclude",
        ),
        (
            kyverno(match("Namespace")),
            kyverno(match("Namespace") + "preconditions: {all: [{key: a, value: b}]}\n"),
            "rules[name=deny].preconditions",
        ),
        (
            kyverno(match("Namespace")),
            kyverno(match("Namespace"), "admission: false\n"),
            "admission",
        ),
        (
            policy(), policy("dependencies: [{name: none}]\n"), "dependencies"
        ),
        (
            policy() + placement(ALL) + bound(ONE),
            policy() + placement(SOME) + bound(ONE),
            "spec",
        ),
        (policy() + placement(ALL) + bound(ONE), policy() + placement(ALL), "placed"),
        (
            policy() + placement(ALL) + bound(ONE),
            policy() + placement(ALL) + bound(ONE, "none"),
            "placed",
        ),
        (
            policy() + placement(ALL) + group("limits", "b") + bound(SET),
            policy() + placement(ALL) + group("b") + bound(SET),
            "placed",
        ),
        (work_set("all"), work_set("none"), "placementRefs"),
        (
            cluster_set("{matchLabels: {a: b}}"),
            cluster_set("{matchLabels: {a: b, c: d}}"),
            "clusterSelector",
        ),
        (cluster_set("{matchLabels: {a: b}}"), cluster_set("{}"), "clusterSelector"),
        (custom("disabled: false\n"), custom("disabled: true\n"), "disabled"),
        (custom(""), custom("nodeSelector: {a: b}\n"), "nodeSelector"),
    ],
)  # fmt: skip
def test_a_carrier_that_may_no_longer_apply_a_guard_is_reported(
    old: str, new: str, field: str
) -> None:
    assert fields(old, new) == [field]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (kyverno(match("Namespace")), kyverno(match("Namespace", "Secret"))),
        (kyverno(match("Pod") + "exclude: {any: []}\n"), kyverno(match("Pod"))),
        (kyverno(match("Pod"), "background: true\n"), kyverno(match("Pod"), "background: false\n")),
        (
            kyverno(match("Pod")),
            kyverno(match("Pod"), data="{spec: {podSelector: {}, policyTypes: [Ingress]}}"),
        ),
        (kyverno(match("Pod")), kyverno(match("Pod")).replace("message: a", "message: b")),
        (
            cluster_set("{matchLabels: {a: b, c: d}}"),
            cluster_set("{matchLabels: {a: b}}", ", {kind: ConfigMap, name: more}"),
        ),
        (policy(), policy(labels="{team: b}")),
        (policy("disabled: true\n"), policy()),
        (
            policy() + placement(ALL) + bound(ONE),
            policy() + placement(ALL, "each") + bound(ONE, "each", "renamed"),
        ),
        (
            policy() + placement(ALL) + bound(ONE),
            policy() + placement(ALL) + group("limits") + bound(SET),
        ),
        (custom("version: 1\n"), custom("version: 2\n")),
    ],
)
def test_a_carrier_that_applies_as_much_as_before_is_not(old: str, new: str) -> None:
    assert fields(old, new) == []


PODS = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: shop, labels: {app: db}}\n"
    "spec: {containers: [{name: db, image: registry.example.com/db:1.0.0}]}\n"
)
OBJECT = (
    "apiVersion: kubernetes.crossplane.io/v1alpha2\nkind: Object\nmetadata: {name: limits}\n"
    f"spec:\n  forProvider:\n    manifest:\n{indent(DENY, '      ')}"
)
EXISTING = "generateExisting: true\n"


@pytest.mark.parametrize(
    ("old", "new", "is_lost"),
    [
        (OBJECT, OBJECT.replace("{name: limits}", "{name: renamed}"), False),
        (
            OBJECT,
            OBJECT.replace("{name: limits}", "{name: renamed}").replace("[Ingress]", "[Egress]"),
            True,
        ),
        (
            kyverno(match("Namespace"), EXISTING),
            kyverno(match("Namespace"), EXISTING).replace("{name: limits}", "{name: renamed}"),
            False,
        ),
        (
            kyverno(match("Namespace")),
            kyverno(match("Namespace")).replace("{name: limits}", "{name: renamed}"),
            True,
        ),
        (
            policy() + placement(ALL) + bound(ONE),
            policy().replace("{name: limits, n", "{name: renamed, n") + placement(ALL) + bound(ONE),
            True,
        ),
        (
            policy() + placement(ALL) + bound(ONE),
            policy().replace("{name: limits, n", "{name: renamed, n")
            + placement(ALL)
            + bound("Policy, name: renamed"),
            False,
        ),
    ],
)  # fmt: skip
def test_a_renamed_carrier_holds_its_guards_as_before(old: str, new: str, *, is_lost: bool) -> None:
    sides = [{**files(carrier), "limits/other.yaml": PODS} for carrier in (old, new)]

    assert blocks(review(Repository(*sides))) == is_lost


def fields(old: str, new: str) -> list[str]:
    """The fields of which a review says that a guard may no longer be applied by them."""
    findings = found(review(Repository(files(old), files(new))), "placement-changed")
    messages = [one.message for one in findings if "it may be lost" in one.message]
    named = [message.partition(" changes ")[2].partition(",")[0] for message in messages]
    return [name.removeprefix("spec.") or "placed" for name in named]


def files(carrier: str) -> Files:
    return {
        "owner.yaml": flux("limits", "limits"),
        "limits/kustomization.yaml": "resources: [carrier.yaml, other.yaml]\n",
        "limits/carrier.yaml": carrier,
        "limits/other.yaml": config(),
    }
