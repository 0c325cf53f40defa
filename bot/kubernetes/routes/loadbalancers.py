"""Load balancer providers: how to recognise each, and what keeps its load balancers internal."""

from __future__ import annotations

import ipaddress
from typing import Final

from bot.core.resource import Resource
from bot.kubernetes.routes.loadbalancer_providers import BETA, PROVIDERS, Provider, ProviderName

# The AWS Load Balancer Controller (2.x) takes what names it by class or type; there the scheme
# counts and is internal by default. The cloud provider's own controller takes all else, `nlb`
# included, and knows no scheme: https://kubernetes-sigs.github.io/aws-load-balancer-controller/v2.13/guide/service/annotations/
_AWS_TYPE: Final = f"{BETA}/aws-load-balancer-type"
_AWS_SCHEME: Final = f"{BETA}/aws-load-balancer-scheme"
_AWS_CONTROLLER: Final = frozenset({"external", "nlb-ip"})

# Each type of OCI's load balancers reads its own annotation (oci-cloud-controller-manager 1.32):
# https://github.com/oracle/oci-cloud-controller-manager/blob/master/docs/load-balancer-annotations.md
_OCI_TYPE: Final = "oci.oraclecloud.com/load-balancer-type"
_OCI_INTERNAL: Final = f"{BETA}/oci-load-balancer-internal"
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
        key != ignored and _says(service.annotations.get(key), values)
        for provider in providers_here
        for key, values in provider.internal.items()
    )


def _aws_controller(service: Resource, chosen: str | None) -> bool:
    return (
        chosen in PROVIDERS[0].classes or service.annotations.get(_AWS_TYPE, "") in _AWS_CONTROLLER
    )


def _is_oci_network(service: Resource) -> bool:
    return service.annotations.get(_OCI_TYPE, "").lower() == "nlb"


def _says(value: str | None, internal: tuple[str, ...]) -> bool:
    if value is None:
        return False
    if "" in internal:
        return value not in {"", "false"}
    return value in internal


def only_private_sources(service: Resource) -> bool:
    """Whether every source range that may connect is private."""
    ranges = service.at("spec", "loadBalancerSourceRanges").texts
    return bool(ranges) and all(_private(text.strip()) for text in ranges)


def _private(text: str) -> bool:
    try:
        return ipaddress.ip_network(text, strict=False).is_private
    except ValueError:
        return False
