"""Every kind that brings pods is read where it holds them."""

from __future__ import annotations

import pytest

from bot.core.resource import route_text
from bot.kubernetes import kinds
from bot.kubernetes.workloads.pods import PodTemplate, effective_pod_templates, pod_templates
from bot.kubernetes.workloads.template_paths import added_by_controllers
from tests.states import world

_TEMPLATE = "{metadata: {labels: {app: a}}, spec: {containers: [{name: c}]}}"


def _only(text: str) -> PodTemplate:
    (resource,) = world(text).resources
    (template,) = pod_templates(resource)
    return template


@pytest.mark.parametrize(
    ("api_version", "kind", "body", "places"),
    [
        ("v1", "Pod", "spec: {containers: [{name: c}]}", [""]),
        ("apps/v1", "Deployment", f"spec: {{template: {_TEMPLATE}}}", ["spec.template"]),
        (
            "batch/v1",
            "CronJob",
            f"spec: {{jobTemplate: {{spec: {{template: {_TEMPLATE}}}}}}}",
            ["spec.jobTemplate.spec.template"],
        ),
        ("v1", "PodTemplate", f"template: {_TEMPLATE}", ["template"]),
        (
            "jobset.x-k8s.io/v1alpha2",
            "JobSet",
            (
                "spec: {replicatedJobs: [{name: w, template: {spec: {template: "
                f"{_TEMPLATE}}}}}}}]}}"
            ),
            ["spec.replicatedJobs[name=w].template.spec.template"],
        ),
        (
            "leaderworkerset.x-k8s.io/v1",
            "LeaderWorkerSet",
            f"spec: {{leaderWorkerTemplate: {{workerTemplate: {_TEMPLATE}}}}}",
            ["spec.leaderWorkerTemplate.workerTemplate"],
        ),
        (
            "kubeflow.org/v1",
            "PyTorchJob",
            f"spec: {{pytorchReplicaSpecs: {{Master: {{template: {_TEMPLATE}}}}}}}",
            ["spec.pytorchReplicaSpecs.Master.template"],
        ),
        (
            "argoproj.io/v1alpha1",
            "Workflow",
            "spec: {templates: [{name: a, container: {image: x}}, {name: b, steps: []}]}",
            ["spec.templates[name=a]"],
        ),
        (
            "tekton.dev/v1",
            "PipelineRun",
            "spec: {pipelineSpec: {tasks: [{name: a, taskSpec: {steps: [{}]}}, {name: b}]}}",
            ["spec.pipelineSpec.tasks[name=a].taskSpec"],
        ),
        (
            "tekton.dev/v1",
            "PipelineRun",
            "spec: {taskRunTemplate: {serviceAccountName: a}, taskRunSpecs: [{podTemplate: {}}]}",
            ["spec.taskRunTemplate", "spec.taskRunSpecs[*]"],
        ),
        (
            "tekton.dev/v1",
            "TaskRun",
            "spec: {taskSpec: {steps: [{}]}, podTemplate: {hostNetwork: true}}",
            ["spec.taskSpec"],
        ),
        ("tekton.dev/v1", "TaskRun", "spec: {taskRef: {name: a}}", []),
        ("v1", "ConfigMap", "data: {}", []),
        ("apps/v1", "Deployment", "spec: 3", []),
    ],
)
def test_templates_are_found_where_the_kind_has_them(
    api_version: str, kind: str, body: str, places: list[str]
) -> None:
    (resource,) = world(
        f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x}}\n{body}\n"
    ).resources

    assert [route_text(found.node.route) for found in pod_templates(resource)] == places


def test_a_template_tells_its_containers_apart() -> None:
    template = _only("""
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop, labels: {app: a, odd: 1}}
spec:
  hostNetwork: true
  restartPolicy: Never
  serviceAccount: old
  initContainers: [{name: i}, {name: s, restartPolicy: Always}]
  containers: [{name: c}]
  ephemeralContainers: [{name: e}]
""")

    names = {
        field: [node["name"].text for node in getattr(template, field)]
        for field in ("containers", "native_sidecars", "serving", "all_containers")
    }
    assert names == {
        "containers": ["c"],
        "native_sidecars": ["s"],
        "serving": ["c", "s"],
        "all_containers": ["c", "i", "s", "e"],
    }
    assert (template.namespace, dict(template.labels)) == ("shop", {"app": "a"})
    assert (template.host_network, template.restart) == (True, "to-completion")
    assert (template.service_account, str(template)) == ("old", "Pod shop/a")


def test_the_newer_field_names_the_account() -> None:
    template = _only("""
apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {serviceAccountName: new, serviceAccount: old, containers: []}
""")

    assert (template.service_account, route_text(template.service_account_node.route)) == (
        "new",
        "spec.serviceAccountName",
    )


def test_a_workflow_names_the_account_for_its_templates() -> None:
    template = _only("""
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: a}
spec:
  workflowSpec:
    serviceAccountName: builder
    templates: [{name: t, script: {image: x}, sidecars: [{name: s}]}]
""")

    assert template.service_account == "builder"
    assert len(template.containers) == 2


def test_a_run_of_a_pipeline_names_the_account_for_its_tasks() -> None:
    template = _only("""
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: a}
spec:
  taskRunTemplate: {serviceAccountName: builder}
  pipelineSpec: {tasks: [{name: t, taskSpec: {steps: [{name: s}], sidecars: [{name: w}]}}]}
""")

    assert template.service_account == "builder"
    assert [container["name"].text for container in template.containers] == ["s", "w"]


def test_a_run_names_the_account_of_tasks_that_are_defined_elsewhere() -> None:
    template = _only("""
apiVersion: tekton.dev/v1beta1
kind: PipelineRun
metadata: {name: a, namespace: shop}
spec: {taskRunSpecs: [{taskServiceAccountName: b, taskPodTemplate: {hostNetwork: true}}]}
""")
    assert (template.service_account, template.host_network) == ("b", True)


def test_a_rollout_takes_the_template_that_it_refers_to() -> None:
    state = world("""
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: r, namespace: shop}
spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: d}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: shop}
spec: {template: {spec: {serviceAccountName: s}}}
""")
    (rollout,) = state.of(kinds.ROLLOUT)

    (found,) = effective_pod_templates(rollout, state)
    assert (str(found), found.service_account) == ("Rollout shop/r", "s")
    assert found.node.resource.group_kind == kinds.DEPLOYMENT
    assert list(pod_templates(rollout)) == []


def test_labels_that_controllers_add_are_known() -> None:
    keys = ("pod-template-hash", "security.istio.io/tlsMode", "serving.knative.dev/route", "app")

    assert [added_by_controllers(key) for key in keys] == [True, True, True, False]
    assert all(map(added_by_controllers, ("vault-active", "openbao-sealed", "spilo-role")))
