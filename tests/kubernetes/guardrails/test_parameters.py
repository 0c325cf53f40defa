"""Parameters of guards in CEL that change or go."""

from __future__ import annotations

import pytest

from tests.analysis.law import Repository, config, found, review

POLICY = (
    "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\n"
    "metadata: {name: most}\nspec:\n  paramKind: {apiVersion: example.com/v1, kind: Limit}\n"
    "  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], "
    "operations: [CREATE], resources: [deployments]}]}\n"
    "  validations: [{expression: object.spec.replicas <= params.spec.most}]\n"
)
KYVERNO = (
    "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: most}\nspec:\n"
    "  validationFailureAction: Enforce\n  rules:\n  - name: a\n"
    "    match: {any: [{resources: {kinds: [Deployment]}}]}\n    validate:\n      cel:\n"
    "        paramKind: {apiVersion: example.com/v1, kind: Limit}\n"
    "        paramRef: {name: few, namespace: shop, parameterNotFoundAction: Allow}\n"
    "        expressions: [{expression: object.spec.replicas <= params.spec.most}]\n"
)
BY_NAME = "name: few, namespace: shop, parameterNotFoundAction: Allow"


def bound(reference: str, actions: str = "Deny") -> str:
    """The policy and a binding of it."""
    return (
        f"{POLICY}---\napiVersion: admissionregistration.k8s.io/v1\n"
        "kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: most}\n"
        f"spec: {{policyName: most, validationActions: [{actions}], paramRef: {{{reference}}}}}\n"
    )


def limit(most: int, group: str = "example.com") -> str:
    return (
        f"---\napiVersion: {group}/v1\nkind: Limit\n"
        "metadata: {name: few, namespace: shop, labels: {a: b}}\n"
        f"spec: {{most: {most}, other: 1}}\n"
    )


CHANGED = "takes this as a parameter: it may refuse less now"
REMOVED = "without them it refuses nothing"
SELECTED = "selector: {matchLabels: {a: b}}, parameterNotFoundAction: Allow"


@pytest.mark.parametrize(
    ("guard", "old", "new", "ends"),
    [
        (bound(BY_NAME), limit(3), limit(5), CHANGED),
        (bound(BY_NAME), limit(3), "", REMOVED),
        (bound(SELECTED), limit(3), limit(5), CHANGED),
        (bound(SELECTED), limit(3), "", REMOVED),
        (KYVERNO, limit(3), limit(5), CHANGED),
        (KYVERNO, limit(3), "", REMOVED),
        (bound(BY_NAME), "", limit(5), None),
        (bound(BY_NAME), limit(3), limit(3).replace("{a: b}", "{a: c}"), None),
        (bound(BY_NAME.replace("Allow", "Deny")), limit(3), "", None),
        (bound(BY_NAME, "Audit"), limit(3), limit(5), None),
        (bound(BY_NAME.replace("few", "many")), limit(3), limit(5), None),
        (bound(BY_NAME.replace("shop", "web")), limit(3), limit(5), None),
        (bound(BY_NAME), limit(3, "other.com"), limit(5, "other.com"), None),
    ],
)
def test_a_parameter_that_may_let_more_in_is_an_error(
    guard: str, old: str, new: str, ends: str | None
) -> None:
    base, head = ({"a.yaml": guard + limits, "b.yaml": config()} for limits in (old, new))

    findings = found(review(Repository(base, head)), "guardrail-weakened")

    assert [finding.severity for finding in findings] == ["error"] * (ends is not None)
    assert all(finding.message.endswith(ends or "") for finding in findings)
