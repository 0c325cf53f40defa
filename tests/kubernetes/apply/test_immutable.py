"""Each field of the table is refused when it changes, and only then."""

# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from bot.core.resource import route_text
from bot.core.values import Value
from bot.kubernetes.apply.immutable.updates import FIELDS, changes_refused
from bot.kubernetes.workloads.quantities import quantity
from tests.states import world

API = {
    "Job": "batch/v1",
    "StorageClass": "storage.k8s.io/v1",
    "PriorityClass": "scheduling.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "RuntimeClass": "node.k8s.io/v1",
    "CSIDriver": "storage.k8s.io/v1",
    "CertificateSigningRequest": "certificates.k8s.io/v1",
    "ResourceClaim": "resource.k8s.io/v1",
    "ResourceClaimTemplate": "resource.k8s.io/v1",
    "VolumeAttachment": "storage.k8s.io/v1",
    "VolumeAttributesClass": "storage.k8s.io/v1",
    "ControllerRevision": "apps/v1",
    **dict.fromkeys(("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"), "apps/v1"),
}


def refused(kind: str, old: Any, new: Any) -> list[tuple[str, str, str]]:
    """The refused fields, each with the place and side it is shown at."""
    head = {"apiVersion": API.get(kind, "v1"), "kind": kind, "metadata": {"name": "x"}}
    (before,) = world(json.dumps({**head, **old})).resources
    (after,) = world(json.dumps({**head, **new})).resources
    return [
        (found.path, route_text(found.node.route), found.side)
        for found in changes_refused(before, after)
    ]


def claims(**spec: object) -> dict[str, Any]:
    return {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": spec}]}}


def template(**spec: object) -> dict[str, Any]:
    return {"template": {"spec": spec}}


def containers(*images: str) -> list[dict[str, str]]:
    return [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]


CASES: list[tuple[str, Any, Any, list[str]]] = [
    ("Deployment", {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, {"spec": {"selector": {"matchLabels": {"a": "c"}}}}, ["spec.selector"]),
    ("Deployment", {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, {"spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}, "matchExpressions": []}}}, []),
    ("ReplicaSet", {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, {"spec": {}}, ["spec.selector"]),
    ("DaemonSet", {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, {"spec": {"selector": {"matchLabels": {"a": "b", "c": "d"}}}}, ["spec.selector"]),
    ("StatefulSet", {"spec": {"serviceName": "a"}}, {"spec": {"serviceName": "b"}}, ["spec.serviceName"]),
    ("StatefulSet", {"spec": {}}, {"spec": {"podManagementPolicy": "Parallel"}}, ["spec.podManagementPolicy"]),
    ("StatefulSet", {"spec": {}}, {"spec": {"podManagementPolicy": "OrderedReady", "serviceName": "", "replicas": 3, "template": {}, "updateStrategy": {}}}, []),
    ("StatefulSet", {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, {"spec": {"selector": {"matchLabels": {"a": "c"}}}}, ["spec.selector"]),
    ("StatefulSet", claims(storageClassName="a"), claims(storageClassName="b"), ["spec.volumeClaimTemplates"]),
    ("StatefulSet", claims(resources={"requests": {"storage": "1Gi"}}), claims(resources={"requests": {"storage": "1024Mi"}}, volumeMode="Filesystem"), []),
    ("StatefulSet", claims(resources={"requests": {"storage": "1Gi"}}), claims(resources={"requests": {"storage": "2Gi"}}), ["spec.volumeClaimTemplates"]),
    ("Job", {"spec": template(containers=containers("a"))}, {"spec": template(containers=containers("b"))}, ["spec.template"]),
    ("Job", {"spec": {"parallelism": 1}}, {"spec": {"parallelism": 2, "suspend": True, "completionMode": "NonIndexed"}}, []),
    ("Job", {"spec": {"suspend": True, **template(nodeSelector={"a": "b"})}}, {"spec": {"suspend": False, **template(nodeSelector={"a": "c"})}}, []),
    ("Job", {"spec": {"suspend": True, **template(containers=containers("a"))}}, {"spec": template(containers=containers("b"))}, ["spec.template.spec"]),
    ("Job", {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, {"spec": {}}, []),
    ("Job", {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, {"spec": {"selector": {}}}, ["spec.selector"]),
    ("Job", {"spec": {}}, {"spec": {"completionMode": "Indexed", "podFailurePolicy": {}, "successPolicy": {}, "backoffLimitPerIndex": 1, "managedBy": "x"}}, ["spec.completionMode", "spec.podFailurePolicy", "spec.successPolicy", "spec.backoffLimitPerIndex", "spec.managedBy"]),
    ("Pod", {"spec": {"containers": containers("a")}}, {"spec": {"containers": containers("b"), "tolerations": [{}], "activeDeadlineSeconds": 1}}, []),
    ("Pod", {"spec": {"containers": containers("a")}}, {"spec": {"containers": containers("a", "b")}}, ["spec"]),
    ("Pod", {"spec": {"activeDeadlineSeconds": 2}}, {"spec": {"activeDeadlineSeconds": 1}}, []),
    ("Pod", {"spec": {"activeDeadlineSeconds": 2}}, {"spec": {"activeDeadlineSeconds": 3}}, ["spec.activeDeadlineSeconds"]),
    ("Pod", {"spec": {"activeDeadlineSeconds": 2}}, {"spec": {}}, ["spec.activeDeadlineSeconds"]),
    ("PersistentVolumeClaim", {"spec": {"accessModes": ["ReadWriteOnce"]}}, {"spec": {"accessModes": ["ReadWriteMany"]}}, ["spec.accessModes"]),
    ("PersistentVolumeClaim", {"spec": {}}, {"spec": {"storageClassName": "a", "volumeMode": "Filesystem", "volumeName": "v", "dataSource": {}, "dataSourceRef": {}}}, []),
    ("PersistentVolumeClaim", {"spec": {"storageClassName": "a", "volumeName": "v", "dataSource": {"name": "a"}, "dataSourceRef": {"name": "a"}}}, {"spec": {"storageClassName": "b", "volumeName": "w", "volumeMode": "Block", "selector": {"matchLabels": {"a": "b"}}, "dataSource": {"name": "b"}, "dataSourceRef": {"name": "b"}}}, ["spec.storageClassName", "spec.volumeMode", "spec.volumeName", "spec.selector", "spec.dataSource", "spec.dataSourceRef"]),
    ("PersistentVolumeClaim", {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}, {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}, ["spec.resources.requests.storage"]),
    ("PersistentVolumeClaim", {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}, {"spec": {"resources": {"requests": {"storage": "2Gi"}}, "volumeAttributesClassName": "x"}}, []),
    ("PersistentVolume", {"spec": {"nfs": {"path": "/a"}}}, {"spec": {"nfs": {"path": "/b"}, "volumeMode": "Block"}}, ["spec.nfs", "spec.volumeMode"]),
    ("PersistentVolume", {"spec": {"nodeAffinity": {"required": 1}}}, {"spec": {"nodeAffinity": {"required": 2}, "capacity": {}}}, ["spec.nodeAffinity"]),
    ("StorageClass", {"provisioner": "a"}, {"provisioner": "b", "parameters": {"a": "b"}, "reclaimPolicy": "Retain", "volumeBindingMode": "WaitForFirstConsumer"}, ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"]),
    ("StorageClass", {"provisioner": "a"}, {"provisioner": "a", "parameters": {}, "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate", "allowVolumeExpansion": True}, []),
    ("ConfigMap", {"immutable": True, "data": {"a": "b"}}, {"immutable": True, "data": {"a": "c"}, "binaryData": {"x": "eA=="}}, ["data", "binaryData"]),
    ("ConfigMap", {"immutable": True}, {"data": {}}, ["immutable"]),
    ("ConfigMap", {"data": {"a": "b"}}, {"immutable": True, "data": {"a": "c"}}, []),
    ("Secret", {"immutable": True, "stringData": {"a": "b"}}, {"immutable": True, "stringData": {"a": "c"}}, ["stringData"]),
    ("Secret", {}, {"type": "Opaque", "data": {"a": "eA=="}}, []),
    ("Secret", {}, {"type": "kubernetes.io/tls"}, ["type"]),
    ("Service", {"spec": {"clusterIP": "10.0.0.1"}}, {"spec": {"clusterIP": "None"}}, ["spec.clusterIP"]),
    ("Service", {"spec": {"clusterIP": "10.0.0.1"}}, {"spec": {}}, []),
    ("Service", {"spec": {}}, {"spec": {"clusterIP": "None"}}, ["spec.clusterIP"]),
    ("Service", {"spec": {"clusterIP": "None"}}, {"spec": {}}, []),
    ("Service", {"spec": {"clusterIP": "None"}}, {"spec": {"clusterIP": "None"}}, []),
    ("Service", {"spec": {}}, {"spec": {"clusterIP": "10.0.0.1"}}, []),
    ("Service", {"spec": {"type": "ExternalName"}}, {"spec": {"clusterIP": "None"}}, []),
    ("Service", {"spec": {"clusterIP": "10.0.0.1"}}, {"spec": {"clusterIP": "", "type": "ExternalName"}}, []),
    ("Service", {"spec": {"type": "LoadBalancer"}}, {"spec": {"type": "LoadBalancer", "loadBalancerClass": "x"}}, ["spec.loadBalancerClass"]),
    ("Service", {"spec": {"type": "LoadBalancer", "loadBalancerClass": "x"}}, {"spec": {"type": "ClusterIP"}}, []),
    ("Service", {"spec": {"type": "ClusterIP"}}, {"spec": {"type": "LoadBalancer", "loadBalancerClass": "x"}}, []),
    ("PriorityClass", {"value": 1}, {"value": 2, "preemptionPolicy": "Never"}, ["value", "preemptionPolicy"]),
    ("PriorityClass", {"value": 1}, {"value": 1, "preemptionPolicy": "PreemptLowerPriority", "globalDefault": True}, []),
    ("IngressClass", {"spec": {"controller": "a"}}, {"spec": {"controller": "b"}}, ["spec.controller"]),
    ("EndpointSlice", {"addressType": "IPv4"}, {"addressType": "IPv6"}, ["addressType"]),
    ("CustomResourceDefinition", {"spec": {"group": "a", "scope": "Cluster", "names": {"kind": "A", "plural": "as"}}}, {"spec": {"group": "b", "scope": "Namespaced", "names": {"kind": "B", "plural": "bs", "shortNames": ["b"]}}}, ["spec.group", "spec.scope", "spec.names.kind", "spec.names.plural"]),
    ("RuntimeClass", {"handler": "a"}, {"handler": "b"}, ["handler"]),
    ("CSIDriver", {"spec": {}}, {"spec": {"attachRequired": True, "volumeLifecycleModes": ["Persistent"], "podInfoOnMount": True}}, []),
    ("CSIDriver", {"spec": {}}, {"spec": {"attachRequired": False, "volumeLifecycleModes": ["Ephemeral"]}}, ["spec.attachRequired", "spec.volumeLifecycleModes"]),
    ("ResourceClaim", {"spec": {"devices": 1}}, {"spec": {"devices": 2}}, ["spec"]),
    ("ResourceClaimTemplate", {"spec": {"spec": 1}}, {"spec": {"spec": 2}}, ["spec"]),
    ("ResourceQuota", {"spec": {"scopes": ["A", "B"]}}, {"spec": {"scopes": ["A", "C"]}}, ["spec.scopes"]),
    ("ResourceQuota", {"spec": {"scopes": ["A", "B"], "hard": {}}}, {"spec": {"scopes": ["B", "A"]}}, []),
    ("VolumeAttachment", {"spec": {"nodeName": "a"}}, {"spec": {"nodeName": "b"}}, ["spec"]),
    ("VolumeAttributesClass", {"driverName": "a", "parameters": {"a": "b"}}, {"driverName": "a", "parameters": {"a": "c"}}, ["parameters"]),
    ("ControllerRevision", {"data": {"a": 1}}, {"data": {"a": 2}, "revision": 2}, ["data"]),
    ("Service", {"spec": {"ipFamilies": ["IPv4"]}}, {"spec": {"ipFamilies": ["IPv6"]}}, ["spec.ipFamilies"]),
    ("Service", {"spec": {"ipFamilies": ["IPv4"]}}, {"spec": {"ipFamilies": ["IPv4", "IPv6"]}}, []),
    ("Job", {"spec": {"completions": 1}}, {"spec": {"completions": 2}}, ["spec.completions"]),
    ("Job", {"spec": {"completionMode": "Indexed", "completions": 1, "parallelism": 1}}, {"spec": {"completionMode": "Indexed", "completions": 2, "parallelism": 2}}, []),
    ("Job", {"spec": {"completionMode": "Indexed", "completions": 1, "parallelism": 1}}, {"spec": {"completionMode": "Indexed", "completions": 2, "parallelism": 1}}, ["spec.completions"]),
    ("CertificateSigningRequest", {"spec": {"request": "a"}}, {"spec": {"request": "b"}}, []),
    ("Namespace", {"spec": {}}, {"spec": {"finalizers": ["x"]}}, []),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "old", "new", "paths"), CASES)
def test_what_cannot_change_is_refused(kind: str, old: Any, new: Any, paths: list[str]) -> None:
    assert [path for path, _, _ in refused(kind, old, new)] == paths


def test_every_kind_of_the_table_has_an_example() -> None:
    assert {kind.kind for kind in FIELDS} <= {kind for kind, _, _, paths in CASES if paths}


@pytest.mark.parametrize(
    ("kind", "old", "new", "place"),
    [
        ("Deployment", {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, {"spec": {"selector": {"matchLabels": {"a": "c"}}}}, ("spec.selector.matchLabels.a", "RIGHT")),
        ("Deployment", {"spec": {"selector": {"matchLabels": {"a": "b", "c": "d"}}}}, {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, ("spec.selector.matchLabels.c", "LEFT")),
        ("Job", {"spec": template(containers=containers("a", "b"))}, {"spec": template(containers=containers("a", "c"))}, ("spec.template.spec.containers[name=c1].image", "RIGHT")),
        ("Job", {"spec": template(containers=containers("a"))}, {"spec": template(containers=containers("a", "b"))}, ("spec.template.spec.containers", "RIGHT")),
        ("StatefulSet", claims(storageClassName="a"), claims(storageClassName="b"), ("spec.volumeClaimTemplates[*].spec.storageClassName", "RIGHT")),
        ("Secret", {"type": "a"}, {}, ("type", "LEFT")),
    ],
)  # fmt: skip
def test_the_deepest_field_that_differs_is_shown(
    kind: str, old: Any, new: Any, place: tuple[str, str]
) -> None:
    assert [held[1:] for held in refused(kind, old, new)] == [place]


def test_a_generated_name_makes_another_object_each_time() -> None:
    text = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: x-}\nspec: {template: {spec: {a: %s}}}\n"
    before, after = (world(text % value).resources for value in (1, 2))

    assert [
        found for pair in zip(before, after, strict=True) for found in changes_refused(*pair)
    ] == []


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("1", "1"), (1, "1"), (1.5, "1.5"), ("1Gi", "1073741824"), ("1024Mi", "1073741824"), ("1.5Ki", "1536"),
        ("100m", "0.1"), ("1k", "1000"), ("1E", "1e18"), ("1e3", "1000"), ("1E3", "1000"), (".5", "0.5"), ("5.", "5"),
        ("1Xi", None), ("", None), ("Gi", None), ("-1", "-1"), (True, None), (None, None), ("1 Gi", None), ("9" * 50, None),
    ],
)  # fmt: skip
def test_quantities_are_amounts(value: Value, amount: str | None) -> None:
    assert quantity(value) == (None if amount is None else Decimal(amount))
