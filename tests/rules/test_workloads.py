"""The rules about what pods need and may, beyond their pages."""

# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

from typing import Literal

import pytest

from bot.core.policy.model import Policy
from rules import liveness_probe_missing, readiness_probe_missing, resources_missing
from rules.workload_privileged import Options as Privileges
from tests.rules.judging import findings, said

CP = "node-role.kubernetes.io/control-plane"


def workload(spec: str, kind: str = "Deployment", name: str = "api", space: str = "shop") -> str:
    group = "batch/v1" if kind == "Job" else "apps/v1"
    return f"""
apiVersion: {group}
kind: {kind}
metadata: {{name: {name}, namespace: {space}}}
spec: {{template: {{metadata: {{labels: {{app: {name}}}}}, spec: {spec}}}}}
---
"""


def tolerating(toleration: str) -> str:
    return workload(f"{{tolerations: [{toleration}]}}")


def required(*terms: str) -> str:
    held = ", ".join(f"{{matchExpressions: [{term}]}}" for term in terms)
    return f"requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{held}]}}"


def affine(affinity: str, tolerations: str = "[]") -> str:
    return workload(f"{{affinity: {{nodeAffinity: {{{affinity}}}}}, tolerations: {tolerations}}}")


@pytest.mark.parametrize(
    ("head", "count"),
    [
        (tolerating(f"{{key: {CP}, operator: Exists}}"), 1),
        (tolerating(f"{{key: {CP}, operator: Exists, effect: NoSchedule}}"), 1),
        (tolerating(f"{{key: {CP}, operator: Exists, effect: NoExecute}}"), 1),
        (tolerating(f"{{key: {CP}, operator: Exists, effect: PreferNoSchedule}}"), 0),
        (tolerating(f"{{key: {CP}}}"), 1),
        (tolerating(f"{{key: {CP}, operator: Equal, value: ''}}"), 1),
        (tolerating(f"{{key: {CP}, operator: Equal, value: 'true'}}"), 0),
        (tolerating(f"{{key: {CP}, operator: Lt, value: '1'}}"), 0),
        (tolerating("{key: node-role.kubernetes.io/master, operator: Exists}"), 1),
        (tolerating("{key: node-role.kubernetes.io/controlplane, value: 'true'}"), 1),
        (tolerating("{key: node-role.kubernetes.io/etcd, operator: Exists}"), 0),
        (tolerating("{operator: Exists}"), 1),
        (tolerating("{operator: Exists, effect: NoSchedule}"), 1),
        (tolerating("{operator: Exists, effect: NoExecute}"), 0),
        (tolerating("{key: '', operator: Exists}"), 1),
        (tolerating("{operator: Equal}"), 0),
        (tolerating("{}, 7"), 0),
        (workload("{nodeName: kind-control-plane}"), 1),
        (workload("{nodeName: master-0}"), 1),
        (workload("{nodeName: webmaster}"), 1),
        (workload("{nodeSelector: {node-role.kubernetes.io/master: ''}}"), 1),
        (workload("{nodeSelector: {disk: ssd}}"), 0),
        (affine(required(f"{{key: {CP}, operator: Exists}}")), 1),
        (affine(required(f"{{key: {CP}, operator: In, values: ['']}}")), 1),
        (affine(required(f"{{key: {CP}, operator: In, values: [no]}}")), 0),
        (affine(required(f"{{key: {CP}, operator: DoesNotExist}}"), "[{operator: Exists}]"), 0),
        (affine(required(f"{{key: {CP}, operator: DoesNotExist}}", "{key: a, operator: Exists}"), "[{operator: Exists}]"), 1),
        (affine(f"preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 1, preference: {{matchExpressions: [{{key: {CP}, operator: Exists}}]}}}}]"), 1),
    ],
)  # fmt: skip
def test_every_way_onto_the_control_plane_is_seen(head: str, count: int) -> None:
    assert len(findings("control-plane-toleration", "", head)) == count


@pytest.mark.parametrize(
    ("head", "severity"),
    [
        (workload("{tolerations: [{operator: Exists}]}"), "error"),
        (workload("{tolerations: [{operator: Exists}]}", "DaemonSet"), "warning"),
        (workload("{tolerations: [{operator: Exists}]}", space="kube-system"), "warning"),
        (workload("{tolerations: [{operator: Exists}]}", "DaemonSet", space="kube-system"), "notice"),
        (workload("{nodeName: ip-10-0-0-1}"), "warning"),
        (workload("{nodeName: node1-control-plane}"), "error"),
    ],
)  # fmt: skip
def test_agents_of_the_node_are_expected_there(head: str, severity: str) -> None:
    (found,) = findings("control-plane-toleration", "", head)

    assert str(found.severity) == severity


def test_another_form_of_the_same_way_is_nothing_new() -> None:
    base = tolerating(f"{{key: {CP}, operator: Exists}}")

    assert findings("control-plane-toleration", base, tolerating("{operator: Exists}")) == []


SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: web}]}
---
"""
LISTENING = "{name: api, ports: [{containerPort: 8080, name: web}]}"


@pytest.mark.parametrize(
    ("base", "head", "count"),
    [
        ("", SERVICE + workload(f"{{containers: [{LISTENING}]}}"), 1),
        (workload(f"{{containers: [{LISTENING}]}}"), SERVICE + workload(f"{{containers: [{LISTENING}]}}"), 1),
        (SERVICE, SERVICE + workload(f"{{containers: [{LISTENING}, {{name: log}}]}}"), 1),
        ("", SERVICE.replace("name: api,", "name: api-metrics,") + workload(f"{{containers: [{LISTENING}]}}"), 0),
        (SERVICE, SERVICE + workload(f"{{containers: [{LISTENING}]}}", "Job"), 0),
        (SERVICE, SERVICE + workload(f"{{containers: [{LISTENING}]}}", name="other"), 0),
        (SERVICE, SERVICE + workload("{containers: [{name: api}]}"), 0),
        ("", SERVICE.replace("targetPort: web", "targetPort: 8080") + workload("{containers: [{name: api}]}"), 1),
        ("", SERVICE.replace("targetPort: web", "targetPort: 8080") + workload("{containers: [{name: api}, {name: log}]}"), 0),
        ("", SERVICE.replace("name: http", "name: metrics") + workload(f"{{containers: [{LISTENING}]}}"), 0),
        ("", SERVICE.replace("selector", "publishNotReadyAddresses: true, selector") + workload(f"{{containers: [{LISTENING}]}}"), 0),
        ("", SERVICE + workload("{containers: [{name: istio-proxy, ports: [{containerPort: 1, name: web}]}]}"), 0),
        ("", SERVICE + workload("{containers: [{name: api, ports: [{containerPort: 1, name: web}], readinessProbe: {exec: {command: [x]}}}]}"), 0),
        ("", SERVICE + workload("{containers: [{name: api, ports: [{containerPort: 1, name: web}], readinessProbe: {}}]}"), 1),
        ("", SERVICE + workload("{containers: [{name: a}], initContainers: [{name: api, restartPolicy: Always, ports: [{containerPort: 1, name: web}]}]}"), 1),
        ("", SERVICE + workload("{containers: [{name: a}], initContainers: [{name: api, ports: [{containerPort: 1, name: web}]}]}"), 0),
        ("", SERVICE.replace("ports: [", "ports: [{name: more, port: 81, targetPort: web}, ") + workload(f"{{containers: [{LISTENING}]}}"), 1),
        ("", SERVICE.replace("app: api", "app: api, pod-template-hash: x") + workload(f"{{containers: [{LISTENING}]}}"), 0),
    ],
)  # fmt: skip
def test_readiness_is_asked_of_what_a_service_sends_traffic_to(
    base: str, head: str, count: int
) -> None:
    assert len(findings("readiness-probe-missing", base, head)) == count


def test_readiness_names_the_service() -> None:
    head = SERVICE + workload(f"{{containers: [{LISTENING}]}}")
    (found,) = findings("readiness-probe-missing", "", head)

    assert said([found]) == [("", "spec.template.spec.containers[name=api].readinessProbe")]
    assert [str(held.node) for held in found.related] == ["Service/shop/api metadata.name"]
    options = readiness_probe_missing.Options(ignored_containers=("api",))
    assert findings("readiness-probe-missing", "", head, options=options) == []


@pytest.mark.parametrize(
    ("containers", "count"),
    [
        ("[{name: a, ports: [{containerPort: 1}]}]", 1),
        ("[{name: a, readinessProbe: {grpc: {port: 1}}}]", 1),
        ("[{name: a}]", 0),
        ("[{name: istio-proxy, ports: [{containerPort: 1}]}]", 0),
        ("[{name: a, ports: [{containerPort: 1}], livenessProbe: {httpGet: {port: 1}}}]", 0),
    ],
)
def test_liveness_is_asked_of_what_listens(containers: str, count: int) -> None:
    head = workload(f"{{containers: {containers}}}")

    assert len(findings("liveness-probe-missing", "", head)) == count


def test_what_runs_to_completion_needs_no_probes() -> None:
    head = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: build, namespace: shop}
spec: {templates: [{name: t, container: {image: x, ports: [{containerPort: 1}]}}]}
"""

    assert findings("liveness-probe-missing", "", head) == []


def test_liveness_of_every_container_is_an_option() -> None:
    options = liveness_probe_missing.Options(containers="all")
    head = workload("{containers: [{name: a}, {name: b}]}")

    assert len(findings("liveness-probe-missing", "", head, options=options)) == 2
    assert findings("liveness-probe-missing", "", workload("{containers: [{}]}", "Job")) == []


def limits(kind: str, item: str) -> str:
    return f"apiVersion: v1\nkind: LimitRange\nmetadata: {{name: l, namespace: shop}}\nspec: {{limits: [{{type: {kind}, {item}}}]}}\n---\n"


def quota(hard: str, more: str = "") -> str:
    return f"apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q, namespace: shop}}\nspec: {{hard: {{{hard}}}{more}}}\n---\n"


VPA = """
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: api, namespace: shop}
spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: api}, updatePolicy: {updateMode: %s}}
---
"""
BARE = workload("{containers: [{name: a}]}")
NOTHING = (
    "Deployment shop/api: container a has no CPU request, no memory request and no memory limit"
)
NO_LIMIT = "Deployment shop/api: container a has no memory limit"


@pytest.mark.parametrize(
    ("base", "head", "messages"),
    [
        ("", BARE, [NOTHING]),
        (BARE, BARE.replace("{name: a}", "{name: a, image: x}"), []),
        ("", workload("{containers: [{name: a, resources: {requests: {cpu: 1, memory: 1}}}]}"), [NO_LIMIT]),
        ("", workload("{containers: [{name: a, resources: {limits: {cpu: 1, memory: 1}}}]}"), []),
        ("", workload("{containers: [{name: a, resources: {requests: {cpu: null}, limits: {cpu: 1, memory: 1}}}]}"), []),
        ("", workload("{containers: [{name: istio-proxy}]}"), []),
        ("", workload("{resources: {limits: {cpu: 1, memory: 1}}, containers: [{name: a}]}"), []),
        ("", workload("{containers: [], initContainers: [{name: a}]}"), []),
        (workload("{containers: [{name: a, resources: {limits: {cpu: 1, memory: 1}}}]}"), workload("{containers: [{name: a, resources: {limits: {cpu: 1}}}]}"), ["Deployment shop/api: container a has no memory request and no memory limit"]),
        ("", limits("Container", "default: {cpu: 1, memory: 1Gi}") + BARE, []),
        ("", limits("Container", "defaultRequest: {cpu: 1, memory: 1Gi}") + BARE, [NO_LIMIT]),
        ("", limits("Container", "max: {cpu: 1, memory: 1Gi}") + BARE, []),
        ("", limits("Container", "min: {cpu: 1, memory: 1Gi}") + BARE, [NO_LIMIT]),
        ("", limits("Pod", "max: {cpu: 1, memory: 1Gi}") + BARE, ["Deployment shop/api: a pod has no limit of cpu, and may have 1, so LimitRange shop/l refuses its pods", "Deployment shop/api: a pod has no limit of memory, and may have 1Gi, so LimitRange shop/l refuses its pods", NOTHING]),
        (limits("Container", "default: {cpu: 1, memory: 1Gi}") + BARE, BARE, [NOTHING]),
        ("", VPA % "Auto" + BARE, [NO_LIMIT]),
        ("", VPA % "'Off'" + BARE, [NOTHING]),
        ("", (VPA % "Auto").replace("name: api}, u", "name: web}, u") + BARE, [NOTHING]),
        ("", quota("pods: 1") + BARE, [NOTHING]),
        ("", quota("cpu: 1", ", scopes: [BestEffort]") + BARE, [NOTHING]),
        (BARE, quota("cpu: 1, limits.memory: 1") + BARE, ["Deployment shop/api: container a has no CPU request and no memory limit, which ResourceQuota shop/q demands, so its pods are refused"]),
        (quota("cpu: 1") + BARE, quota("cpu: 2") + BARE, []),
        (BARE, quota("cpu: 1") + quota("requests.cpu: 1, memory: 1").replace("name: q", "name: r") + quota("cpu: 1").replace("name: q", "name: s") + BARE, ["Deployment shop/api: container a has no CPU request, which ResourceQuota shop/q demands, so its pods are refused", "Deployment shop/api: container a has no memory request, which ResourceQuota shop/r demands, so its pods are refused"]),
        ("", quota("memory: 1") + limits("Container", "default: {cpu: 1, memory: 1Gi}") + BARE, []),
    ],
)  # fmt: skip
def test_what_containers_say_of_their_resources(base: str, head: str, messages: list[str]) -> None:
    assert [held.message for held in findings("resources-missing", base, head)] == messages


def test_which_resources_are_asked_for_is_an_option() -> None:
    options = resources_missing.Options(required=("limits.cpu",))
    (found,) = findings("resources-missing", "", BARE, options=options)

    assert found.message == "Deployment shop/api: container a has no CPU limit"


def namespace(level: str) -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{pod-security.kubernetes.io/enforce: {level}}}}}\n---\n"


HOST = workload("{hostPID: true, containers: []}")
PLAIN = workload("{containers: [{name: a}]}")


@pytest.mark.parametrize(
    ("head", "privileged", "severities"),
    [
        (HOST, (), ["error"]),
        (HOST, ("shop",), ["warning"]),
        (HOST.replace("hostPID", "hostIPC: true, hostPID"), ("shop",), ["warning", "notice"]),
        (HOST.replace("hostPID", "hostIPC: true, hostPID"), (), ["error", "error"]),
        (namespace("privileged") + HOST, (), ["warning"]),
        (namespace("baseline") + HOST, ("shop",), ["error"]),
        (namespace("restricted") + HOST, (), ["error"]),
        (PLAIN, (), []),
        (namespace("baseline") + PLAIN, (), []),
        (
            namespace("baseline").replace("enforce", "warn").replace("baseline", "restricted")
            + PLAIN,
            (),
            ["notice"],
        ),
        (namespace("restricted") + PLAIN, (), ["error"]),
    ],
)
def test_what_the_namespace_says_decides_how_bad_it_is(
    head: str, privileged: tuple[str, ...], severities: list[str]
) -> None:
    policy = Policy(privileged_namespaces=privileged)
    found = findings("workload-privileged", "", head, policy)

    assert [str(held.severity) for held in found] == severities


MEETS = workload(
    "{securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}"
)


@pytest.mark.parametrize(
    ("base", "head", "restricted", "count"),
    [
        ("", PLAIN, "always", 1),
        ("", namespace("restricted") + PLAIN, "never", 0),
        (MEETS, PLAIN, "asked", 1),
        (MEETS, PLAIN, "never", 0),
        (MEETS, MEETS.replace("true", "false"), "asked", 1),
        (PLAIN, workload("{containers: [{name: a}, {name: b}]}"), "asked", 0),
        (PLAIN, workload("{containers: [{name: a}, {name: b}]}"), "always", 1),
        (PLAIN, "", "always", 0),
    ],
)
def test_the_restricted_level_is_said_where_it_is_asked_for(
    base: str, head: str, restricted: Literal["asked", "always", "never"], count: int
) -> None:
    options = Privileges(restricted=restricted)

    assert len(findings("workload-privileged", base, head, options=options)) == count
