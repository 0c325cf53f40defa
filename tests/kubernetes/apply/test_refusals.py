"""Upstream's field paths lead to places in a manifest."""

from __future__ import annotations

import json

import pytest

from bot.core.resource import Resource, route_text
from bot.core.validation import Refusal, ValidationResult
from bot.kubernetes.apply.immutable.updates import changes_refused
from bot.kubernetes.apply.published_paths import published_path, refusals_of
from bot.kubernetes.apply.refusals import node_at, plain, refusal_code, steps
from tests.states import world


def resource(kind: str, api_version: str = "v1", **fields: object) -> Resource:
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, **fields}
    (made,) = world(json.dumps(body)).resources
    return made


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.ports[0].name", ("spec", "ports", "0", "name")),
        ("data[a b]", ("data", "a b")),
        ("metadata.annotations[example.com/x]", ("metadata", "annotations", "example.com/x")),
        ("", ()),
    ],
)
def test_steps_of_a_path(path: str, expected: tuple[str, ...]) -> None:
    assert steps(path) == expected


@pytest.mark.parametrize(
    ("path", "route", "exists"),
    [
        ("spec.ports[0].name", "spec.ports[port=80].name", False),
        ("spec.ports[0].port", "spec.ports[port=80].port", True),
        ("spec.ports[7].port", "spec.ports", True),
        ("spec.Type", "spec.type", True),
        ("spec.clusterIPs[0]", "spec.clusterIP", True),
        ("spec.nothing.below", "spec.nothing", False),
    ],
)
def test_the_deepest_place_on_the_way(path: str, route: str, exists: bool) -> None:  # noqa: FBT001
    spec = {"type": "ClusterIP", "clusterIP": "None", "ports": [{"port": 80}]}

    node = node_at(resource("Service", spec=spec), path)

    assert (route_text(node.route), node.exists) == (route, exists)


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (Refusal("a", "UnknownField"), "UNKNOWN-FIELD"),
        (Refusal("a", "FieldValueRequired"), "REQUIRED"),
        (Refusal("a", "FieldValueTypeInvalid"), "WRONG-TYPE"),
        (Refusal("a", "FieldValueInvalid", "failed rule: self.a < self.b"), "CEL"),
        (Refusal("a", "FieldValueForbidden", "may not be set"), "INVALID"),
    ],
)
def test_the_code_of_a_refusal(refusal: Refusal, code: str) -> None:
    assert refusal_code(refusal) == code


def test_text_of_upstream_is_one_bounded_line() -> None:
    assert plain("a\n\x1b[31mb") == "a [31mb"
    assert len(plain("x" * 1000)) == 303


def judged(*refusals: Refusal) -> ValidationResult:
    return ValidationResult("judged", refusals)


def test_an_update_is_refused_by_the_servers_own_word() -> None:
    old = resource("Service", spec={"type": "ClusterIP", "clusterIP": "10.0.0.1"})
    new = resource("Service", spec={"type": "ClusterIP", "clusterIP": "10.0.0.2"})
    refusal = Refusal("spec.clusterIPs[0]", "FieldValueInvalid", "may not change once set", True)

    (change,) = changes_refused(old, new, judged(refusal))

    assert (change.path, change.reason) == ("spec.clusterIPs[0]", "which cannot change")
    assert route_text(change.node.route) == "spec.clusterIP"


def test_what_the_server_accepts_the_table_does_not_refuse() -> None:
    old = resource("Secret", type="Opaque", data={})
    new = resource("Secret", type="example.org/x", data={})

    assert [change.path for change in changes_refused(old, new)] == ["type"]
    assert list(changes_refused(old, new, judged())) == []


def test_a_change_without_a_gate_stays_in_the_table() -> None:
    old = resource("StatefulSet", "apps/v1", spec={"revisionHistoryLimit": 3})
    new = resource("StatefulSet", "apps/v1", spec={"revisionHistoryLimit": 4})

    assert [change.path for change in changes_refused(old, new, judged(), 32)] == [
        "spec.revisionHistoryLimit"
    ]
    assert list(changes_refused(old, new, judged(), 33)) == []


def test_a_reason_of_its_own_is_told_of_the_field_that_is_refused() -> None:
    old = resource("Foo", "example.com/v1", spec={"a": 1})
    new = resource("Foo", "example.com/v1", spec={"b": 1})
    refusal = Refusal(
        "spec", "FieldValueInvalid", "a cannot be removed", True, ("spec.a", "spec.b")
    )

    (change,) = changes_refused(old, new, judged(refusal))

    assert (change.path, change.reason) == (
        "spec",
        "which the API does not allow (a cannot be removed)",
    )


@pytest.mark.parametrize(
    ("made", "path", "published"),
    [
        (
            resource("CSIDriver", "storage.k8s.io/v1", spec={"attachRequired": True}),
            "spec.attachedRequired",
            "spec.attachRequired",
        ),
        (
            resource("PersistentVolume", spec={"capacity": {"storage": "1Gi"}, "nfs": {}}),
            "spec.persistentvolumesource",
            "spec.nfs",
        ),
        (resource("Secret", stringData={"a": "b"}), "data", "stringData"),
        (resource("Secret", data={"a": "Yg=="}), "data", "data"),
        (
            resource(
                "CustomResourceDefinition", "apiextensions.k8s.io/v1", spec={"versions": [{}]}
            ),
            "spec.validation.openAPIV3Schema.type",
            "spec.versions[0].schema.openAPIV3Schema.type",
        ),
    ],
)
def test_paths_of_internal_types_are_told_as_the_api_spells_them(
    made: Resource, path: str, published: str
) -> None:
    assert published_path(made, path) == published


def test_rules_that_did_not_run_are_no_mistake_of_the_object() -> None:
    """The server says so beside what the schema refuses."""
    too_long = Refusal("spec.name", "FieldValueTooLong", "may not be more than 3 bytes")
    unchecked = Refusal(
        "<nil>",
        "FieldValueInvalid",
        "some validation rules were not checked because the object was invalid; "
        "correct the existing errors to complete validation",
    )
    result = ValidationResult("judged", (too_long, unchecked))

    assert list(refusals_of(resource("Widget", "example.com/v1"), result)) == [too_long]
