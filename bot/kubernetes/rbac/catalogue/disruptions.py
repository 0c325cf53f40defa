"""Risks for nodes, their confinement of pods, and the pods and the traffic of others."""

from __future__ import annotations

from typing import Final

from bot.kubernetes.rbac.defaults.openshift import constraints_that_allow
from bot.kubernetes.rbac.risks import CHANGE, WRITE, Primitive, Risk, RiskLevel, on

_CALICO: Final = ("networkpolicies", "globalnetworkpolicies")
_OTHER_POLICIES: Final = (
    ("crd.projectcalico.org", _CALICO),
    ("projectcalico.org", _CALICO),
    ("cilium.io", ("ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies")),
    (
        "policy.networking.k8s.io",
        ("adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies"),
    ),
)
_SCC_GROUP: Final = "security.openshift.io"
_OF_THE_NODE: Final = constraints_that_allow(
    "privileged", "host-directories", "host-processes", "capability *"
)
_LAX: Final = tuple(
    name
    for name in constraints_that_allow("any-user", "host-network", "host-ports", "host-ipc")
    if name not in _OF_THE_NODE
)

DISRUPTIONS: Final[tuple[Risk, ...]] = (
    Risk(
        "namespace-labels",
        RiskLevel.MEDIUM,
        RiskLevel.MEDIUM,
        (on(CHANGE, "", "namespaces"),),
        "change namespaces' labels",
        "and so their Pod Security level and network policies",
    ),
    Risk(
        "node-write",
        RiskLevel.MEDIUM,
        RiskLevel.MEDIUM,
        (on(CHANGE, "", "nodes", "nodes/status"), on(("delete",), "", "nodes")),
        "change or remove nodes",
        "and so where pods run",
    ),
    Risk(
        "scc-host",
        RiskLevel.CRITICAL,
        RiskLevel.HIGH,
        (
            Primitive(
                ("use",),
                _SCC_GROUP,
                ("securitycontextconstraints",),
                # The last one is the monitoring operator's.
                (*_OF_THE_NODE, "node-exporter"),
            ),
        ),
        "run pods that are privileged or mount the host",
        "and so take over the node",
    ),
    Risk(
        "scc-lax",
        RiskLevel.HIGH,
        RiskLevel.MEDIUM,
        (
            Primitive(
                ("use",),
                _SCC_GROUP,
                ("securitycontextconstraints",),
                _LAX,
            ),
        ),
        "run pods as root or on the network of the node",
    ),
    Risk(
        "steal-pods",
        RiskLevel.MEDIUM,
        RiskLevel.MEDIUM,
        (
            on(("delete", "deletecollection"), "", "pods"),
            on(("create",), "", "pods/eviction"),
        ),
        "delete or evict pods",
    ),
    Risk(
        "svc-mitm",
        RiskLevel.MEDIUM,
        RiskLevel.MEDIUM,
        (
            on(CHANGE, "", "services/status"),
            on(WRITE, "", "services", "endpoints"),
            on(WRITE, "discovery.k8s.io", "endpointslices"),
        ),
        "redirect the traffic of Services",
    ),
    Risk(
        "netpol-write",
        RiskLevel.MEDIUM,
        RiskLevel.MEDIUM,
        (
            on(
                ("update", "patch", "delete", "deletecollection"),
                "networking.k8s.io",
                "networkpolicies",
            ),
            *(
                on(("update", "patch", "delete", "deletecollection"), group, *resources)
                for group, resources in _OTHER_POLICIES
            ),
        ),
        "change or remove network policies",
    ),
)
