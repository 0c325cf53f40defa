"""The kinds that Fairlead knows by name, with their API groups."""

from __future__ import annotations

from typing import Final

from bot.core.resource import GroupKind

# Core
CONFIG_MAP: Final = GroupKind("", "ConfigMap")
ENDPOINTS: Final = GroupKind("", "Endpoints")
LIMIT_RANGE: Final = GroupKind("", "LimitRange")
NAMESPACE: Final = GroupKind("", "Namespace")
PERSISTENT_VOLUME: Final = GroupKind("", "PersistentVolume")
PERSISTENT_VOLUME_CLAIM: Final = GroupKind("", "PersistentVolumeClaim")
POD: Final = GroupKind("", "Pod")
POD_TEMPLATE: Final = GroupKind("", "PodTemplate")
REPLICATION_CONTROLLER: Final = GroupKind("", "ReplicationController")
RESOURCE_QUOTA: Final = GroupKind("", "ResourceQuota")
SECRET: Final = GroupKind("", "Secret")
SERVICE: Final = GroupKind("", "Service")
SERVICE_ACCOUNT: Final = GroupKind("", "ServiceAccount")

# Workloads
DAEMON_SET: Final = GroupKind("apps", "DaemonSet")
DEPLOYMENT: Final = GroupKind("apps", "Deployment")
REPLICA_SET: Final = GroupKind("apps", "ReplicaSet")
STATEFUL_SET: Final = GroupKind("apps", "StatefulSet")
CRON_JOB: Final = GroupKind("batch", "CronJob")
JOB: Final = GroupKind("batch", "Job")

# RBAC
CLUSTER_ROLE: Final = GroupKind("rbac.authorization.k8s.io", "ClusterRole")
CLUSTER_ROLE_BINDING: Final = GroupKind("rbac.authorization.k8s.io", "ClusterRoleBinding")
ROLE: Final = GroupKind("rbac.authorization.k8s.io", "Role")
ROLE_BINDING: Final = GroupKind("rbac.authorization.k8s.io", "RoleBinding")

# Tekton
TEKTON_TASK: Final = GroupKind("tekton.dev", "Task")
TEKTON_CLUSTER_TASK: Final = GroupKind("tekton.dev", "ClusterTask")
TEKTON_TASK_RUN: Final = GroupKind("tekton.dev", "TaskRun")
TEKTON_PIPELINE: Final = GroupKind("tekton.dev", "Pipeline")
TEKTON_PIPELINE_RUN: Final = GroupKind("tekton.dev", "PipelineRun")

# OpenShift
SECURITY_CONTEXT_CONSTRAINTS: Final = GroupKind(
    "security.openshift.io", "SecurityContextConstraints"
)

# Networking
ENDPOINT_SLICE: Final = GroupKind("discovery.k8s.io", "EndpointSlice")
INGRESS: Final = GroupKind("networking.k8s.io", "Ingress")
INGRESS_CLASS: Final = GroupKind("networking.k8s.io", "IngressClass")
NETWORK_POLICY: Final = GroupKind("networking.k8s.io", "NetworkPolicy")
ADMIN_NETWORK_POLICY: Final = GroupKind("policy.networking.k8s.io", "AdminNetworkPolicy")
BASELINE_ADMIN_NETWORK_POLICY: Final = GroupKind(
    "policy.networking.k8s.io", "BaselineAdminNetworkPolicy"
)
CLUSTER_NETWORK_POLICY: Final = GroupKind("policy.networking.k8s.io", "ClusterNetworkPolicy")
CILIUM_NETWORK_POLICY: Final = GroupKind("cilium.io", "CiliumNetworkPolicy")
CILIUM_CLUSTERWIDE_NETWORK_POLICY: Final = GroupKind("cilium.io", "CiliumClusterwideNetworkPolicy")
OPENSHIFT_ROUTE: Final = GroupKind("route.openshift.io", "Route")
GATEWAY: Final = GroupKind("gateway.networking.k8s.io", "Gateway")
GRPC_ROUTE: Final = GroupKind("gateway.networking.k8s.io", "GRPCRoute")
HTTP_ROUTE: Final = GroupKind("gateway.networking.k8s.io", "HTTPRoute")
TCP_ROUTE: Final = GroupKind("gateway.networking.k8s.io", "TCPRoute")
TLS_ROUTE: Final = GroupKind("gateway.networking.k8s.io", "TLSRoute")
UDP_ROUTE: Final = GroupKind("gateway.networking.k8s.io", "UDPRoute")
REFERENCE_GRANT: Final = GroupKind("gateway.networking.k8s.io", "ReferenceGrant")

# Pod Security's admission plugin, which is configured by files of the API server
ADMISSION_CONFIGURATION: Final = GroupKind("apiserver.config.k8s.io", "AdmissionConfiguration")
POD_SECURITY_CONFIGURATION: Final = GroupKind(
    "pod-security.admission.config.k8s.io", "PodSecurityConfiguration"
)

# Policy, scheduling, autoscaling, storage
POD_DISRUPTION_BUDGET: Final = GroupKind("policy", "PodDisruptionBudget")
HORIZONTAL_POD_AUTOSCALER: Final = GroupKind("autoscaling", "HorizontalPodAutoscaler")
PRIORITY_CLASS: Final = GroupKind("scheduling.k8s.io", "PriorityClass")
STORAGE_CLASS: Final = GroupKind("storage.k8s.io", "StorageClass")
CUSTOM_RESOURCE_DEFINITION: Final = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")

# Argo and Flux
APP_PROJECT: Final = GroupKind("argoproj.io", "AppProject")
APPLICATION: Final = GroupKind("argoproj.io", "Application")
APPLICATION_SET: Final = GroupKind("argoproj.io", "ApplicationSet")
ROLLOUT: Final = GroupKind("argoproj.io", "Rollout")
WORKFLOW: Final = GroupKind("argoproj.io", "Workflow")
WORKFLOW_TEMPLATE: Final = GroupKind("argoproj.io", "WorkflowTemplate")
CLUSTER_WORKFLOW_TEMPLATE: Final = GroupKind("argoproj.io", "ClusterWorkflowTemplate")
CRON_WORKFLOW: Final = GroupKind("argoproj.io", "CronWorkflow")
FLUX_KUSTOMIZATION: Final = GroupKind("kustomize.toolkit.fluxcd.io", "Kustomization")
GIT_REPOSITORY: Final = GroupKind("source.toolkit.fluxcd.io", "GitRepository")
OCI_REPOSITORY: Final = GroupKind("source.toolkit.fluxcd.io", "OCIRepository")
BUCKET: Final = GroupKind("source.toolkit.fluxcd.io", "Bucket")
HELM_REPOSITORY: Final = GroupKind("source.toolkit.fluxcd.io", "HelmRepository")
FLUX_INSTANCE: Final = GroupKind("fluxcd.controlplane.io", "FluxInstance")
RESOURCE_SET: Final = GroupKind("fluxcd.controlplane.io", "ResourceSet")
HELM_RELEASE: Final = GroupKind("helm.toolkit.fluxcd.io", "HelmRelease")

# Config Sync
ROOT_SYNC: Final = GroupKind("configsync.gke.io", "RootSync")
REPO_SYNC: Final = GroupKind("configsync.gke.io", "RepoSync")

# Other kinds that hold pod templates
DEPLOYMENT_CONFIG: Final = GroupKind("apps.openshift.io", "DeploymentConfig")
JOB_SET: Final = GroupKind("jobset.x-k8s.io", "JobSet")
KNATIVE_CONFIGURATION: Final = GroupKind("serving.knative.dev", "Configuration")
KNATIVE_SERVICE: Final = GroupKind("serving.knative.dev", "Service")
LEADER_WORKER_SET: Final = GroupKind("leaderworkerset.x-k8s.io", "LeaderWorkerSet")
SCALED_JOB: Final = GroupKind("keda.sh", "ScaledJob")


APPLICATIONS: Final = (APPLICATION, APPLICATION_SET)
"""The kinds by which Argo CD applies a source."""

FLUX_OWNERS: Final = (FLUX_KUSTOMIZATION, HELM_RELEASE)
"""The kinds by which Flux applies a source."""

CONFIG_SYNCS: Final = (ROOT_SYNC, REPO_SYNC)
"""The kinds by which Config Sync applies a source."""

RBAC: Final = (ROLE, CLUSTER_ROLE, ROLE_BINDING, CLUSTER_ROLE_BINDING)
"""The kinds that grant."""
