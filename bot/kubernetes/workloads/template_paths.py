"""Where each kind of resource has its pod templates, and what controllers add to pods."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.resource import GroupKind
from bot.kubernetes import kinds
from bot.records import dataclass

TemplateForm: TypeAlias = Literal["template", "workflow", "task", "run"]
"""`template`: metadata and a PodSpec; `workflow`: a template of Argo Workflows; `task`: a task of
Tekton, whose steps and sidecars are the containers of one pod; `run`: how Tekton runs the pods of
tasks that are defined elsewhere."""

Restart: TypeAlias = Literal["always", "on-demand", "to-completion"]
"""Whether the pods are kept running, come and go by traffic, or run until they are done."""


@dataclass(frozen=True, slots=True)
class TemplatePath:
    """The path to the pod templates of a kind.

    `path` lists fields, with `*` for every item of a list or field of a mapping. `account` is the
    path of a service account that applies where the template names none, `shared` that of the
    fields of a PodSpec that hold for all templates.
    """

    path: tuple[str, ...]
    form: TemplateForm = "template"
    restart: Restart = "always"
    account: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


def _at(path: str, form: TemplateForm = "template", restart: Restart = "always") -> TemplatePath:
    return TemplatePath(tuple(path.split(".")) if path else (), form, restart)


def _workflow(spec: str) -> tuple[TemplatePath, ...]:
    steps, account = tuple(spec.split(".")), (*spec.split("."), "serviceAccountName")
    return (
        TemplatePath((*steps, "templates", "*"), "workflow", "to-completion", account, steps),
        TemplatePath((*steps, "templateDefaults"), "workflow", "to-completion", account, steps),
    )


def _task(path: str, run: str = "") -> TemplatePath:
    """A task; `run` is the path of the fields that say how its pods are run.

    https://tekton.dev/docs/pipelines/pipeline-api/
    """
    steps = tuple(run.split(".")) if run else ()
    account = (*steps, "serviceAccountName") if run else ()
    shared = (*steps, "podTemplate") if run else ()
    return TemplatePath(tuple(path.split(".")), "task", "to-completion", account, shared)


def _run(path: str) -> TemplatePath:
    """Where a run says how the pods of its tasks are run: their account and pod template."""
    return TemplatePath(tuple(path.split(".")), "run", "to-completion")


def _pipeline(spec: str, run: str = "") -> tuple[TemplatePath, ...]:
    return tuple(_task(f"{spec}.{tasks}.*.taskSpec", run) for tasks in ("tasks", "finally"))


_TO_COMPLETION: Final[Restart] = "to-completion"

PLACES: Final[Mapping[GroupKind, tuple[TemplatePath, ...]]] = MappingProxyType(
    {
        kinds.POD: (_at(""),),
        kinds.DEPLOYMENT: (_at("spec.template"),),
        kinds.REPLICA_SET: (_at("spec.template"),),
        kinds.STATEFUL_SET: (_at("spec.template"),),
        kinds.DAEMON_SET: (_at("spec.template"),),
        kinds.REPLICATION_CONTROLLER: (_at("spec.template"),),
        # extensions/v1beta1 (to Kubernetes 1.15): the same objects under an older name.
        **{
            GroupKind("extensions", kind): (_at("spec.template"),)
            for kind in ("Deployment", "DaemonSet", "ReplicaSet")
        },
        kinds.JOB: (_at("spec.template", restart=_TO_COMPLETION),),
        kinds.CRON_JOB: (_at("spec.jobTemplate.spec.template", restart=_TO_COMPLETION),),
        kinds.POD_TEMPLATE: (_at("template"),),
        kinds.ROLLOUT: (_at("spec.template"),),
        kinds.DEPLOYMENT_CONFIG: (_at("spec.template"),),
        kinds.KNATIVE_SERVICE: (_at("spec.template", restart="on-demand"),),
        kinds.KNATIVE_CONFIGURATION: (_at("spec.template", restart="on-demand"),),
        kinds.SCALED_JOB: (_at("spec.jobTargetRef.template", restart=_TO_COMPLETION),),
        kinds.JOB_SET: (
            _at("spec.replicatedJobs.*.template.spec.template", restart=_TO_COMPLETION),
        ),
        kinds.LEADER_WORKER_SET: (
            _at("spec.leaderWorkerTemplate.leaderTemplate"),
            _at("spec.leaderWorkerTemplate.workerTemplate"),
        ),
        **{
            GroupKind("kubeflow.org", kind): (
                _at(f"spec.{field}.*.template", restart=_TO_COMPLETION),
            )
            for kind, field in (
                ("MPIJob", "mpiReplicaSpecs"),
                ("MXJob", "mxReplicaSpecs"),
                ("PaddleJob", "paddleReplicaSpecs"),
                ("PyTorchJob", "pytorchReplicaSpecs"),
                ("TFJob", "tfReplicaSpecs"),
                ("XGBoostJob", "xgbReplicaSpecs"),
                ("JAXJob", "jaxReplicaSpecs"),
            )
        },
        kinds.WORKFLOW: _workflow("spec"),
        kinds.WORKFLOW_TEMPLATE: _workflow("spec"),
        kinds.CLUSTER_WORKFLOW_TEMPLATE: _workflow("spec"),
        kinds.CRON_WORKFLOW: _workflow("spec.workflowSpec"),
        kinds.TEKTON_TASK: (_task("spec"),),
        kinds.TEKTON_CLUSTER_TASK: (_task("spec"),),
        kinds.TEKTON_TASK_RUN: (_task("spec.taskSpec", "spec"), _run("spec")),
        kinds.TEKTON_PIPELINE: _pipeline("spec"),
        kinds.TEKTON_PIPELINE_RUN: (
            *_pipeline("spec.pipelineSpec", "spec.taskRunTemplate"),
            _run("spec"),  # v1beta1
            _run("spec.taskRunTemplate"),
            _run("spec.taskRunSpecs.*"),
        ),
    }
)
"""Every kind that is known to hold pod templates, and where: the one table for all rules."""

TEMPLATED: Final = tuple(PLACES)
"""The kinds that are known to hold pod templates."""

STARTED_BY_OTHERS: Final = frozenset(
    {
        kinds.WORKFLOW_TEMPLATE,
        kinds.CLUSTER_WORKFLOW_TEMPLATE,
        kinds.TEKTON_TASK,
        kinds.TEKTON_CLUSTER_TASK,
        kinds.TEKTON_PIPELINE,
    }
)
"""The kinds that start no pods before something else names them, which may add labels."""

# Labels that controllers add to the pods that they create, with values of their choice.
# What servers write on their own pods, to say who leads.
# https://developer.hashicorp.com/vault/docs/configuration/service-registration/kubernetes
# https://openbao.org/docs/configuration/service-registration/kubernetes/
# https://postgres-operator.readthedocs.io/en/latest/reference/operator_parameters/
_OF_SERVERS: Final = (
    *(f"vault-{name}" for name in ("active", "initialized", "perf-standby", "sealed", "version")),
    *(f"openbao-{name}" for name in ("active", "initialized", "perf-standby", "sealed", "version")),
    "postgres-operator.crunchydata.com/role",
    "spilo-role",
)
_ADDED: Final = frozenset(
    {
        "controller-revision-hash",
        "controller-uid",
        "deployment",
        "deploymentconfig",
        "io.cilium.k8s.policy.cluster",
        "io.cilium.k8s.policy.serviceaccount",
        "job-name",
        "pod-template-generation",
        "pod-template-hash",
        "rollouts-pod-template-hash",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/job-name",
        "apps.kubernetes.io/pod-index",
        "statefulset.kubernetes.io/pod-name",
        *_OF_SERVERS,
    }
)
_ADDED_DOMAINS: Final = (
    "cnpg.io",
    "istio.io",
    "jobset.sigs.k8s.io",
    "keda.sh",
    "knative.dev",
    "kubeflow.org",
    "leaderworkerset.sigs.k8s.io",
    "linkerd.io",
    "openshift.io",
    "tekton.dev",
    "workflows.argoproj.io",
    "topology.kubernetes.io",
)


@lru_cache(maxsize=4096)
def added_by_controllers(key: str) -> bool:
    """Whether pods may have this label although no template shows it."""
    domain = key.rpartition("/")[0]
    return key in _ADDED or any(
        domain == added or domain.endswith(f".{added}") for added in _ADDED_DOMAINS
    )
