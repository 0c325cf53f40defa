"""Which kinds are cluster-scoped: built-in, well-known ones and those of CRDs of the tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from bot.core import values
from bot.core.resource import GroupKind
from bot.core.values import Body
from bot.records import dataclass

CUSTOM_RESOURCE_DEFINITION: Final = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")

# Those of all releases: a test compares with the published schemas of 1.30 to 1.37.
_BUILT_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("ComponentStatus", "Namespace", "Node", "PersistentVolume"),
    "admissionregistration.k8s.io": (
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    ),
    "apiextensions.k8s.io": ("CustomResourceDefinition",),
    "apiregistration.k8s.io": ("APIService",),
    "authentication.k8s.io": ("SelfSubjectReview", "TokenReview"),
    "authorization.k8s.io": (
        "SelfSubjectAccessReview",
        "SelfSubjectRulesReview",
        "SubjectAccessReview",
    ),
    "certificates.k8s.io": ("CertificateSigningRequest", "ClusterTrustBundle"),
    "extensions": ("PodSecurityPolicy",),
    "flowcontrol.apiserver.k8s.io": ("FlowSchema", "PriorityLevelConfiguration"),
    "internal.apiserver.k8s.io": ("StorageVersion",),
    "networking.k8s.io": ("ClusterCIDR", "IPAddress", "IngressClass", "ServiceCIDR"),
    "node.k8s.io": ("RuntimeClass",),
    "policy": ("PodSecurityPolicy",),
    "rbac.authorization.k8s.io": ("ClusterRole", "ClusterRoleBinding"),
    "resource.k8s.io": (
        "DeviceClass",
        "DeviceTaintRule",
        "ResourceClass",
        "ResourcePoolStatusRequest",
        "ResourceSlice",
    ),
    "scheduling.k8s.io": ("PriorityClass",),
    "storage.k8s.io": (
        "CSIDriver",
        "CSINode",
        "StorageClass",
        "VolumeAttachment",
        "VolumeAttributesClass",
    ),
    "storagemigration.k8s.io": ("StorageVersionMigration",),
}

# Kinds of common operators, whose CRDs are mostly installed by a chart and not in the tree.
_WELL_KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "cert-manager.io": ("ClusterIssuer",),
    "cilium.io": (
        "CiliumClusterwideEnvoyConfig",
        "CiliumClusterwideNetworkPolicy",
        "CiliumLoadBalancerIPPool",
        "CiliumNode",
    ),
    "crd.projectcalico.org": (
        "BGPConfiguration",
        "BGPPeer",
        "GlobalNetworkPolicy",
        "GlobalNetworkSet",
        "HostEndpoint",
        "IPPool",
    ),
    "projectcalico.org": ("GlobalNetworkPolicy", "GlobalNetworkSet", "HostEndpoint", "IPPool"),
    "external-secrets.io": ("ClusterExternalSecret", "ClusterPushSecret", "ClusterSecretStore"),
    "gateway.networking.k8s.io": ("GatewayClass",),
    "hive.openshift.io": ("ClusterImageSet", "HiveConfig", "SelectorSyncSet"),
    "karpenter.k8s.aws": ("EC2NodeClass",),
    "karpenter.sh": ("NodeClaim", "NodePool"),
    "kyverno.io": ("ClusterCleanupPolicy", "ClusterPolicy", "GlobalContextEntry"),
    "policies.kyverno.io": (
        "DeletingPolicy",
        "GeneratingPolicy",
        "ImageValidatingPolicy",
        "MutatingPolicy",
        "ValidatingPolicy",
    ),
    "policies.kubewarden.io": (
        "ClusterAdmissionPolicy",
        "ClusterAdmissionPolicyGroup",
        "PolicyServer",
    ),
    "policy.sigstore.dev": ("ClusterImagePolicy", "TrustRoot"),
    "expansion.gatekeeper.sh": ("ExpansionTemplate",),
    "externaldata.gatekeeper.sh": ("Provider",),
    "syncset.gatekeeper.sh": ("SyncSet",),
    "templates.gatekeeper.sh": ("ConstraintTemplate",),
    "mutations.gatekeeper.sh": ("Assign", "AssignImage", "AssignMetadata", "ModifySet"),
    "policy.networking.k8s.io": (
        "AdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
        "ClusterNetworkPolicy",
    ),
    "security.openshift.io": ("SecurityContextConstraints",),
    "snapshot.storage.k8s.io": ("VolumeSnapshotClass", "VolumeSnapshotContent"),
    "trust.cert-manager.io": ("Bundle",),
}

# Every kind of these groups is cluster-scoped; Gatekeeper makes one for each of its templates.
_CLUSTER_GROUPS: Final = frozenset({"constraints.gatekeeper.sh"})

# Groups that Kubernetes itself serves; CRDs cannot define kinds in them.
_BUILT_IN_GROUPS: Final = frozenset(
    {*_BUILT_IN, "apps", "autoscaling", "batch", "coordination.k8s.io", "discovery.k8s.io"}
    | {"events.k8s.io"}
)

_CLUSTER_SCOPED: Final = frozenset(
    GroupKind(group, kind)
    for table in (_BUILT_IN, _WELL_KNOWN)
    for group, kinds in table.items()
    for kind in kinds
)


# By lower case: a kind whose case is wrong is served by no API, and reported by its right name.
_MISSPELT: Final = frozenset(
    (group, kind.casefold()) for group, kinds in _BUILT_IN.items() for kind in kinds
)


@dataclass(frozen=True, slots=True)
class Scopes:
    """The scopes of custom kinds; a kind that nothing describes is namespaced."""

    cluster: frozenset[GroupKind] = frozenset()
    namespaced: frozenset[GroupKind] = frozenset()

    def is_cluster_scoped(self, kind: GroupKind) -> bool:
        """Return whether resources of this kind have no namespace."""
        known = kind in _CLUSTER_SCOPED or kind.group in _CLUSTER_GROUPS
        if kind in self.cluster or (known and kind not in self.namespaced):
            return True
        return _is_misspelt(kind)


@lru_cache(maxsize=4096)
def _is_misspelt(kind: GroupKind) -> bool:
    """Whether this is a built-in cluster-scoped kind in other letters."""
    return kind.group in _BUILT_IN and (kind.group, kind.kind.casefold()) in _MISSPELT


def is_built_in_cluster_scoped(kind: GroupKind) -> bool:
    """Return whether this is a cluster-scoped kind of Kubernetes itself."""
    return kind.kind in _BUILT_IN.get(kind.group, ())


def scopes_of(definitions: Iterable[Body]) -> Scopes:
    """Return the scopes that these CustomResourceDefinitions declare; the last declaration wins."""
    scopes: dict[GroupKind, str] = {}
    for body in definitions:
        spec = values.mapping(body.get("spec"))
        kind = values.text(values.mapping(spec.get("names")).get("kind"))
        group, scope = values.text(spec.get("group")), values.text(spec.get("scope"))
        if kind and group and scope and group not in _BUILT_IN_GROUPS:
            scopes[GroupKind(group, kind)] = scope
    return Scopes(
        frozenset(kind for kind, scope in scopes.items() if scope == "Cluster"),
        frozenset(kind for kind, scope in scopes.items() if scope == "Namespaced"),
    )
