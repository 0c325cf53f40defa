"""The table of image positions: in a PodSpec, and in kinds that do not hold pod templates."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import GroupKind

_CONTAINERS: Final = "containers.*.image"
TASK: Final = ("steps.*.image", "sidecars.*.image", "stepTemplate.image")
POD_SPEC: Final = (
    _CONTAINERS,
    "initContainers.*.image",
    "ephemeralContainers.*.image",
    "volumes.*.image.reference",
)


def _under(prefix: str, *paths: str) -> tuple[str, ...]:
    return tuple(f"{prefix}.{path}" for path in paths)


def _pods(*prefixes: str) -> tuple[str, ...]:
    return tuple(path for prefix in prefixes for path in _under(prefix, *POD_SPEC))


_RAY_CLUSTER: Final = ("headGroupSpec.template.spec", "workerGroupSpecs.*.template.spec")
_SPARK: Final = ("image", "driver.image", "executor.image", "driver.initContainers.*.image")
_OPERATED: Final = (
    "spec.image",
    "spec.baseImage",
    "spec.containers.*.image",
    "spec.initContainers.*.image",
)

CROSSPLANE_PACKAGES: Final = frozenset(
    GroupKind("pkg.crossplane.io", kind) for kind in ("Configuration", "Function", "Provider")
)
"""Packages are images that Crossplane pulls and runs: https://docs.crossplane.io/latest/packages/"""

# From the custom resource definitions of these projects; other kinds use the fallback below.
# `*` stands for every item of a list or every field of a mapping.
OTHER_KINDS: Final[Mapping[GroupKind, tuple[str, ...]]] = MappingProxyType(
    {
        GroupKind("serving.knative.dev", "Revision"): _pods("spec"),
        GroupKind("sources.knative.dev", "ContainerSource"): _pods("spec.template.spec"),
        GroupKind("kubeflow.org", "Notebook"): _pods("spec.template.spec"),
        GroupKind("serving.kserve.io", "InferenceService"): (
            *_pods("spec.predictor", "spec.transformer", "spec.explainer"),
            "spec.predictor.model.image",
        ),
        GroupKind("serving.kserve.io", "ServingRuntime"): (f"spec.{_CONTAINERS}",),
        GroupKind("serving.kserve.io", "ClusterServingRuntime"): (f"spec.{_CONTAINERS}",),
        GroupKind("ray.io", "RayCluster"): _pods(*_under("spec", *_RAY_CLUSTER)),
        GroupKind("ray.io", "RayJob"): _pods(*_under("spec.rayClusterSpec", *_RAY_CLUSTER)),
        GroupKind("ray.io", "RayService"): _pods(*_under("spec.rayClusterConfig", *_RAY_CLUSTER)),
        GroupKind("sparkoperator.k8s.io", "SparkApplication"): _under("spec", *_SPARK),
        GroupKind("sparkoperator.k8s.io", "ScheduledSparkApplication"): _under(
            "spec.template", *_SPARK
        ),
        GroupKind("tekton.dev", "StepAction"): ("spec.image",),
        GroupKind("kubevirt.io", "VirtualMachine"): (
            "spec.template.spec.volumes.*.containerDisk.image",
        ),
        GroupKind("kubevirt.io", "VirtualMachineInstance"): ("spec.volumes.*.containerDisk.image",),
        GroupKind("monitoring.coreos.com", "Prometheus"): (
            *_OPERATED,
            "spec.thanos.image",
            "spec.thanos.baseImage",
        ),
        GroupKind("monitoring.coreos.com", "PrometheusAgent"): _OPERATED,
        GroupKind("monitoring.coreos.com", "Alertmanager"): _OPERATED,
        GroupKind("monitoring.coreos.com", "ThanosRuler"): _OPERATED,
        GroupKind("operators.coreos.com", "CatalogSource"): ("spec.image",),
        GroupKind("operators.coreos.com", "ClusterServiceVersion"): _pods(
            "spec.install.spec.deployments.*.spec.template.spec"
        ),
        GroupKind("postgresql.cnpg.io", "Cluster"): ("spec.imageName",),
        GroupKind("acid.zalan.do", "postgresql"): (
            "spec.dockerImage",
            "spec.sidecars.*.image",
            "spec.initContainers.*.image",
        ),
        GroupKind("kafka.strimzi.io", "Kafka"): (
            "spec.kafka.image",
            "spec.zookeeper.image",
            "spec.entityOperator.*.image",
            "spec.cruiseControl.image",
            "spec.kafkaExporter.image",
        ),
        GroupKind("opentelemetry.io", "OpenTelemetryCollector"): (
            "spec.image",
            "spec.initContainers.*.image",
            "spec.additionalContainers.*.image",
        ),
        GroupKind("opentelemetry.io", "Instrumentation"): ("spec.*.image",),
        GroupKind("grafana.integreatly.org", "Grafana"): _pods(
            "spec.deployment.spec.template.spec"
        ),
        **dict.fromkeys(CROSSPLANE_PACKAGES, ("spec.package",)),
        GroupKind("agones.dev", "GameServer"): _pods("spec.template.spec"),
        GroupKind("agones.dev", "Fleet"): _pods("spec.template.spec.template.spec"),
        GroupKind("apps.kruise.io", "CloneSet"): _pods("spec.template.spec"),
        GroupKind("apps.kruise.io", "StatefulSet"): _pods("spec.template.spec"),
        GroupKind("apps.kruise.io", "DaemonSet"): _pods("spec.template.spec"),
        GroupKind("apps.kruise.io", "BroadcastJob"): _pods("spec.template.spec"),
        GroupKind("apps.kruise.io", "AdvancedCronJob"): _pods(
            "spec.template.jobTemplate.spec.template.spec"
        ),
        GroupKind("apps.kruise.io", "SidecarSet"): (
            f"spec.{_CONTAINERS}",
            "spec.initContainers.*.image",
        ),
    }
)

WORKFLOW: Final = (
    "container.image",
    "script.image",
    "sidecars.*.image",
    "containerSet.containers.*.image",
)
"""In a template of Argo Workflows, beside what it shares with a PodSpec."""
