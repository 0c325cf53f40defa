"""What newly admitted mutations set: reported where anybody may do more by it, else silent."""

# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

import pytest

from bot.kubernetes.guardrails.mutations.effects import mutations_added
from tests.states import world


def kyverno(kind: str, patch: str, mutate: str = "patchStrategicMerge") -> str:
    return (
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: m}\nspec:\n  rules:\n"
        f"  - name: a\n    match: {{any: [{{resources: {{kinds: [{kind}]}}}}]}}\n    mutate: {{{mutate}: {patch}}}\n"
    )


def json_patch(kind: str, operation: str) -> str:
    return kyverno(kind, f"'[{{{operation}}}]'", "patchesJson6902")


def expression(resource: str, text: str, *, patch: bool = False, variables: str = "") -> str:
    part = "jsonPatch" if patch else "applyConfiguration"
    rule = f"{{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [{resource}]}}"
    return (
        "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicy\nmetadata: {name: m}\n"
        f"spec:\n  matchConstraints: {{resourceRules: [{rule}]}}\n  variables: [{variables}]\n"
        f"  mutations:\n  - {part}:\n      expression: >-\n        {text}\n"
    )


def assign(kind: str, location: str, parameters: str, mutator: str = "Assign") -> str:
    return (
        f"apiVersion: mutations.gatekeeper.sh/v1\nkind: {mutator}\nmetadata: {{name: m}}\nspec:\n"
        f"  applyTo: [{{groups: [''], kinds: [{kind}], versions: [v1]}}]\n"
        f"  location: '{location}'\n  parameters: {parameters}\n"
    )


def reported(base: str, head: str) -> list[tuple[str, str]]:
    found = mutations_added(world(base), world(head))
    return [(str(each.severity), each.message.split(" m ", 1)[1]) for each in found]


ENFORCE = "pod-security.kubernetes.io/enforce"


@pytest.mark.parametrize(
    ("policy", "severity", "message"),
    [
        (kyverno("Pod", "{spec: {hostPID: true}}"), "error", "newly sets spec.hostPID of Pod to true"),
        (kyverno("Pod", "{spec: {+(hostNetwork): true}}"), "error", "newly sets spec.hostNetwork of Pod to true"),
        (kyverno("Deployment", "{spec: {template: {spec: {volumes: [{name: a, hostPath: {path: /}}]}}}}"),
         "error", "newly sets spec.template.spec.volumes.hostPath.path of Deployment to /"),
        (kyverno("apps/v1/DaemonSet, Pod", "{spec: {containers: [{(name): '*', securityContext: {capabilities: {add: [CHOWN, SYS_ADMIN]}}}]}}"),
         "error", "newly sets spec.containers.securityContext.capabilities.add of DaemonSet, Pod to SYS_ADMIN"),
        (kyverno("Pod", "[{list: a, patchStrategicMerge: {spec: {hostIPC: true}}}]", "foreach"),
         "error", "newly sets spec.hostIPC of Pod to true"),
        (kyverno("Pod", "{spec: {hostPID: '{{ request.object.x }}'}}"), "warning",
         "newly computes spec.hostPID of Pod: check by hand what it sets"),
        (kyverno("Pod", "{spec: {securityContext: {seccompProfile: {type: Unconfined}}}}"), "error",
         "newly sets spec.securityContext.seccompProfile.type of Pod to Unconfined"),
        (kyverno("Pod", "{spec: {securityContext: null}}"), "warning", "newly removes spec.securityContext from Pod"),
        (kyverno("Pod", "{spec: {serviceAccountName: admin}}"), "warning", "newly sets spec.serviceAccountName of Pod to admin"),
        (kyverno("Namespace", f"{{metadata: {{labels: {{{ENFORCE}: privileged}}}}}}"), "error",
         f"newly sets metadata.labels.{ENFORCE} of Namespace to privileged"),
        (kyverno("NetworkPolicy", "{spec: {podSelector: {matchLabels: {a: b}}}}"), "error",
         "newly changes spec of NetworkPolicy, which limits others"),
        (kyverno("constraints.gatekeeper.sh/v1beta1/K8sOwner", "{spec: {enforcementAction: dryrun}}"), "error",
         "newly changes spec of K8sOwner, which limits others"),
        (kyverno("ClusterRole", "{rules: [{verbs: ['*']}]}"), "error", "newly sets rules.verbs of ClusterRole to *"),
        (json_patch("Pod", "op: add, path: /spec/containers/0/securityContext, value: {privileged: true}"), "error",
         "newly sets spec.containers.securityContext.privileged of Pod to true"),
        (json_patch("Namespace", "op: remove, path: /metadata/labels/pod-security.kubernetes.io~1enforce"), "error",
         f"newly removes metadata.labels.{ENFORCE} from Namespace"),
        (kyverno("NetworkPolicy", "'{{ x'", "patchesJson6902"), "error", "newly changes spec of NetworkPolicy, which limits others"),
        (expression("pods", "Object{spec: Object.spec{hostPID: true}}"), "error", "newly sets spec.hostPID of pods to true"),
        (expression("pods", "Object{spec: Object.spec{hostPID: variables.a}}"), "warning",
         "newly computes spec.hostPID of pods: check by hand what it sets"),
        (expression("pods", "Object{spec: variables.a}", variables="{name: a, expression: 'Object.spec{hostIPC: true}'}"),
         "error", "newly sets spec.hostIPC of pods to true"),
        (expression("namespaces", f'Object{{metadata: Object.metadata{{labels: {{"{ENFORCE}": "privileged"}}}}}}'), "error",
         f"newly sets metadata.{ENFORCE} of namespaces to privileged"),
        (expression("networkpolicies", "Object{spec: Object.spec{}}"), "error", "newly changes spec of networkpolicies, which limits others"),
        (expression("pods", '[JSONPatch{op: "add", path: "/spec/" + "hostPID", value: true}]', patch=True), "error",
         "newly sets spec.hostPID of pods to true"),
        (expression("pods", '[JSONPatch{op: "replace", path: "/spec/containers/" + string(i) + "/image", value: variables.a}]', patch=True),
         "warning", "newly computes spec.containers.image of pods: check by hand what it sets"),
        (assign("Pod", "spec.containers[name:*].securityContext.privileged", "{assign: {value: true}}"), "error",
         "newly sets spec.containers.securityContext.privileged of Pod to true"),
        (assign("Pod", "spec.containers[name:*].image", "{assignDomain: a.example.com}", "AssignImage"), "warning",
         "newly computes spec.containers.image of Pod: check by hand what it sets"),
        (assign("Pod", "spec.containers[name:*].securityContext.capabilities.add", "{values: {fromList: [SYS_ADMIN]}}", "ModifySet"),
         "error", "newly sets spec.containers.securityContext.capabilities.add of Pod to SYS_ADMIN"),
    ],
)  # fmt: skip
def test_a_new_mutation_that_lets_more_is_reported(
    policy: str, severity: str, message: str
) -> None:
    assert reported("", policy) == [(severity, message)]
    assert reported(policy, policy.replace("name: m}", "name: m, labels: {a: b}}")) == []


@pytest.mark.parametrize(
    "policy",
    [
        kyverno("Pod", "{metadata: {labels: {team: a}}, spec: {containers: [{(name): '*', imagePullPolicy: Always}]}}"),
        kyverno("Pod", "{spec: {containers: [{(name): '*', resources: {requests: {+(memory): 1Gi}}}], tolerations: [{operator: Exists}]}}"),
        kyverno("Pod", "{spec: {+(securityContext): {+(seccompProfile): {type: RuntimeDefault}, +(runAsNonRoot): true}}}"),
        kyverno("Pod", "{spec: {containers: [{(image): '*:latest', securityContext: {privileged: false, capabilities: {drop: [ALL]}}}]}}"),
        kyverno("Pod", "{spec: {(hostPID): true, automountServiceAccountToken: false}}"),
        kyverno("ConfigMap", "{spec: {hostPID: true}}"),
        kyverno("Namespace", f"{{metadata: {{labels: {{+({ENFORCE}): baseline, team: a}}}}}}"),
        kyverno("NetworkPolicy", "{metadata: {labels: {team: a}}}"),
        kyverno("ClusterRole", "{metadata: {labels: {team: a}}}"),
        json_patch("Pod", "op: add, path: /spec/priorityClassName, value: high"),
        json_patch("Pod", "op: test, path: /spec/hostPID, value: true"),
        expression("pods", 'Object{metadata: Object.metadata{labels: {"team": "a"}}}'),
        expression("pods", "has(object.spec.hostPID) ? object.spec.hostPID : true"),
        expression("networkpolicies", 'Object{metadata: Object.metadata{labels: {"team": "a"}}}'),
        expression("pods", '[JSONPatch{op: "add", path: "/metadata/labels/a", value: "b"}]', patch=True),
        assign("Pod", "spec.securityContext.runAsNonRoot", "{assign: {value: true}}"),
        assign("Pod", 'metadata.labels."a/b"', "{assign: {value: c}}", "AssignMetadata"),
        assign("Pod", "spec.containers[name:*].args", "{operation: prune, values: {fromList: [a]}}", "ModifySet"),
    ],
)  # fmt: skip
def test_an_ordinary_mutation_is_silent(policy: str) -> None:
    assert reported("", policy) == []


@pytest.mark.parametrize("piece", ["1", "a: [1", "JSONPatch{", 'a: "', "Object.a{", "path: ("])
def test_a_hostile_expression_takes_no_time(piece: str) -> None:
    assert len(reported("", expression("pods", f"add: [{piece * 5_000}"))) <= 1
