"""What the API server refuses of objects that something completes first."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from bot.core.validation import Refusal, ValidationResult
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
    ],
)
def test_a_carriers_expressions_are_replaced_before_the_api_sees_them(
    text: str, manifest: str, count: int
) -> None:
    state = world(manifest % (SECRET % text))
    (new,) = (found for found in state.resources if found.group_kind.kind == "Secret")
    after = replace(state, validations=MappingProxyType({new.key: REFUSED}))

    assert len(list(invalid(None, new, world(), after))) == count
