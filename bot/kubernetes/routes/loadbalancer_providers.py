"""The providers of load balancers: how each is recognised, and which annotations are its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.records import dataclass

ProviderName: TypeAlias = Literal[
    "aws",
    "azure",
    "gcp",
    "openstack",
    "metallb",
    "cilium",
    "kube-vip",
    "alibaba",
    "digitalocean",
    "hetzner",
    "ibm",
    "oci",
    "scaleway",
    "tailscale",
    "tencent",
    "yandex",
]

_ANY: Final = ("",)
_TRUE: Final = ("true",)
# What Go's strconv.ParseBool takes for true.
_PARSED: Final = ("1", "t", "T", "true", "TRUE", "True")
BETA: Final = "service.beta.kubernetes.io"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of load balancers.

    `classes` are values of `loadBalancerClass`, and `annotations` prefixes of annotations, that
    identify the provider. `internal` maps annotations to the exact values that keep the address
    internal; an empty one stands for any but `false`. `internal_classes` are always internal.
    Sources: cloud-provider-azure and ingress-gce compare whole values, as do the controllers of
    OpenStack and DigitalOcean; those of Hetzner, OCI and Scaleway parse a boolean.
    """

    name: ProviderName
    classes: tuple[str, ...]
    annotations: tuple[str, ...]
    internal: Mapping[str, tuple[str, ...]]
    internal_classes: tuple[str, ...]


def _provider(
    name: ProviderName,
    *,
    classes: tuple[str, ...] = (),
    annotations: tuple[str, ...] = (),
    internal: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    internal_classes: tuple[str, ...] = (),
) -> Provider:
    return Provider(name, classes, annotations, MappingProxyType(dict(internal)), internal_classes)


PROVIDERS: Final = (
    _provider(
        "aws",
        classes=("service.k8s.aws/nlb", "eks.amazonaws.com/nlb"),
        annotations=(f"{BETA}/aws-load-balancer-",),
        internal={f"{BETA}/aws-load-balancer-internal": _ANY},
    ),
    _provider(
        "azure",
        annotations=(f"{BETA}/azure-",),
        internal={f"{BETA}/azure-load-balancer-internal": _TRUE},
    ),
    _provider(
        "gcp",
        classes=("networking.gke.io/l4-regional-external",),
        annotations=("networking.gke.io/", "cloud.google.com/"),
        internal={
            "networking.gke.io/load-balancer-type": ("Internal", "internal"),
            "cloud.google.com/load-balancer-type": ("Internal", "internal"),
        },
        internal_classes=("networking.gke.io/l4-regional-internal",),
    ),
    _provider(
        "openstack",
        annotations=(f"{BETA}/openstack-", "loadbalancer.openstack.org/"),
        internal={f"{BETA}/openstack-internal-load-balancer": _TRUE},
    ),
    _provider(
        "metallb",
        classes=("metallb.io/metallb", "metallb.universe.tf/metallb"),
        annotations=("metallb.universe.tf/", "metallb.io/"),
    ),
    _provider(
        "cilium",
        classes=("io.cilium/l2-announcer", "io.cilium/bgp-control-plane", "io.cilium/node"),
        annotations=("io.cilium/lb-ipam-", "lbipam.cilium.io/"),
    ),
    _provider("kube-vip", classes=("kube-vip.io/kube-vip-class",), annotations=("kube-vip.io/",)),
    _provider(
        "alibaba",
        annotations=(f"{BETA}/alibaba-cloud-loadbalancer-",),
        internal={f"{BETA}/alibaba-cloud-loadbalancer-address-type": ("intranet",)},
    ),
    _provider(
        "digitalocean",
        annotations=(f"{BETA}/do-loadbalancer-",),
        internal={f"{BETA}/do-loadbalancer-network": ("INTERNAL",)},
    ),
    _provider(
        "hetzner",
        annotations=("load-balancer.hetzner.cloud/",),
        internal={"load-balancer.hetzner.cloud/disable-public-network": _PARSED},
    ),
    _provider(
        "ibm",
        annotations=("service.kubernetes.io/ibm-load-balancer-",),
        internal={"service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type": ("private",)},
    ),
    _provider(
        "oci",
        annotations=("oci.oraclecloud.com/", "oci-network-load-balancer.oraclecloud.com/"),
        internal={
            f"{BETA}/oci-load-balancer-internal": _PARSED,
            "oci-network-load-balancer.oraclecloud.com/internal": _PARSED,
        },
    ),
    _provider(
        "scaleway",
        annotations=(f"{BETA}/scw-loadbalancer-",),
        internal={f"{BETA}/scw-loadbalancer-private": _PARSED},
    ),
    _provider("tailscale", annotations=("tailscale.com/",), internal_classes=("tailscale",)),
    _provider(
        "tencent",
        annotations=("service.kubernetes.io/qcloud-", "service.cloud.tencent.com/"),
        internal={"service.kubernetes.io/qcloud-loadbalancer-internal-subnetid": _ANY},
    ),
    _provider(
        "yandex",
        annotations=("yandex.cloud/",),
        internal={"yandex.cloud/load-balancer-type": ("internal",)},
    ),
)
"""The providers that are known."""
