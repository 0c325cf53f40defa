"""What does not fit the schema of its kind, and what does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.core.resource import route_text
from bot.kubernetes.schemas.check import SchemaViolation, check
from bot.kubernetes.schemas.published import built_in_groups, minors, published
from bot.kubernetes.schemas.serving import NotServed, ServedKind, schemas_of, serving
from bot.kubernetes.schemas.spelling import nearest
from tests.states import world


def violations(body: dict[str, Any], minor: int | None = None) -> list[SchemaViolation]:
    (resource,) = world(json.dumps(body)).resources
    schemas = published(minor)
    kind = schemas.kind(resource.api_version, resource.key.kind)
    assert kind is not None
    return list(check(resource.root, kind.shape, schemas))


def rows(body: dict[str, Any], minor: int | None = None) -> list[tuple[str, str, str | None, str]]:
    return [
        (found.code, route_text(found.node.route), found.nearest, found.hint)
        for found in violations(body, minor)
    ]


def service(**spec: object) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": spec}


def config_map(data: object, **metadata: object) -> dict[str, Any]:
    whole = {"name": "a", **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": whole, "data": data}


def pod(**container: object) -> dict[str, Any]:
    spec = {"containers": [{"name": "c", "image": "i", **container}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}


C = "spec.containers[name=c]"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            service(ports=[{"port": 80, "targetport": 8080}]),
            ("UNKNOWN-FIELD", "spec.ports[port=80].targetport", "targetPort", ""),
        ),
        (
            service(port=[{"port": 80}]),
            ("UNKNOWN-FIELD", "spec.port", "ports", ""),
        ),
        (
            service(ports=[{"port": "80"}]),
            ("WRONG-TYPE", "spec.ports[port=80].port", None, "remove the quotes"),
        ),
        (
            service(ports={"port": 80}),
            ("WRONG-TYPE", "spec.ports", None, ""),
        ),
        (config_map({"a": 1}), ("WRONG-TYPE", "data.a", None, "quote it")),
        (config_map({"a": True}), ("WRONG-TYPE", "data.a", None, "quote it")),
        (
            config_map({}, labels={"version": 1.5}),
            ("WRONG-TYPE", "metadata.labels.version", None, "quote it"),
        ),
        (
            config_map({}, annotation={"a": "b"}),
            ("UNKNOWN-FIELD", "metadata.annotation", "annotations", ""),
        ),
        (
            pod(env=[{"name": "A", "value": 1}]),
            ("WRONG-TYPE", f"{C}.env[name=A].value", None, "quote it"),
        ),
        (pod(tty="true"), ("WRONG-TYPE", f"{C}.tty", None, "remove the quotes")),
        (
            pod(imagePullPolicy="always"),
            ("INVALID", f"{C}.imagePullPolicy", "Always", ""),
        ),
        (
            pod(resources={"limits": {"cpu": "1 core"}}),
            ("INVALID", f"{C}.resources.limits.cpu", None, ""),
        ),
        (
            pod(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
            ("INVALID", f"{C}.env[name=A]", None, ""),
        ),
        (
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "a"},
                "data": {"k": "not base64!"},
            },
            ("INVALID", "data.k", None, ""),
        ),
    ],
)
def test_what_does_not_fit(
    body: dict[str, Any], expected: tuple[str, str, str | None, str]
) -> None:
    assert rows(body) == [expected]


@pytest.mark.parametrize(
    "body",
    [
        service(ports=[{"port": 80, "targetPort": "http"}, {"port": 80, "protocol": "UDP"}]),
        service(ports=[{"port": 80, "targetPort": 8080}], selector=None),
        config_map({"a": "1", "b": None}),
        pod(resources={"limits": {"cpu": 1, "memory": "1.5Gi"}, "requests": {"cpu": "100m"}}),
        pod(livenessProbe={"httpGet": {"port": "http"}}, args=[]),
        pod(
            ports=[
                {"containerPort": 53, "protocol": "TCP"},
                {"containerPort": 53, "protocol": "UDP"},
            ]
        ),
    ],
)
def test_what_fits(body: dict[str, Any]) -> None:
    assert rows(body) == []


def test_a_protocol_that_is_left_out_is_tcp() -> None:
    twice = service(ports=[{"port": 80, "name": "a"}, {"port": 80, "name": "b", "protocol": "TCP"}])

    (found,) = violations(twice)

    assert (found.keyed, found.text) == (True, "has two items with the same port and protocol")


def test_fields_depend_on_the_minor_version() -> None:
    """`hostnameOverride` came with 1.34."""
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
    spec = {"hostnameOverride": "h", "containers": [{"name": "c", "image": "i"}]}

    assert rows({**body, "spec": spec}, 34) == []
    assert [row[:2] for row in rows({**body, "spec": spec}, 33)] == [
        ("UNKNOWN-FIELD", "spec.hostnameOverride")
    ]


def test_every_minor_version_has_its_schemas() -> None:
    assert minors() == tuple(range(30, 38))
    assert all(published(minor).kind("apps/v1", "Deployment") for minor in minors())
    assert published(29).minor == 30
    assert published(99).minor == published(None).minor == 37
    assert {"", "apps", "batch", "networking.k8s.io"} <= built_in_groups()


@pytest.mark.parametrize(
    ("name", "names", "meant"),
    [
        ("targetport", ["targetPort", "port"], "targetPort"),
        ("replica", ["replicas", "selector"], "replicas"),
        ("xyz", ["replicas", "selector"], None),
    ],
)
def test_the_nearest_name(name: str, names: list[str], meant: str | None) -> None:
    assert nearest(name, names) == meant


def test_nesting_that_never_ends_is_cut() -> None:
    value: object = "end"
    for _ in range(60):
        value = {"not": value}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "a.example.com"},
        "spec": {"versions": [{"schema": {"openAPIV3Schema": value}}]},
    }

    assert all(row[0] == "REQUIRED" for row in rows(crd))


def served(body: dict[str, Any], *others: dict[str, Any]) -> object:
    state = world(json.dumps(body), *map(json.dumps, others))
    resource = next(item for item in state.resources if item.key.kind == body["kind"])
    found = serving(resource, state)
    return found.nearest if isinstance(found, NotServed) else type(found)


def thing(api_version: str, kind: str) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}


@pytest.mark.parametrize(
    ("api_version", "kind", "meant"),
    [
        ("networking.k8s.io/v1", "networkPolicy", "networking.k8s.io/v1 NetworkPolicy"),
        ("v1", "Deployment", "apps/v1 Deployment"),
        ("apps/v1", "Deployments", "apps/v1 Deployment"),
        ("networking.k8.io/v1", "NetworkPolicy", "networking.k8s.io/v1 NetworkPolicy"),
        ("v1", "Gizmo", None),
    ],
)
def test_kinds_that_no_api_serves(api_version: str, kind: str, meant: str | None) -> None:
    assert served(thing(api_version, kind)) == meant


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("example.org/v1", "Gadget"),
        ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler"),
        ("metrics.k8s.io/v1beta1", "PodMetrics"),
        ("crd.projectcalico.org/v1", "NetworkPolicy"),
        ("cilium.io/v2", "CiliumNetworkPolicy"),
    ],
)
def test_kinds_of_others_are_not_judged(api_version: str, kind: str) -> None:
    assert served(thing(api_version, kind)) is type(None)


def definition(schema: dict[str, Any]) -> dict[str, Any]:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [version],
        },
    }


def custom(schema: dict[str, Any], spec: object) -> list[tuple[str, str]]:
    whole = {"type": "object", "properties": {"spec": schema}}
    body = {**thing("example.com/v1", "Widget"), "spec": spec}
    state = world(json.dumps(definition(whole)), json.dumps(body))
    resource = next(item for item in state.resources if item.key.kind == "Widget")
    found = serving(resource, state)
    assert isinstance(found, ServedKind)
    return [
        (violation.code, route_text(violation.node.route))
        for violation in check(resource.root, found.shape, schemas_of(state))
    ]


SIZE = {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]}


@pytest.mark.parametrize(
    ("schema", "spec", "expected"),
    [
        (SIZE, {"size": 1}, []),
        (SIZE, {"size": "1"}, [("WRONG-TYPE", "spec.size")]),
        (SIZE, {}, [("REQUIRED", "spec.size")]),
        (SIZE, {"size": 1, "sise": 2}, [("UNKNOWN-FIELD", "spec.sise")]),
        ({**SIZE, "x-kubernetes-preserve-unknown-fields": True}, {"size": 1, "more": 2}, []),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"a": "b"}, []),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"a": 1},
            [("WRONG-TYPE", "spec.a")],
        ),
        ({"x-kubernetes-int-or-string": True}, "10%", []),
        ({"type": "string", "enum": ["a", "b"]}, "c", [("INVALID", "spec")]),
        ({"$ref": "#/definitions/Again"}, {"anything": 1}, []),
        (
            {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            ["a", "a"],
            [("INVALID", "spec[a]")],
        ),
    ],
)
def test_custom_resources_are_compared_with_their_definition(
    schema: dict[str, Any], spec: object, expected: list[tuple[str, str]]
) -> None:
    assert custom(schema, spec) == expected
