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


NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"
KUSTOMIZATION = """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: a}
spec: {interval: %s, prune: true, path: ./apps, sourceRef: {kind: Bucket, name: x}}
"""
HELM_RELEASE = """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: a}
spec: {interval: 5m, chartRef: {kind: OCIRepository, name: x}%s}
"""
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: a}
spec:
  parentRefs: [{name: public}]
  rules:
  - matches: [{path: {value: %s}}]
    backendRefs: [{name: web, port: 80}]
"""
CLASS = """
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: public}
spec: {controllerName: example.com/%s}
"""


def published(text: str) -> list[str]:
    """What `manifest-invalid` says of a new object; its sources are not rendered here."""
    binary = find_validator([validator_tools()])
    assert binary is not None
    grove = Grove({"a.yaml": NAMESPACE}, {"a.yaml": NAMESPACE, "b.yaml": text})
    rules = [rule for rule in load_rules() if rule.id == "manifest-invalid"]
    analysis = examine_trees(
        grove.question(), grove.content(), rules, validator=ValidatorProgram(binary)
    )
    return [f"{finding.severity}: {finding.message}" for finding in analysis.findings]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (KUSTOMIZATION % "5min", "Kustomization a/apps: spec.interval is invalid: spec.interval"),
        (
            HELM_RELEASE % ", chart: {spec: {chart: x, sourceRef: {kind: GitRepository, name: x}}}",
            "HelmRelease a/web: spec is invalid: either chart or chartRef must be set",
        ),
        (
            ROUTE % "api",
            "HTTPRoute a/web: spec.rules[0].matches[0].path is invalid: value must be an absolute",
        ),
    ],
)
def test_rules_of_published_definitions_are_run(text: str, reason: str) -> None:
    (message,) = published(text)

    assert message.startswith(f"error: The API refuses {reason}")
    assert " (judged by " in message


@pytest.mark.parametrize(
    "text",
    [KUSTOMIZATION % "5m", HELM_RELEASE % "", ROUTE % "/api", ROUTE % '"${API_PATH}"'],
)
def test_what_every_release_takes_is_no_finding(text: str) -> None:
    assert published(text) == []


def test_a_field_that_a_published_rule_freezes() -> None:
    base, head = ({"class.yaml": CLASS % name} for name in ("a", "b"))

    (message,) = said(base, head, "immutable-field-changed", "manifest-invalid")

    assert message.startswith("GatewayClass public changes spec.controllerName, which cannot")
