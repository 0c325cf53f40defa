"""Load balancer providers: how to recognise each, and what keeps its load balancers internal."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.resource import Resource
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

_ANY: Final = ""
_BETA: Final = "service.beta.kubernetes.io"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of load balancers.

    `classes` are values of `loadBalancerClass`, and `annotations` prefixes of annotations, that
    identify the provider. `internal` maps annotations to the value that keeps the address internal
    (lower case; empty: any value). `internal_classes` are classes that are always internal.
    """

    name: ProviderName
    classes: tuple[str, ...]
    annotations: tuple[str, ...]
    internal: Mapping[str, str]
    internal_classes: tuple[str, ...]


def _provider(
    name: ProviderName,
    *,
    classes: tuple[str, ...] = (),
    annotations: tuple[str, ...] = (),
    internal: Mapping[str, str] = MappingProxyType({}),
    internal_classes: tuple[str, ...] = (),
) -> Provider:
    return Provider(name, classes, annotations, MappingProxyType(dict(internal)), internal_classes)


PROVIDERS: Final = (
    _provider(
        "aws",
        classes=("service.k8s.aws/nlb", "eks.amazonaws.com/nlb"),
        annotations=(f"{_BETA}/aws-load-balancer-",),
        internal={f"{_BETA}/aws-load-balancer-internal": _ANY},
    ),
    _provider(
        "azure",
        annotations=(f"{_BETA}/azure-",),
        internal={f"{_BETA}/azure-load-balancer-internal": "true"},
    ),
    _provider(
        "gcp",
        classes=("networking.gke.io/l4-regional-external",),
        annotations=("networking.gke.io/", "cloud.google.com/"),
        internal={
            "networking.gke.io/load-balancer-type": "internal",
            "cloud.google.com/load-balancer-type": "internal",
        },
        internal_classes=("networking.gke.io/l4-regional-internal",),
    ),
    _provider(
        "openstack",
        annotations=(f"{_BETA}/openstack-", "loadbalancer.openstack.org/"),
        internal={f"{_BETA}/openstack-internal-load-balancer": "true"},
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
        annotations=(f"{_BETA}/alibaba-cloud-loadbalancer-",),
        internal={f"{_BETA}/alibaba-cloud-loadbalancer-address-type": "intranet"},
    ),
    _provider(
        "digitalocean",
        annotations=(f"{_BETA}/do-loadbalancer-",),
        internal={f"{_BETA}/do-loadbalancer-network": "internal"},
    ),
    _provider(
        "hetzner",
        annotations=("load-balancer.hetzner.cloud/",),
        internal={"load-balancer.hetzner.cloud/disable-public-network": "true"},
    ),
    _provider(
        "ibm",
        annotations=("service.kubernetes.io/ibm-load-balancer-",),
        internal={"service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type": "private"},
    ),
    _provider(
        "oci",
        annotations=("oci.oraclecloud.com/", "oci-network-load-balancer.oraclecloud.com/"),
        internal={
            f"{_BETA}/oci-load-balancer-internal": "true",
            "oci-network-load-balancer.oraclecloud.com/internal": "true",
        },
    ),
    _provider(
        "scaleway",
        annotations=(f"{_BETA}/scw-loadbalancer-",),
        internal={f"{_BETA}/scw-loadbalancer-private": "true"},
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
        internal={"yandex.cloud/load-balancer-type": "internal"},
    ),
)
"""The providers that are known."""

# The AWS Load Balancer Controller (2.x) takes what names it by class or type; there the scheme
# counts and is internal by default. The cloud provider's own controller takes all else, `nlb`
# included, and knows no scheme: https://kubernetes-sigs.github.io/aws-load-balancer-controller/v2.13/guide/service/annotations/
_AWS_TYPE: Final = f"{_BETA}/aws-load-balancer-type"
_AWS_SCHEME: Final = f"{_BETA}/aws-load-balancer-scheme"
_AWS_CONTROLLER: Final = frozenset({"external", "nlb-ip"})

# Each type of OCI's load balancers reads its own annotation (oci-cloud-controller-manager 1.32):
# https://github.com/oracle/oci-cloud-controller-manager/blob/master/docs/load-balancer-annotations.md
_OCI_TYPE: Final = "oci.oraclecloud.com/load-balancer-type"
_OCI_INTERNAL: Final = f"{_BETA}/oci-load-balancer-internal"
_OCI_NETWORK_INTERNAL: Final = "oci-network-load-balancer.oraclecloud.com/internal"

INTERNAL_ANNOTATIONS: Final = (
    *(key for provider in PROVIDERS for key in provider.internal),
    _AWS_SCHEME,
    _AWS_TYPE,
    _OCI_TYPE,
)
"""Every annotation that can decide whether a load balancer is internal."""


def provider_of(service: Resource) -> Provider | None:
    """The provider that a Service's class or annotations name; None where they name none."""
    chosen = service.at("spec", "loadBalancerClass").text
    for provider in PROVIDERS:
        if chosen in {*provider.classes, *provider.internal_classes}:
            return provider
    keys = tuple(service.annotations)
    return next(
        (
            provider
            for provider in PROVIDERS
            if any(key.startswith((*provider.annotations, *provider.internal)) for key in keys)
        ),
        None,
    )


def is_internal(service: Resource, providers: tuple[ProviderName, ...] = ()) -> bool:
    """Whether the load balancer of a Service is reachable from inside only.

    `providers` are those of the environment; annotations of other providers have no effect there.
    """
    chosen = service.at("spec", "loadBalancerClass").text
    providers_here = [
        provider for provider in PROVIDERS if not providers or provider.name in providers
    ]
    if any(chosen in provider.internal_classes for provider in providers_here):
        return True
    if any(provider.name == "aws" for provider in providers_here) and _aws_controller(
        service, chosen
    ):
        return service.annotations.get(_AWS_SCHEME, "internal").lower() != "internet-facing"
    ignored = _OCI_INTERNAL if _is_oci_network(service) else _OCI_NETWORK_INTERNAL
    return any(
        key != ignored and _says(service.annotations.get(key), value)
        for provider in providers_here
        for key, value in provider.internal.items()
    )


def _aws_controller(service: Resource, chosen: str | None) -> bool:
    return (
        chosen in PROVIDERS[0].classes or service.annotations.get(_AWS_TYPE, "") in _AWS_CONTROLLER
    )


def _is_oci_network(service: Resource) -> bool:
    return service.annotations.get(_OCI_TYPE, "").lower() == "nlb"


def _says(value: str | None, expected: str) -> bool:
    if value is None:
        return False
    return value.lower() == expected if expected else value.lower() not in {"", "false"}


def only_private_sources(service: Resource) -> bool:
    """Whether every source range that may connect is private."""
    ranges = service.at("spec", "loadBalancerSourceRanges").texts
    return bool(ranges) and all(_private(text.strip()) for text in ranges)


def _private(text: str) -> bool:
    try:
        return ipaddress.ip_network(text, strict=False).is_private
    except ValueError:
        return False
