"""The table of API versions: which minor versions of Kubernetes serve which version of a kind.

Source: the lifecycle that k8s.io/api declares for each type (`APILifecycleIntroduced`,
`APILifecycleRemoved`), read in its releases 0.19 to 0.37. Alpha versions often go earlier than they
declare: for 1.30 to 1.37 the table is what the published schemas have, which a test compares. The
kinds of apiextensions and
apiregistration, and what was removed before 0.19, come from
https://kubernetes.io/docs/reference/using-api/deprecation-guide/
"""

# ruff: noqa: E501 - a row of the table is one line

from __future__ import annotations

from typing import Final

OLDEST: Final = 30
NEWEST: Final = 37
"""The supported minor versions of Kubernetes."""

# Each line is a kind with its versions. After a version: the first minor that serves it, a dash,
# and the first minor that does not; a missing number means since ever, or until now.
TABLE: Final = """
ConfigMap: v1 2-
Endpoints: v1 -
Event: v1 -
LimitRange: v1 -
Namespace: v1 -
Node: v1 -
PersistentVolume: v1 -
PersistentVolumeClaim: v1 -
Pod: v1 -
PodTemplate: v1 -
ReplicationController: v1 -
ResourceQuota: v1 -
Secret: v1 -
Service: v1 -
ServiceAccount: v1 -
admissionregistration.k8s.io/MutatingAdmissionPolicy: v1alpha1 32-38, v1beta1 34-40, v1 36-
admissionregistration.k8s.io/MutatingAdmissionPolicyBinding: v1alpha1 32-38, v1beta1 34-40, v1 36-
admissionregistration.k8s.io/MutatingWebhookConfiguration: v1beta1 9-22, v1 16-
admissionregistration.k8s.io/ValidatingAdmissionPolicy: v1alpha1 26-32, v1beta1 28-34, v1 30-
admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding: v1alpha1 26-32, v1beta1 28-34, v1 30-
admissionregistration.k8s.io/ValidatingWebhookConfiguration: v1beta1 9-22, v1 16-
apiextensions.k8s.io/CustomResourceDefinition: v1beta1 7-22, v1 16-
apiregistration.k8s.io/APIService: v1beta1 7-22, v1 10-
apps/DaemonSet: v1beta2 8-16, v1 9-
apps/Deployment: v1beta1 6-16, v1beta2 8-16, v1 9-
apps/ReplicaSet: v1beta2 8-16, v1 9-
apps/StatefulSet: v1beta1 5-16, v1beta2 8-16, v1 9-
autoscaling/HorizontalPodAutoscaler: v2beta1 8-25, v2beta2 12-26, v1 2-, v2 23-
batch/CronJob: v2alpha1 8-21, v1beta1 8-25, v1 21-
batch/Job: v1 2-
certificates.k8s.io/CertificateSigningRequest: v1beta1 12-22, v1 19-
certificates.k8s.io/ClusterTrustBundle: v1alpha1 26-37, v1beta1 33-40, v1 37-
certificates.k8s.io/PodCertificateRequest: v1alpha1 34-35, v1beta1 35-40, v1 37-
coordination.k8s.io/Lease: v1beta1 12-22, v1 14-
discovery.k8s.io/EndpointSlice: v1alpha1 16-20, v1beta1 16-25, v1 21-
events.k8s.io/Event: v1beta1 8-25, v1 19-
extensions/DaemonSet: v1beta1 1-16
extensions/Deployment: v1beta1 1-16
extensions/Ingress: v1beta1 1-22
extensions/NetworkPolicy: v1beta1 3-16
extensions/PodSecurityPolicy: v1beta1 2-16
extensions/ReplicaSet: v1beta1 2-16
flowcontrol.apiserver.k8s.io/FlowSchema: v1alpha1 18-21, v1beta1 20-26, v1beta2 23-29, v1beta3 26-32, v1 29-
flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration: v1alpha1 18-21, v1beta1 20-26, v1beta2 23-29, v1beta3 26-32, v1 29-
networking.k8s.io/ClusterCIDR: v1alpha1 25-29
networking.k8s.io/IPAddress: v1alpha1 27-31, v1beta1 31-37, v1 33-
networking.k8s.io/Ingress: v1beta1 14-22, v1 19-
networking.k8s.io/IngressClass: v1beta1 18-22, v1 19-
networking.k8s.io/NetworkPolicy: v1 7-
networking.k8s.io/ServiceCIDR: v1alpha1 27-31, v1beta1 31-37, v1 33-
node.k8s.io/RuntimeClass: v1beta1 13-25, v1 20-
policy/PodDisruptionBudget: v1beta1 5-25, v1 21-
policy/PodSecurityPolicy: v1beta1 10-25
rbac.authorization.k8s.io/ClusterRole: v1alpha1 5-22, v1beta1 6-22, v1 8-
rbac.authorization.k8s.io/ClusterRoleBinding: v1alpha1 5-22, v1beta1 6-22, v1 8-
rbac.authorization.k8s.io/Role: v1alpha1 5-22, v1beta1 6-22, v1 8-
rbac.authorization.k8s.io/RoleBinding: v1alpha1 5-22, v1beta1 6-22, v1 8-
resource.k8s.io/DeviceClass: v1alpha3 31-34, v1beta1 32-38, v1beta2 33-39, v1 34-
resource.k8s.io/DeviceTaintRule: v1alpha3 33-39, v1beta2 36-42, v1 37-
resource.k8s.io/ResourceClaim: v1alpha2 26-31, v1alpha3 31-34, v1beta1 32-38, v1beta2 33-39, v1 34-
resource.k8s.io/ResourceClaimTemplate: v1alpha2 26-31, v1alpha3 31-34, v1beta1 32-38, v1beta2 33-39, v1 34-
resource.k8s.io/ResourceSlice: v1alpha2 30-31, v1alpha3 31-34, v1beta1 32-38, v1beta2 33-39, v1 34-
scheduling.k8s.io/CompositePodGroup: v1alpha3 37-
scheduling.k8s.io/PodGroup: v1alpha2 36-37, v1alpha3 37-, v1beta1 37-43
scheduling.k8s.io/PriorityClass: v1alpha1 9-22, v1beta1 11-22, v1 14-
scheduling.k8s.io/Workload: v1alpha1 35-36, v1alpha2 36-37, v1alpha3 37-, v1beta1 37-43
settings.k8s.io/PodPreset: v1alpha1 6-20
storage.k8s.io/CSIDriver: v1beta1 14-22, v1 18-
storage.k8s.io/CSINode: v1beta1 14-22, v1 17-
storage.k8s.io/CSIStorageCapacity: v1alpha1 19-24, v1beta1 21-27, v1 24-
storage.k8s.io/StorageClass: v1beta1 4-22, v1 6-
storage.k8s.io/VolumeAttachment: v1alpha1 9-24, v1beta1 10-22, v1 13-
storage.k8s.io/VolumeAttributesClass: v1alpha1 29-35, v1beta1 31-37, v1 34-
storagemigration.k8s.io/StorageVersionMigration: v1alpha1 30-35, v1beta1 35-40, v1 37-
"""
