"""Carried resources: judged like those of a file, with findings on the nested line."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.core.engine.review import Analysis
from bot.core.policy.model import Policy

BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: break-glass}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects:
- {kind: ServiceAccount, name: x, namespace: shop}
"""
# The lines of the binding up to the subject, on which a finding about a new binding stands.
SUBJECT = 6


def analysed(head: str, base: str = "") -> Analysis:
    sides = [{"a.yaml": text.encode()} if text else {} for text in (base, head)]
    return examine(sides[0], sides[1], Policy(), load_rules())


def grants(analysis: Analysis) -> list[tuple[int | None, str]]:
    return [
        (finding.location.line if finding.location else None, finding.message)
        for finding in analysis.findings
        if finding.rule == "rbac-privilege-added"
    ]


def carrier(head: str, margin: int, manifest: str = BINDING) -> tuple[str, int]:
    """A carrier that ends in a manifest, and the line on which a finding is expected."""
    start = dedent(head)
    return start + indent(manifest, " " * margin), start.count("\n") + SUBJECT


def item(head: str, margin: int) -> tuple[str, int]:
    """A carrier that ends in a list whose only item is a manifest."""
    text, line = carrier(head, margin + 2)
    rows = text.split("\n")
    first = line - SUBJECT
    rows[first] = " " * margin + "- " + rows[first].lstrip()
    return "\n".join(rows), line


MANIFEST_WORK = item(
    """\
    apiVersion: work.open-cluster-management.io/v1
    kind: ManifestWork
    metadata: {name: work, namespace: cluster1}
    spec:
      workload:
        manifests:
    """,
    4,
)
CROSSPLANE = carrier(
    """\
    apiVersion: kubernetes.crossplane.io/v1alpha2
    kind: Object
    metadata: {name: o}
    spec:
      forProvider:
        manifest:
    """,
    6,
)
ACM = carrier(
    """\
    apiVersion: policy.open-cluster-management.io/v1
    kind: Policy
    metadata: {name: p, namespace: policies}
    spec:
      remediationAction: enforce
      policy-templates:
      - objectDefinition:
          apiVersion: policy.open-cluster-management.io/v1
          kind: ConfigurationPolicy
          metadata: {name: c}
          spec:
            object-templates:
            - complianceType: musthave
              objectDefinition:
    """,
    12,
)
RESOURCE_SET = item(
    """\
    apiVersion: fluxcd.controlplane.io/v1
    kind: ResourceSet
    metadata: {name: r, namespace: flux-system}
    spec:
      resources:
    """,
    2,
)
CONFIG_MAP = carrier(
    """\
    apiVersion: addons.cluster.x-k8s.io/v1beta1
    kind: ClusterResourceSet
    metadata: {name: crs, namespace: capi}
    spec:
      resources:
      - {kind: ConfigMap, name: content}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: content, namespace: capi}
    data:
      all.yaml: |
    """,
    4,
)
SYNC_SET = item(
    """\
    apiVersion: hive.openshift.io/v1
    kind: SelectorSyncSet
    metadata: {name: admins}
    spec:
      clusterDeploymentSelector: {matchLabels: {managed: "true"}}
      resources:
    """,
    2,
)
WORKFLOW = carrier(
    """\
    apiVersion: argoproj.io/v1alpha1
    kind: CronWorkflow
    metadata: {name: nightly, namespace: shop}
    spec:
      schedules: ["@daily"]
      workflowSpec:
        entrypoint: bind
        templates:
        - name: bind
          resource:
            action: apply
            manifest: |
    """,
    10,
)
LIST = item(
    """\
    apiVersion: work.open-cluster-management.io/v1
    kind: ManifestWork
    metadata: {name: work, namespace: cluster1}
    spec:
      workload:
        manifests:
        - apiVersion: v1
          kind: List
          items:
    """,
    6,
)


@pytest.mark.parametrize(
    ("text", "line", "title"),
    [
        (*MANIFEST_WORK, "ManifestWork/cluster1/work"),
        (*CROSSPLANE, "Object/default/o"),
        (*ACM, "Policy/policies/p"),
        (*RESOURCE_SET, "ResourceSet/flux-system/r"),
        (*CONFIG_MAP, "ClusterResourceSet/capi/crs"),
        (*WORKFLOW, "CronWorkflow/shop/nightly"),
        (*SYNC_SET, "SelectorSyncSet/admins"),
        (*LIST, "ManifestWork/cluster1/work"),
    ],
    ids=[
        "manifestwork",
        "crossplane",
        "acm",
        "resourceset",
        "clusterresourceset",
        "workflow",
        "syncset",
        "list",
    ],
)
def test_a_carried_binding_is_judged_on_its_own_line(text: str, line: int, title: str) -> None:
    found = grants(analysed(text))

    assert [place for place, _ in found] == [line]
    assert found[0][1].endswith(f"(inside {title})")


def test_a_nested_object_of_an_unknown_carrier_is_taken_for_a_manifest_and_said_so() -> None:
    text, line = carrier(
        """\
        apiVersion: hive.openshift.io/v1
        kind: Wrapper
        metadata: {name: w}
        spec:
          resource:
        """,
        4,
    )

    ((place, message),) = grants(analysed(text))

    assert place == line
    assert message.endswith("(inside Wrapper/default/w, where it is taken for a manifest)")


def test_what_kyverno_generates_is_judged() -> None:
    text = dedent(
        """\
        apiVersion: kyverno.io/v1
        kind: ClusterPolicy
        metadata: {name: g}
        spec:
          rules:
          - name: r
            generate:
              apiVersion: rbac.authorization.k8s.io/v1
              kind: ClusterRoleBinding
              name: admin
              data:
                roleRef: {kind: ClusterRole, name: cluster-admin}
                subjects:
                - {kind: ServiceAccount, name: x, namespace: shop}
        """
    )

    ((line, _),) = grants(analysed(text))

    assert line == 14


def test_a_carrier_that_did_not_change_brings_no_findings() -> None:
    text, _ = MANIFEST_WORK

    assert analysed(text, base=text).findings == ()


def test_two_clusters_may_get_the_same_object_and_each_change_is_seen() -> None:
    one, _ = MANIFEST_WORK
    harmless = one.replace("name: cluster-admin", "name: view")
    other = harmless.replace("namespace: cluster1", "namespace: cluster2")

    before = analysed(f"{harmless}\n---\n{other}", base=f"{harmless}\n---\n{other}")
    first = analysed(f"{one}\n---\n{other}", base=f"{harmless}\n---\n{other}")
    second = analysed(f"{other}\n---\n{one}", base=f"{other}\n---\n{harmless}")

    assert (grants(before), len(grants(first)), len(grants(second))) == ([], 1, 1)


@pytest.mark.parametrize(
    "edit",
    [
        ("remediationAction: enforce", "remediationAction: inform"),
        ("complianceType: musthave", "complianceType: mustnothave"),
    ],
)
def test_a_policy_that_creates_nothing_carries_nothing(edit: tuple[str, str]) -> None:
    text, _ = ACM

    assert grants(analysed(text.replace(*edit))) == []


@pytest.mark.parametrize(
    ("edit", "messages"),
    [
        (("action: apply", "action: delete"), []),
        (("action: apply", "action: get"), []),
        (
            ("name: break-glass", 'name: "{{workflow.name}}"'),
            [
                (
                    "CronWorkflow/shop/nightly applies a manifest with values that are known when "
                    "it runs, so what it applies is not judged"
                )
            ],
        ),
        (
            ("manifest: |", "manifestFrom: {artifact: {name: made}}\n        other: |"),
            [
                (
                    "CronWorkflow/shop/nightly applies a manifest that an earlier step makes, so "
                    "what it applies is not judged"
                )
            ],
        ),
    ],
)
def test_a_step_of_a_workflow_carries_only_what_it_creates(
    edit: tuple[str, str], messages: list[str]
) -> None:
    text, _ = WORKFLOW

    analysis = analysed(text.replace(*edit))

    assert grants(analysis) == []
    assert [problem.message for problem in analysis.problems] == messages


INPUTS = """\
apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSet
metadata: {name: tenants, namespace: flux-system}
spec:
  inputs:
  - {tenant: a, role: view}
  - {tenant: b, role: cluster-admin}
  resources:
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: << inputs.tenant >>}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: << inputs.role >>}
    subjects:
    - {kind: ServiceAccount, name: << inputs.tenant >>, namespace: shop}
"""


def test_a_patch_of_a_sync_set_is_a_problem_where_it_changes() -> None:
    patch = """\
        apiVersion: hive.openshift.io/v1
        kind: SyncSet
        metadata: {name: labels, namespace: cluster}
        spec:
          clusterDeploymentRefs: [{name: cluster}]
          resources: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}]
          patches:
          - {apiVersion: v1, kind: Namespace, name: b, patchType: merge, patch: "{}"}
        """
    base = dedent(patch)

    messages = [
        [problem.message for problem in analysed(head, base).problems]
        for head in (base.replace("name: a", "name: c"), base.replace('"{}"', "'{\"a\": 1}'"))
    ]

    why = "patches an object of the clusters, which is not in the tree"
    assert messages == [[], [f"SyncSet/cluster/labels {why}, so what it applies is not judged"]]


def test_the_inputs_of_a_resource_set_are_filled_in() -> None:
    messages = [message for _, message in grants(analysed(INPUTS))]

    assert [message[:39] for message in messages] == [
        "ServiceAccount shop/a can now do what C",
        "ServiceAccount shop/b can now do everyt",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  resources:\n", "  inputStrategy: {name: Flatten}\n  resources:\n"),
        ("  resources:\n", "  steps:\n  - name: first\n    resources:\n"),
        ("<< inputs.", "<< inputs.ten_ants."),
        ("{name: << inputs.tenant >>}", "{name: << inputs.provider.name >>-<< inputs.tenant >>}"),
    ],
)
def test_steps_strategies_and_providers_are_those_of_the_operator(old: str, new: str) -> None:
    text = INPUTS.replace(old, new)
    if "steps:" in new:
        head, body = text.split("    resources:\n")
        text = f"{head}    resources:\n" + "".join(f"  {line}\n" for line in body.splitlines())
    if "ten_ants" in new:
        text = text.replace("name: tenants", "name: ten.-ants").replace(
            "  resources:\n", "  inputStrategy: {name: Permute}\n  resources:\n"
        )

    analysis = analysed(text)

    assert ([message[:20] for _, message in grants(analysis)], analysis.problems) == (
        ["ServiceAccount shop/", "ServiceAccount shop/"],
        (),
    )


def test_the_inputs_of_a_permutation_have_an_id() -> None:
    """As the operator's own builder makes them: Adler-32 of `tenants=0`."""
    text = INPUTS.replace("<< inputs.tenant >>", "n<< inputs.id >>").replace(
        "<< inputs.role >>", "<< inputs.tenants.role >>"
    )
    permuted = text.replace("  resources:\n", "  inputStrategy: {name: Permute}\n  resources:\n")

    messages = [message for _, message in grants(analysed(permuted))]

    assert messages[0].startswith("ServiceAccount shop/n310772587 can")


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("<< inputs.role >>", "<< inputs.role | lower >>", "has a template expression that only"),
        ("<< inputs.role >>", "<< inputs.gone >>", "has a template expression that only"),
        ("<< inputs.role >>", "<< inputs.role", "has a template expression that only"),
        (
            "  inputs:\n",
            "  inputsFrom: [{kind: ResourceSetInputProvider}]\n  inputs:\n",
            "takes its inputs from the cluster",
        ),
    ],
)
def test_a_resource_set_that_only_its_operator_can_build_is_a_problem(
    old: str, new: str, part: str
) -> None:
    problems = analysed(INPUTS.replace(old, new)).problems

    assert [(problem.kind, problem.new) for problem in problems] == [("unjudged", True)]
    assert f"ResourceSet/flux-system/tenants {part}" in problems[0].message


def test_the_content_of_a_secret_is_never_read() -> None:
    text = (
        CONFIG_MAP[0]
        .replace("kind: ConfigMap", "kind: Secret")
        .replace("{kind: ConfigMap", "{kind: Secret")
    )

    analysis = analysed(text)

    assert grants(analysis) == []
    assert ["which is a Secret" in problem.message for problem in analysis.problems] == [True]


def test_carriers_that_lie_too_deep_in_one_another_are_a_clear_sentence() -> None:
    problems = analysed(nested_objects(12)).problems

    assert any("lies in more than 8 carriers" in problem.message for problem in problems)


def nested_objects(count: int) -> str:
    head, tail = "", ""
    for depth in range(count):
        head += (
            "{apiVersion: kubernetes.crossplane.io/v1alpha2, kind: Object, "
            f"metadata: {{name: o{depth}}}, spec: {{forProvider: {{manifest: "
        )
        tail += "}}}"
    return f"{head}{{apiVersion: v1, kind: ConfigMap, metadata: {{name: x}}}}{tail}\n"


def test_one_reason_is_said_once_for_each_carrier() -> None:
    text = INPUTS.replace("<< inputs.role >>", "<< inputs.role | lower >>").replace(
        "  - {tenant: b, role: cluster-admin}\n",
        "  - {tenant: b, role: cluster-admin}\n  - {tenant: c, role: edit}\n",
    )

    assert len(analysed(text).problems) == 1
