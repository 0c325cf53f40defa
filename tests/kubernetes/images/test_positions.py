"""Every position of an image is found, in kinds that are known and in those that are not."""

# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

import pytest

from bot.core.scopes import Scopes
from bot.core.states.carriers.nested import with_carried
from bot.kubernetes.images.approval import new_images, origins, runs_any, runs_from
from bot.kubernetes.images.positions import image_uses
from bot.kubernetes.images.table import OTHER_KINDS
from bot.kubernetes.workloads.template_paths import PLACES
from tests.states import world

POD_SPEC = """
  containers: [{name: app, image: r.io/a/app:1}, 7, {name: bare}]
  initContainers: [{name: init, image: r.io/a/init:1}]
  ephemeralContainers: [{name: debug, image: r.io/a/debug:1}]
  volumes: [{name: model, image: {reference: r.io/a/model:1}}, {name: tmp, emptyDir: {}}]
"""
ALL = [("app", "app"), ("init", "init"), ("debug", "debug"), ("model", "model")]


def found(text: str) -> list[tuple[str, str, bool]]:
    (resource,) = world(text).resources
    return [(use.container, use.reference, use.known) for use in image_uses(resource)]


def written(kind: str, api_version: str, path: str, spec: str) -> str:
    """A resource of this kind with a mapping at the end of a path, `*` as a list of one."""
    lines, depth = [f"apiVersion: {api_version}", f"kind: {kind}", "metadata: {name: x}"], 0
    steps, prefix = path.split("."), ""
    for step in steps:
        if step == "*":
            prefix = "- "
            continue
        lines.append(f"{'  ' * depth}{prefix}{step}:")
        depth, prefix = depth + (2 if prefix else 1), ""
    body = [line.removeprefix("  ") for line in spec.strip("\n").splitlines()]
    for number, line in enumerate(body):
        first = prefix if number == 0 else " " * len(prefix)
        lines.append(f"{'  ' * depth}{first}{line}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("kind", "api_version", "path"),
    [
        ("Pod", "v1", "spec"),
        ("Deployment", "apps/v1", "spec.template.spec"),
        ("ReplicaSet", "apps/v1", "spec.template.spec"),
        ("StatefulSet", "apps/v1", "spec.template.spec"),
        ("DaemonSet", "apps/v1", "spec.template.spec"),
        ("Job", "batch/v1", "spec.template.spec"),
        ("CronJob", "batch/v1", "spec.jobTemplate.spec.template.spec"),
        ("ReplicationController", "v1", "spec.template.spec"),
        ("PodTemplate", "v1", "template.spec"),
        ("Rollout", "argoproj.io/v1alpha1", "spec.template.spec"),
        ("Service", "serving.knative.dev/v1", "spec.template.spec"),
        ("Configuration", "serving.knative.dev/v1", "spec.template.spec"),
        ("Revision", "serving.knative.dev/v1", "spec"),
        ("ScaledJob", "keda.sh/v1alpha1", "spec.jobTargetRef.template.spec"),
        ("JobSet", "jobset.x-k8s.io/v1", "spec.replicatedJobs.*.template.spec.template.spec"),
        ("LeaderWorkerSet", "leaderworkerset.x-k8s.io/v1", "spec.leaderWorkerTemplate.workerTemplate.spec"),
        ("TFJob", "kubeflow.org/v1", "spec.tfReplicaSpecs.Worker.template.spec"),
        ("RayCluster", "ray.io/v1", "spec.workerGroupSpecs.*.template.spec"),
        ("RayJob", "ray.io/v1", "spec.rayClusterSpec.headGroupSpec.template.spec"),
        ("Fleet", "agones.dev/v1", "spec.template.spec.template.spec"),
        ("CloneSet", "apps.kruise.io/v1alpha1", "spec.template.spec"),
    ],
)  # fmt: skip
def test_all_images_of_a_pod_are_found(kind: str, api_version: str, path: str) -> None:
    text = written(kind, api_version, path, POD_SPEC)

    assert found(text) == [(name, f"r.io/a/{image}:1", True) for name, image in ALL]


@pytest.mark.parametrize(
    ("kind", "api_version", "path", "spec", "expected"),
    [
        ("Workflow", "argoproj.io/v1alpha1", "spec.templates.*", "  name: t\n  container: {image: a/b}", ["t"]),
        ("WorkflowTemplate", "argoproj.io/v1alpha1", "spec.templates.*", "  script: {name: s, image: a/b}", ["s"]),
        ("Workflow", "argoproj.io/v1alpha1", "spec.templates.*", "  container: {name: c, image: a/b}\n  sidecars: [{name: d, image: a/b}]\n  initContainers: [{name: i, image: a/b}]", ["i", "c", "d"]),
        ("CronWorkflow", "argoproj.io/v1alpha1", "spec.workflowSpec.templates.*", "  containerSet: {containers: [{name: c, image: a/b}]}", ["c"]),
        ("Task", "tekton.dev/v1", "spec", "  steps: [{name: s, image: a/b}]\n  sidecars: [{name: d, image: a/b}]\n  stepTemplate: {image: a/b}", ["s", "d", "stepTemplate"]),
        ("Pipeline", "tekton.dev/v1", "spec.tasks.*.taskSpec.steps.*", "  name: s\n  image: a/b", ["s"]),
        ("PipelineRun", "tekton.dev/v1", "spec.pipelineSpec.finally.*.taskSpec.steps.*", "  name: s\n  image: a/b", ["s"]),
        ("StepAction", "tekton.dev/v1beta1", "spec", "  image: a/b", ["spec"]),
        ("VirtualMachine", "kubevirt.io/v1", "spec.template.spec.volumes.*", "  name: disk\n  containerDisk: {image: a/b}", ["disk"]),
        ("Prometheus", "monitoring.coreos.com/v1", "spec", "  image: a/b\n  thanos: {image: a/b}", ["spec", "thanos"]),
        ("Cluster", "postgresql.cnpg.io/v1", "spec", "  imageName: a/b", ["spec"]),
        ("postgresql", "acid.zalan.do/v1", "spec", "  dockerImage: a/b", ["spec"]),
        ("SparkApplication", "sparkoperator.k8s.io/v1beta2", "spec", "  image: a/b\n  driver: {image: a/b}", ["spec", "driver"]),
        ("Instrumentation", "opentelemetry.io/v1alpha1", "spec", "  java: {image: a/b}", ["java"]),
    ],
)  # fmt: skip
def test_images_of_custom_resources_are_found(
    kind: str, api_version: str, path: str, spec: str, expected: list[str]
) -> None:
    text = written(kind, api_version, path, spec)

    assert found(text) == [(name, "a/b", True) for name in expected]


def test_every_path_of_the_table_leads_to_an_image() -> None:
    for kind, paths in OTHER_KINDS.items():
        for path in paths:
            holder, _, field = path.rpartition(".")
            text = written(kind.kind, f"{kind.group}/v1", holder, f"  {field}: a/b")

            assert [reference for _, reference, _ in found(text)] == ["a/b"], (kind, path)


def test_no_kind_stands_in_both_tables() -> None:
    assert set(PLACES) & set(OTHER_KINDS) == set()


def test_an_unknown_kind_is_guessed_and_marked() -> None:
    text = """
apiVersion: example.com/v1
kind: Gadget
metadata: {name: x}
spec:
  image: r.io/a/b:1
  logo: {image: https://example.com/logo.png}
  pods: [{containers: [{name: c, image: r.io/a/c:1}], volumes: [{name: v, image: {reference: a/v}}]}]
"""

    assert found(text) == [
        ("spec", "r.io/a/b:1", False),
        ("c", "r.io/a/c:1", False),
        ("v", "a/v", False),
    ]


@pytest.mark.parametrize(
    ("written", "reference"),
    [
        ("{repository: r.io/agent, tag: v1}", "r.io/agent:v1"),
        ("{registry: r.io, repository: a/agent}", "r.io/a/agent"),
        ("{registry: r.io/, repository: agent, tag: v1, digest: 'sha256:%s'}" % ("0" * 64),
         f"r.io/agent@sha256:{'0' * 64}"),
        ("{ref: r.io/catalog:v1, pollIntervalMinutes: 10}", "r.io/catalog:v1"),
    ],
)  # fmt: skip
def test_an_image_in_parts_is_put_together(written: str, reference: str) -> None:
    text = "apiVersion: example.com/v1\nkind: Agent\nmetadata: {name: x}\nspec:\n  image: "

    assert found(text + written) == [("spec", reference, False)]


@pytest.mark.parametrize(
    ("beside", "reference"),
    [
        ("repository: nvcr.io/nvidia, version: v1", "nvcr.io/nvidia/driver:v1"),
        (f"repository: nvcr.io/nvidia/, version: 'sha256:{'0' * 64}'", f"nvcr.io/nvidia/driver@sha256:{'0' * 64}"),
        ("repository: https://git.example.com/x", "driver"),
        ("version: v1", "driver"),
    ],
)  # fmt: skip
def test_an_image_beside_its_repository_and_version_is_put_together(
    beside: str, reference: str
) -> None:
    text = "apiVersion: nvidia.com/v1\nkind: ClusterPolicy\nmetadata: {name: x}\n"

    (use,) = found(f"{text}spec: {{driver: {{image: driver, {beside}}}}}\n")
    assert use[1] == reference


@pytest.mark.parametrize(
    "written",
    ["{repository: 'https://git.example/a.git'}", "{tag: v1}", "{repository: [a]}", "{width: 3}"],
)
def test_a_mapping_without_a_repository_is_no_image(written: str) -> None:
    text = "apiVersion: example.com/v1\nkind: Agent\nmetadata: {name: x}\nspec:\n  image: "

    assert found(text + written) == []


@pytest.mark.parametrize("kind", ["Configuration", "Function", "Provider"])
def test_a_package_of_crossplane_is_an_image(kind: str) -> None:
    text = (
        f"apiVersion: pkg.crossplane.io/v1\nkind: {kind}\nmetadata: {{name: x}}\n"
        "spec: {package: xpkg.example/a/b:v1}\n"
    )

    assert found(text) == [("spec", "xpkg.example/a/b:v1", True)]


@pytest.mark.parametrize(
    ("version", "reference"),
    [("tag: v2", "r.io/prom:v2"), ("tag: v2, sha: abc", "r.io/prom@sha256:abc"), ("", "r.io/prom")],
)
def test_an_operator_puts_a_base_image_together(version: str, reference: str) -> None:
    text = "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: x}\nspec: {baseImage: r.io/prom, %s}\n"

    assert found(text % version) == [("spec", reference, True)]


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {image: a/b}\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec: {image: a/b}\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {template: {spec: {containers: [{image: ''}, {image: 7}]}}}\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {template: {metadata: {annotations: {inject.istio.io/templates: gateway}}, spec: {containers: [{name: istio-proxy, image: auto}]}}}\n",
        "apiVersion: example.com/v1\nkind: Deep\nmetadata: {name: x}\nspec: " + "{a: " * 60 + "{image: a/b}" + "}" * 60 + "\n",
    ],
)  # fmt: skip
def test_what_is_no_image_is_not_taken_for_one(text: str) -> None:
    assert found(text) == []


OLD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec: {template: {spec: {containers: [{name: a, image: r.io/a/b:1}, {name: c, image: 'nginx'}]}}}
"""


def test_only_references_that_the_resource_did_not_have_are_new() -> None:
    head = OLD.replace("r.io/a/b:1", "r.io/a/b:2") + "---\n" + OLD.replace("name: api", "name: web")

    new = [
        (held.use.node.resource.name, held.use.reference, held.repository_before is not None)
        for held in new_images(world(OLD), world(head))
    ]

    assert new == [
        ("api", "r.io/a/b:2", True),
        ("web", "r.io/a/b:1", False),
        ("web", "nginx", False),
    ]


def test_the_origins_of_a_state_are_registry_and_first_segment() -> None:
    state = world(OLD)

    assert origins(state) == {("r.io", "a"), ("docker.io", "library")}
    assert runs_any(state)
    assert not runs_any(world())
    asked = [
        *origins(state),
        ("r.io", "b"),
        ("docker.io", "a"),
        *(("x.io", str(n)) for n in range(30)),
    ]
    assert [origin for origin in asked if runs_from(state, origin)] == [*origins(state)]


def test_a_carried_resource_names_its_own_images() -> None:
    text = """
apiVersion: triggers.tekton.dev/v1beta1
kind: TriggerTemplate
metadata: {name: nightly}
spec:
  tool: {image: r.io/a/tool:1}
  resourcetemplates:
  - apiVersion: tekton.dev/v1
    kind: TaskRun
    metadata: {generateName: run-}
    spec: {taskSpec: {steps: [{name: test, image: r.io/a/test:1}]}}
"""
    (carrier,) = world(text).resources[:1]
    uses = {
        (found.group_kind.kind, use.reference)
        for found in with_carried((carrier,), "default", Scopes())
        for use in image_uses(found)
    }

    assert uses == {("TriggerTemplate", "r.io/a/tool:1"), ("TaskRun", "r.io/a/test:1")}
