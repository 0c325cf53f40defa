"""Kinds without whose objects more is allowed."""

from __future__ import annotations

from typing import Final

from bot.core.resource import GroupKind
from bot.kubernetes import kinds

_GUARDING: Final = frozenset(
    {
        "admissionregistration.k8s.io",
        "config.gatekeeper.sh",
        "constraints.gatekeeper.sh",
        "kyverno.io",
        "policies.kyverno.io",
        "templates.gatekeeper.sh",
    }
)

LIMITING_KINDS: Final = (
    kinds.RESOURCE_QUOTA,
    kinds.LIMIT_RANGE,
    kinds.NETWORK_POLICY,
    kinds.ADMIN_NETWORK_POLICY,
    kinds.BASELINE_ADMIN_NETWORK_POLICY,
    kinds.CLUSTER_NETWORK_POLICY,
    kinds.CILIUM_NETWORK_POLICY,
    kinds.CILIUM_CLUSTERWIDE_NETWORK_POLICY,
    GroupKind("crd.projectcalico.org", "NetworkPolicy"),
    GroupKind("crd.projectcalico.org", "GlobalNetworkPolicy"),
    GroupKind("projectcalico.org", "NetworkPolicy"),
    GroupKind("projectcalico.org", "GlobalNetworkPolicy"),
    GroupKind("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    GroupKind("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    GroupKind("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    GroupKind("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    GroupKind("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    GroupKind("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    GroupKind("kyverno.io", "ClusterPolicy"),
    GroupKind("kyverno.io", "Policy"),
    GroupKind("policies.kyverno.io", "ValidatingPolicy"),
    GroupKind("policies.kyverno.io", "ImageValidatingPolicy"),
    GroupKind("templates.gatekeeper.sh", "ConstraintTemplate"),
    GroupKind("config.gatekeeper.sh", "Config"),
    GroupKind("constraints.gatekeeper.sh", "K8sConstraint"),
)
"""The best-known of these kinds, for patterns; a ConstraintTemplate gives its constraint a name."""


def limits_others(kind: GroupKind) -> bool:
    """Whether objects of a kind refuse traffic, requests or resources that are allowed without."""
    return (
        kind in {kinds.RESOURCE_QUOTA, kinds.LIMIT_RANGE}
        or kind.kind.endswith("NetworkPolicy")
        or (kind.group in _GUARDING and not kind.kind.endswith("Exception"))
    )
