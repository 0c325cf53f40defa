"""What the API server refuses of objects that something completes first."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from bot.core.validation import Refusal, ValidationResult
from bot.kubernetes.gitops.unknowns import unknown
from bot.kubernetes.invalid import invalid
from tests.states import world

SECRET = "{apiVersion: v1, kind: Secret, metadata: {name: tls, namespace: a}, data: {key: '%s'}}"
POLICY = """
apiVersion: policy.open-cluster-management.io/v1
kind: ConfigurationPolicy
metadata: {name: p, namespace: a}
spec:
  object-templates:
  - complianceType: musthave
    objectDefinition: %s
"""
REFUSED = ValidationResult(
    "judged", refusals=(Refusal("", "Decoding", "illegal base64 data at input byte 0"),)
)


@pytest.mark.parametrize(
    ("text", "manifest", "count"),
    [
        ("{{hub fromSecret hub}}", POLICY, 0),
        ("!", POLICY, 1),
        ("{{hub fromSecret hub}}", "%s", 1),
        (unknown("a Secret of the cluster"), "%s", 0),
    ],
)
def test_expressions_and_unknown_values_are_replaced_before_the_api_sees_them(
    text: str, manifest: str, count: int
) -> None:
    state = world(manifest % (SECRET % text))
    (new,) = (found for found in state.resources if found.group_kind.kind == "Secret")
    after = replace(state, validations=MappingProxyType({new.key: REFUSED}))

    assert len(list(invalid(None, new, world(), after))) == count


POD = """
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  hostnameOverride: b
  volumes: [{name: v, emptyDir: {}}]
  containers:
  - name: c
    image: registry.example.com/c:1
    volumeMounts: [{name: v, mountPath: /v}, {name: v, mountPath: /v}]
"""


def messages(*refusals: Refusal, kubernetes: str | None = None) -> list[str]:
    """What is said of a new pod that the validator, of the newest Kubernetes, judged so."""
    state = world(POD)
    (new,) = state.resources
    result = ValidationResult("judged", refusals)
    after = replace(
        state,
        environment=replace(state.environment, kubernetes=kubernetes),
        validations=MappingProxyType({new.key: result}),
    )
    return [finding.message for finding in invalid(None, new, world(), after)]


def test_a_field_that_only_a_later_kubernetes_has_is_unknown() -> None:
    unknown = "Pod default/a has an unknown field spec.hostnameOverride"

    assert unknown in messages(kubernetes="1.33")
    assert unknown not in messages(kubernetes="1.36")


def test_what_validation_refuses_is_not_said_of_a_server_side_apply_as_well() -> None:
    twice = Refusal(
        "spec.containers[0].volumeMounts[1].mountPath", "FieldValueInvalid", "not twice"
    )

    assert [message for message in messages(twice) if "server-side" in message] == []
    assert [message for message in messages() if "server-side" in message] != []


def test_admission_gives_a_pod_its_account() -> None:
    refusal = Refusal("spec", "FieldValueForbidden", "when serviceAccountName is not set")

    assert [message for message in messages(refusal) if "serviceAccountName" in message] == []
