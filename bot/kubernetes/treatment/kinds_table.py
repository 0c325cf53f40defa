"""Kinds that act on pods, traffic or rights and that no rule judges.

A change of one of them is a problem: a pass would say that somebody looked. Kinds of groups that
are not listed act on none of these, or on nothing but their own application.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.resource import GroupKind
from bot.records import dataclass

TreatmentEffect: TypeAlias = Literal["pods", "traffic", "rights"]


@dataclass(frozen=True, slots=True)
class UnjudgedKind:
    """A kind that no rule judges: the product that defines it, and what objects of it act on."""

    product: str
    effect: TreatmentEffect


# https://docs.tigera.io/calico/latest/reference/resources/
_CALICO: Final = (
    *("GlobalNetworkPolicy", "NetworkPolicy", "StagedGlobalNetworkPolicy", "GlobalNetworkSet"),
    *("NetworkSet", "HostEndpoint", "Tier", "BGPPeer", "BGPConfiguration", "IPPool"),
)

_TRAFFIC: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "crd.projectcalico.org": ("Calico", _CALICO),
    "projectcalico.org": ("Calico", _CALICO),
    "crd.antrea.io": (
        "Antrea",
        ("ClusterNetworkPolicy", "NetworkPolicy", "ClusterGroup", "Group", "Tier", "Egress"),
    ),
    "cilium.io": (
        "Cilium",
        (
            *("CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig", "CiliumEgressGatewayPolicy"),
            *("CiliumLocalRedirectPolicy", "CiliumCIDRGroup"),
        ),
    ),
    "security.istio.io": (
        "Istio",
        ("RequestAuthentication",),
    ),
    "networking.istio.io": (
        "Istio",
        (
            *("EnvoyFilter", "ServiceEntry", "Sidecar", "ProxyConfig"),
            *("WorkloadEntry", "WorkloadGroup"),
        ),
    ),
    "policy.linkerd.io": (
        "Linkerd",
        (
            *("AuthorizationPolicy", "Server", "ServerAuthorization", "MeshTLSAuthentication"),
            *("NetworkAuthentication", "HTTPRoute", "EgressNetwork"),
        ),
    ),
    "kuma.io": (
        "Kuma",
        ("MeshTrafficPermission", "MeshHTTPRoute", "MeshTCPRoute", "MeshGatewayRoute", "Mesh"),
    ),
    "consul.hashicorp.com": (
        "Consul",
        ("ServiceIntentions", "IngressGateway", "TerminatingGateway", "ServiceRouter", "Mesh"),
    ),
    "k8s.ovn.org": (
        "OVN-Kubernetes",
        (
            *("EgressFirewall", "EgressIP", "EgressQoS", "EgressService"),
            *("AdminPolicyBasedExternalRoute",),
        ),
    ),
    "network.openshift.io": ("OpenShift", ("EgressNetworkPolicy", "NetNamespace")),
    "gateway.envoyproxy.io": (
        "Envoy Gateway",
        ("SecurityPolicy", "EnvoyPatchPolicy", "EnvoyProxy", "BackendTrafficPolicy"),
    ),
    "getambassador.io": ("Emissary", ("Mapping", "TCPMapping", "Host", "Listener")),
    "configuration.konghq.com": (
        "Kong",
        ("TCPIngress", "UDPIngress", "KongPlugin", "KongClusterPlugin", "KongIngress"),
    ),
    "apisix.apache.org": ("APISIX", ("ApisixRoute", "ApisixPluginConfig", "ApisixGlobalRule")),
    "gateway.solo.io": ("Gloo", ("VirtualService", "RouteTable", "Gateway")),
    "cis.f5.com": ("F5", ("VirtualServer", "TransportServer", "IngressLink")),
    "k8s.nginx.org": (
        "NGINX",
        ("VirtualServer", "VirtualServerRoute", "TransportServer", "Policy"),
    ),
    "voyager.appscode.com": ("Voyager", ("Ingress",)),
    "networking.x-k8s.io": ("Gateway API experimental", ("XListenerSet",)),
    "tailscale.com": ("Tailscale", ("Connector", "ProxyGroup", "ProxyClass")),
    "skupper.io": ("Skupper", ("Listener", "Connector", "Site", "Link")),
    "submariner.io": ("Submariner", ("Gateway", "GlobalIngressIP")),
    "multicluster.x-k8s.io": ("Multi-Cluster Services", ("ServiceExport",)),
}

_RIGHTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "managed.openshift.io": ("OpenShift Dedicated", ("SubjectPermission",)),
    "authorization.openshift.io": (
        "OpenShift",
        ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "RoleBindingRestriction"),
    ),
    "user.openshift.io": ("OpenShift", ("Group", "User", "Identity", "UserIdentityMapping")),
    "oauth.openshift.io": ("OpenShift", ("OAuthClient", "OAuthClientAuthorization")),
    "operators.coreos.com": ("OLM", ("OperatorGroup", "Subscription", "ClusterServiceVersion")),
    "olm.operatorframework.io": ("OLM", ("ClusterExtension", "ClusterCatalog")),
    "rbacmanager.reactiveops.io": ("RBAC Manager", ("RBACDefinition",)),
    "management.cattle.io": (
        "Rancher",
        (
            *("ClusterRoleTemplateBinding", "ProjectRoleTemplateBinding", "GlobalRoleBinding"),
            *("GlobalRole", "RoleTemplate"),
        ),
    ),
    "capsule.clastix.io": ("Capsule", ("Tenant", "GlobalTenantResource", "TenantResource")),
    "hnc.x-k8s.io": ("HNC", ("HierarchyConfiguration", "HNCConfiguration", "SubnamespaceAnchor")),
    "iam.cnrm.cloud.google.com": (
        "Config Connector",
        ("IAMCustomRole",),
    ),
    "resources.teleport.dev": ("Teleport", ("TeleportRole", "TeleportRoleV7", "TeleportUser")),
    "rbac.open-cluster-management.io": ("Open Cluster Management", ("ClusterPermission",)),
    "tenancy.kiosk.sh": ("Kiosk", ("Account", "Space")),
    "hive.openshift.io": ("Hive", ("SyncIdentityProvider", "SelectorSyncIdentityProvider")),
}

_PODS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "helm.cattle.io": ("K3s", ("HelmChart", "HelmChartConfig")),
    "fleet.cattle.io": ("Fleet", ("Bundle", "GitRepo", "HelmOp")),
    "k3s.cattle.io": ("K3s", ("Addon",)),
    "helm.crossplane.io": ("Crossplane", ("Release",)),
    "helm.m.crossplane.io": ("Crossplane", ("Release",)),
    "pkg.crossplane.io": ("Crossplane", ("Provider", "Configuration", "Function")),
    "policies.kyverno.io": ("Kyverno", ("GeneratingPolicy", "NamespacedGeneratingPolicy")),
    "apps.open-cluster-management.io": ("Open Cluster Management", ("Subscription", "Channel")),
    "core.rukpak.io": ("RukPak", ("Bundle", "BundleDeployment")),
    "kappctrl.k14s.io": ("Carvel", ("App",)),
    "packaging.carvel.dev": ("Carvel", ("PackageInstall",)),
    "core.oam.dev": ("KubeVela", ("Application", "ComponentDefinition", "TraitDefinition")),
    "kro.run": ("kro", ("ResourceGraphDefinition",)),
    "lib.projectsveltos.io": ("Sveltos", ("ClusterProfile", "Profile")),
    "config.projectsveltos.io": ("Sveltos", ("ClusterProfile", "Profile")),
    "addons.cluster.x-k8s.io": ("Cluster API", ("HelmChartProxy", "HelmReleaseProxy")),
    "machineconfiguration.openshift.io": ("OpenShift", ("MachineConfig", "KubeletConfig")),
}


def _table() -> Mapping[GroupKind, UnjudgedKind]:
    effects: tuple[tuple[TreatmentEffect, Mapping[str, tuple[str, tuple[str, ...]]]], ...] = (
        ("traffic", _TRAFFIC),
        ("rights", _RIGHTS),
        ("pods", _PODS),
    )
    return MappingProxyType(
        {
            GroupKind(group, kind): UnjudgedKind(product, effect)
            for effect, groups in effects
            for group, (product, kinds) in groups.items()
            for kind in kinds
        }
    )


UNJUDGED_KINDS: Final = _table()
"""The kinds of which a change is a problem, each with its product and effect."""
