"""Network policies of other projects, of which the effect is not computed."""

from __future__ import annotations

from typing import Final

from bot.core.resource import GroupKind, Resource
from bot.core.state import State

# Kinds that may let traffic through or stop it, and that are not modelled.
_UNMODELLED: Final = (
    GroupKind("projectcalico.org", "NetworkPolicy"),
    GroupKind("crd.projectcalico.org", "NetworkPolicy"),
    GroupKind("crd.antrea.io", "NetworkPolicy"),
    GroupKind("k8s.ovn.org", "EgressFirewall"),
    GroupKind("k8s.ovn.org", "UserDefinedNetwork"),
    GroupKind("k8s.cni.cncf.io", "NetworkAttachmentDefinition"),
    GroupKind("kubevirt.io", "VirtualMachine"),
    GroupKind("kuma.io", "MeshTrafficPermission"),
    GroupKind("policy.linkerd.io", "AuthorizationPolicy"),
    GroupKind("policy.linkerd.io", "Server"),
    GroupKind("policy.linkerd.io", "ServerAuthorization"),
    GroupKind("security.istio.io", "AuthorizationPolicy"),
    GroupKind("security.istio.io", "PeerAuthentication"),
)
_UNMODELLED_EVERYWHERE: Final = (
    GroupKind("k8s.ovn.org", "ClusterUserDefinedNetwork"),
    GroupKind("projectcalico.org", "GlobalNetworkPolicy"),
    GroupKind("crd.projectcalico.org", "GlobalNetworkPolicy"),
    GroupKind("crd.antrea.io", "ClusterNetworkPolicy"),
)

UNMODELLED: Final = (*_UNMODELLED, *_UNMODELLED_EVERYWHERE)
"""The kinds of policy whose effect is not known."""


def unmodelled_policy(state: State, namespace: str) -> Resource | None:
    """A resource that may act on the traffic of this namespace and that Fairlead does not model."""
    unmodelled = (*state.of(*_UNMODELLED, namespace=namespace), *state.of(*_UNMODELLED_EVERYWHERE))
    return min(unmodelled, key=lambda resource: resource.key.sort_key, default=None)
