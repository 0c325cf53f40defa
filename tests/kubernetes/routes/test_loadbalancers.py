"""Load balancers are inside or outside as their provider decides."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from bot.core.finding import Severity
from bot.core.resource import Resource
from bot.core.state import Environment, State
from bot.kubernetes.checks import ChangeReach
from bot.kubernetes.routes.exposure import Exposure
from bot.kubernetes.routes.loadbalancer_providers import PROVIDERS, ProviderName
from bot.kubernetes.routes.loadbalancers import is_internal, provider_of
from tests.states import world

BETA = "service.beta.kubernetes.io"


def service(annotations: dict[str, str] | None = None, **spec: Any) -> Resource:
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "namespace": "shop", "annotations": annotations or {}},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], **spec},
    }
    (found,) = world(json.dumps(body)).resources
    return found


def test_every_provider_that_can_be_named_is_known() -> None:
    assert tuple(held.name for held in PROVIDERS) == get_args(ProviderName)


@pytest.mark.parametrize(
    ("annotations", "spec", "internal"),
    [
        ({}, {}, False),
        # The cloud provider's own controller knows no scheme.
        ({f"{BETA}/aws-load-balancer-scheme": "internal"}, {}, False),
        (
            {
                f"{BETA}/aws-load-balancer-type": "nlb",
                f"{BETA}/aws-load-balancer-scheme": "internal",
            },
            {},
            False,
        ),
        ({f"{BETA}/oci-load-balancer-internal": "true"}, {}, True),
        (
            {
                "oci.oraclecloud.com/load-balancer-type": "nlb",
                f"{BETA}/oci-load-balancer-internal": "true",
            },
            {},
            False,
        ),
        (
            {
                "oci.oraclecloud.com/load-balancer-type": "nlb",
                "oci-network-load-balancer.oraclecloud.com/internal": "true",
            },
            {},
            True,
        ),
        ({f"{BETA}/aws-load-balancer-scheme": "internet-facing"}, {}, False),
        ({f"{BETA}/aws-load-balancer-type": "nlb"}, {}, False),
        ({f"{BETA}/aws-load-balancer-type": "external"}, {}, True),
        (
            {
                f"{BETA}/aws-load-balancer-type": "external",
                f"{BETA}/aws-load-balancer-scheme": "internet-facing",
            },
            {},
            False,
        ),
        ({}, {"loadBalancerClass": "service.k8s.aws/nlb"}, True),
        ({f"{BETA}/azure-load-balancer-internal": "true"}, {}, True),
        ({f"{BETA}/azure-load-balancer-internal": "True"}, {}, False),
        ({f"{BETA}/oci-load-balancer-internal": "True"}, {}, True),
        ({f"{BETA}/do-loadbalancer-network": "INTERNAL"}, {}, True),
        ({f"{BETA}/do-loadbalancer-network": "internal"}, {}, False),
        ({"networking.gke.io/load-balancer-type": "Internal"}, {}, True),
        ({"networking.gke.io/load-balancer-type": "External"}, {}, False),
        ({}, {"loadBalancerClass": "networking.gke.io/l4-regional-internal"}, True),
        ({f"{BETA}/openstack-internal-load-balancer": "true"}, {}, True),
        ({"metallb.io/address-pool": "office"}, {}, False),
        ({}, {"loadBalancerClass": "tailscale"}, True),
        ({"service.kubernetes.io/qcloud-loadbalancer-internal-subnetid": "subnet-1"}, {}, True),
    ],
)
def test_inside_or_outside(
    annotations: dict[str, str],
    spec: dict[str, Any],
    internal: bool,  # noqa: FBT001 - a table's column
) -> None:
    assert is_internal(service(annotations, **spec)) is internal


def test_an_annotation_of_another_provider_says_nothing() -> None:
    held = service({f"{BETA}/azure-load-balancer-internal": "true"})

    assert is_internal(held, ("azure",))
    assert not is_internal(held, ("gcp",))


@pytest.mark.parametrize(
    ("annotations", "spec", "name"),
    [
        ({}, {}, None),
        ({f"{BETA}/azure-load-balancer-resource-group": "g"}, {}, "azure"),
        ({"metallb.universe.tf/address-pool": "p"}, {}, "metallb"),
        ({}, {"loadBalancerClass": "io.cilium/l2-announcer"}, "cilium"),
        ({}, {"loadBalancerClass": "example.com/own"}, None),
    ],
)
def test_the_provider_is_recognised(
    annotations: dict[str, str], spec: dict[str, Any], name: str | None
) -> None:
    found = provider_of(service(annotations, **spec))

    assert (found and found.name) == name


def exposed(held: Resource, **providers: tuple[ProviderName, ...]) -> list[tuple[str, object]]:
    state = State((held,), Environment(name="prod"))
    asked = Exposure(providers)
    return [
        (violation.code, violation.severity)
        for violation in asked.ask(state, ChangeReach(frozenset({"shop"})))
    ]


def test_a_load_balancer_names_a_provider_of_its_environment() -> None:
    held = service({"metallb.io/address-pool": "p"})

    assert exposed(held, prod=("metallb",)) == [("SVC-LOADBALANCER", None)]
    assert exposed(held, prod=("aws",)) == [
        ("SVC-LOADBALANCER", None),
        ("SVC-PROVIDER-MISSING", None),
    ]
    assert exposed(held, dev=("aws",)) == [("SVC-LOADBALANCER", None)]


@pytest.mark.parametrize(
    ("ranges", "codes"),
    [
        (["10.0.0.0/8"], []),
        (["10.0.0.0/8", "8.8.8.0/24"], ["SVC-LOADBALANCER"]),
        (["nonsense"], ["SVC-LOADBALANCER"]),
    ],
)
def test_private_sources_are_inside(ranges: list[str], codes: list[str]) -> None:
    found = exposed(service(loadBalancerSourceRanges=ranges))

    assert [code for code, _ in found] == (
        codes if ranges[-1] != "198.51.100.0/24" else found and []
    )


def test_an_address_of_a_load_balancer_is_deprecated() -> None:
    held = service(type="LoadBalancer", loadBalancerClass="tailscale", loadBalancerIP="192.0.2.1")

    assert exposed(held) == [("SVC-LOADBALANCER-IP", Severity.NOTICE)]
