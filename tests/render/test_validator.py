"""The validator, run for real in the sandbox, and what becomes of one that dies or hangs."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.validation import Refusal, ValidationRequest, ValidationResult
from bot.render.programs import Binary, find_validator, pinned_validator
from bot.render.run import RunLimits
from bot.render.validator import ValidatorProgram
from tests.tools import validator_tools

VERSION = pinned_validator().version


def program(folder: Path) -> ValidatorProgram:
    binary = find_validator([folder])
    assert binary is not None
    return ValidatorProgram(binary)


def encoded(api_version: str, kind: str, **fields: object) -> bytes:
    metadata = {"name": "x", "namespace": "shop"}
    body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
    return json.dumps(body).encode()


def deployment(**spec: object) -> bytes:
    template = {
        "metadata": {"labels": {"app": "x"}},
        "spec": {"containers": [{"name": "c", "image": "example.org/x:1"}]},
    }
    labels = {"matchLabels": {"app": "x"}}
    return encoded("apps/v1", "Deployment", spec={"selector": labels, "template": template, **spec})


def refusals(base: bytes | None, head: bytes, minor: int | None = None) -> tuple[Refusal, ...]:
    (result,) = program(validator_tools()).validate_all([ValidationRequest(head, base, minor)])
    assert (result.status, result.tool) == ("judged", VERSION)
    return result.refusals


def test_a_new_object_that_validation_rejects() -> None:
    assert refusals(None, deployment(replicas=-1)) == (
        Refusal("spec.replicas", "FieldValueInvalid", "must be greater than or equal to 0"),
    )


def test_an_object_that_is_accepted() -> None:
    assert refusals(None, deployment(replicas=2)) == ()


def test_an_unknown_field_under_strict_field_validation() -> None:
    assert refusals(None, deployment(replica=2)) == (Refusal("spec.replica", "UnknownField"),)


def test_what_base_was_refused_for_is_not_said_again() -> None:
    assert refusals(deployment(replica=2), deployment(replica=3)) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"progressDeadlineSeconds": 600}, {}),
        ({}, {"strategy": {"type": "RollingUpdate"}}),
        ({"replicas": 1}, {}),
    ],
)
def test_equal_after_defaulting_is_equal(old: dict[str, object], new: dict[str, object]) -> None:
    assert refusals(deployment(**old), deployment(**new)) == ()


def claim(**spec: object) -> bytes:
    requests = {"requests": {"storage": "1Gi"}}
    whole = {"accessModes": ["ReadWriteOnce"], "resources": requests, **spec}
    return encoded("v1", "PersistentVolumeClaim", spec=whole)


def test_a_coarse_refusal_of_an_update_names_the_fields_that_cause_it() -> None:
    old = claim(storageClassName="fast")
    new = claim(storageClassName="slow", accessModes=["ReadWriteMany"])

    (refusal,) = refusals(old, new)

    assert (refusal.field, refusal.update) == ("spec", True)
    assert refusal.culprits == ("spec.accessModes", "spec.storageClassName")


def test_a_bound_claim_may_grow() -> None:
    assert refusals(claim(), claim(resources={"requests": {"storage": "2Gi"}})) == ()


def test_what_the_cluster_chose_may_be_written_out() -> None:
    assert refusals(claim(), claim(storageClassName="standard", volumeName="pv-1")) == ()


def job(cpu: str, *, suspend: bool) -> bytes:
    container = {"name": "c", "image": "example.org/x:1", "resources": {"requests": {"cpu": cpu}}}
    spec = {"restartPolicy": "Never", "containers": [container]}
    return encoded("batch/v1", "Job", spec={"suspend": suspend, "template": {"spec": spec}})


def test_gates_are_those_of_the_minor_version() -> None:
    """MutablePodResourcesForSuspendedJobs is on by default since 1.36."""
    old, new = job("1", suspend=True), job("2", suspend=True)

    assert [refusal.field for refusal in refusals(old, new, 35)] == ["spec.template"]
    assert refusals(old, new, 36) == ()


DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "x-kubernetes-validations": [
                                    {
                                        "rule": "self.low <= self.high",
                                        "message": "low is above high",
                                    },
                                    {
                                        "rule": "self.high >= oldSelf.high",
                                        "message": "high only grows",
                                    },
                                ],
                                "properties": {
                                    "low": {"type": "integer", "default": 1},
                                    "high": {"type": "integer", "maximum": 100},
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}


def widget(**spec: object) -> bytes:
    return encoded("example.com/v1", "Widget", spec=spec)


def custom(base: bytes | None, head: bytes, definition: object = DEFINITION) -> ValidationResult:
    request = ValidationRequest(head, base, None, json.dumps(definition).encode())
    (result,) = program(validator_tools()).validate_all([request])
    return result


def test_a_custom_resource_is_judged_by_its_definition_and_its_cel_rules() -> None:
    assert custom(None, widget(low=3, high=2)).refusals == (
        Refusal("spec", "FieldValueInvalid", "low is above high"),
    )
    assert custom(None, widget(high=2, hihg=2)).refusals == (Refusal("spec.hihg", "UnknownField"),)
    assert custom(None, widget(high=2)).refusals == ()


def test_a_transition_rule_refuses_the_change_alone() -> None:
    (refusal,) = custom(widget(high=5), widget(high=4)).refusals

    assert (refusal.field, refusal.detail, refusal.update) == ("spec", "high only grows", True)


def test_a_definition_that_never_ends_is_said_to_be_too_deep() -> None:
    schema: dict[str, object] = {"type": "object"}
    for _ in range(300):
        schema = {"type": "object", "properties": {"again": schema}}
    deep = json.loads(json.dumps(DEFINITION))
    deep["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema

    result = custom(None, widget(high=1), deep)

    assert (result.status, result.reason) == (
        "unknown",
        "the schema of its definition is nested too deeply",
    )


def test_cel_that_costs_too_much_is_refused_in_bounded_time() -> None:
    costly = json.loads(json.dumps(DEFINITION))
    spec = costly["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"] = {"items": {"type": "array", "items": {"type": "integer"}}}
    rule = "self.items.all(a, self.items.all(b, self.items.all(c, a + b + c >= 0)))"
    spec["x-kubernetes-validations"] = [{"rule": rule}]

    result = custom(None, widget(items=list(range(3000))), costly)

    assert result.status == "judged"
    assert "cost limit exceeded" in result.refusals[0].detail


def test_a_kind_that_the_validator_does_not_know() -> None:
    request = ValidationRequest(encoded("example.org/v1", "Gadget"))

    (result,) = program(validator_tools()).validate_all([request])

    assert (result.status, result.reason) == ("unknown", "the kind is not known here")


def test_ten_thousand_objects_and_one_of_many_mebibytes() -> None:
    many = [ValidationRequest(deployment(replicas=number)) for number in range(10_000)]
    data = {"data": {"k": "v" * (8 * 1024 * 1024)}}
    large = ValidationRequest(encoded("v1", "ConfigMap", **data))

    *results, last = program(validator_tools()).validate_all([*many, large])

    assert {result.refusals for result in results} == {()}
    assert [refusal.type for refusal in last.refusals] == ["FieldValueTooLong"]


def test_another_version_is_not_used() -> None:
    real = program(validator_tools())
    other = replace(real, binary=replace(real.binary, version="0.0.0-0"))

    (result,) = other.validate_all([ValidationRequest(deployment())])

    assert result.status == "unavailable"
    assert result.reason == f"the validator here is {VERSION!r}, not '0.0.0-0'"


def impostor(folder: Path, name: str) -> ValidatorProgram:
    """A real program that is no validator."""
    path = folder / "validator"
    shutil.copy(os.path.realpath(f"/bin/{name}"), path)
    return ValidatorProgram(
        Binary("validator", VERSION, path, pinned=True, words=()),
        confined=False,
        limits=RunLimits(cpu=5, wall=1.0),
    )


def test_a_validator_that_dies_fails_the_objects_and_never_the_review(tmp_path: Path) -> None:
    results = impostor(tmp_path, "false").validate_all([ValidationRequest(deployment())] * 5)

    assert [result.status for result in results] == ["failed"] * 5
    assert results[0].reason == "the validator crashed"
    assert results[4].reason == "the validator failed too often in this review"


def test_a_script_is_no_validator(tmp_path: Path) -> None:
    script = tmp_path / "validator"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)

    assert find_validator([tmp_path]) is None
