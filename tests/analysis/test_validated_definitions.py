"""What definitions refuse, as the validator runs the rules of the tree's and of published ones."""

from __future__ import annotations

import pytest

from bot.analysis.examine import examine_trees
from bot.catalog import load_rules
from bot.render.programs import find_validator
from bot.render.validator import ValidatorProgram
from tests.states import Grove
from tests.tools import validator_tools

WIDGET = """
apiVersion: example.com/v1
kind: Widget
metadata: {name: w, namespace: shop}
spec: {size: 50}
"""


def definition(limits: str) -> str:
    return f"""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: widgets.example.com}}
spec:
  group: example.com
  scope: Namespaced
  names: {{kind: Widget, plural: widgets}}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {{size: {{type: integer{limits}}}}}
"""


def said(base: dict[str, str], head: dict[str, str], *rules: str) -> list[str]:
    """The messages of these rules, with the validator."""
    binary = find_validator([validator_tools()])
    assert binary is not None
    grove = Grove(base, head)
    analysis = examine_trees(
        grove.question(),
        grove.content(),
        [rule for rule in load_rules() if rule.id in rules],
        validator=ValidatorProgram(binary),
    )
    assert not analysis.problems
    return [finding.message for finding in analysis.findings]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (
            ', x-kubernetes-validations: [{rule: "self < 10", message: "too big"}]',
            "spec.size is invalid: too big",
        ),
        (
            ", maximum: 10",
            "spec.size is invalid: spec.size in body should be less than or equal to 10",
        ),
        (', x-kubernetes-validations: [{rule: "self == oldSelf"}]', ""),
        (', x-kubernetes-validations: [{rule: "self > 10"}]', ""),
    ],
)
def test_rules_of_a_changed_definition_are_run_on_objects_that_stay(
    limits: str, reason: str
) -> None:
    base = {"crd.yaml": definition(""), "w.yaml": WIDGET}
    head = {**base, "crd.yaml": definition(limits)}

    messages = said(base, head, "immutable-field-changed", "manifest-invalid")

    name = "CustomResourceDefinition widgets.example.com no longer takes Widget shop/w"
    assert messages == ([f"{name}: {reason}"] if reason else [])


def test_what_base_refuses_as_well_is_not_new() -> None:
    limit = ', x-kubernetes-validations: [{rule: "self < 10", message: "too big"}%s]'
    base = {"crd.yaml": definition(limit % ""), "w.yaml": WIDGET}
    more = ', {rule: "self > 10", message: "too small"}'
    head = {**base, "crd.yaml": definition(limit % more)}

    assert said(base, head, "immutable-field-changed", "manifest-invalid") == []
