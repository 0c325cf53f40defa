"""Guards that enforce less, beyond what the rule's page shows."""

from __future__ import annotations

import pytest

from bot.kubernetes.guardrails.weakened import guardrails_weakened
from tests.states import world

_OBJECT = "{apiVersion: %s, kind: %s, metadata: {name: a}, %s}"
KYVERNO = _OBJECT % ("kyverno.io/v1", "ClusterPolicy", "spec: %s")
CEL = _OBJECT % ("policies.kyverno.io/v1", "ValidatingPolicy", "spec: %s")
EXCEPTION = _OBJECT % ("kyverno.io/v2", "PolicyException", "spec: %s")
CONSTRAINT = _OBJECT % ("constraints.gatekeeper.sh/v1", "K8sAllowedRepos", "spec: %s")
TEMPLATE = _OBJECT % ("templates.gatekeeper.sh/v1", "ConstraintTemplate", "spec: %s")
_ADMISSION = "admissionregistration.k8s.io/v1"
POLICY = _OBJECT % (_ADMISSION, "ValidatingAdmissionPolicy", "spec: %s")
BINDING = _OBJECT % (_ADMISSION, "ValidatingAdmissionPolicyBinding", "spec: %s")
WEBHOOK = _OBJECT % (_ADMISSION, "MutatingWebhookConfiguration", "webhooks: [{name: w, %s}]")
NAMESPACE = "{apiVersion: v1, kind: Namespace, metadata: {name: s, labels: %s}}"
RULE = "rules: [{name: a, validate: {pattern: {spec: {a: b}}}}]"
ENFORCED = "rules: [{name: a, validate: {failureAction: Enforce, pattern: {spec: {a: b}}}}]"
DENY = "{validationActions: [Deny]}"
LEVEL = "pod-security.kubernetes.io/enforce"


def messages(template: str, before: str | None, after: str | None) -> list[str]:
    """What a change of one object says, without the object's own name."""
    states = (world(template % text) if text is not None else world() for text in (before, after))
    return [found.message for found in guardrails_weakened(*states)]


@pytest.mark.parametrize(
    ("template", "before", "after"),
    [
        (KYVERNO, f"{{validationFailureAction: Enforce, {RULE}}}", f"{{{RULE}}}"),
        (KYVERNO, f"{{{ENFORCED}}}", f"{{failurePolicy: Ignore, {ENFORCED}}}"),
        (KYVERNO, f"{{{ENFORCED}}}", "{rules: []}"),
        (KYVERNO, f"{{{ENFORCED}}}", f"{{admission: false, {ENFORCED}}}"),
        (CEL, "{validationActions: [Deny]}", "{validationActions: [Audit]}"),
        (CEL, "{}", "{failurePolicy: Ignore}"),
        (CONSTRAINT, "{enforcementAction: deny}", "{enforcementAction: warn}"),
        (CONSTRAINT, "{match: {namespaces: [a, b]}}", "{match: {namespaces: [a]}}"),
        (POLICY, "{}", "{failurePolicy: Ignore}"),
        (
            POLICY,
            "{validations: [{expression: a}, {expression: b}]}",
            "{validations: [{expression: a}]}",
        ),
        (POLICY, "{}", "{matchConditions: [{name: m, expression: x}]}"),
        (POLICY, "{}", "{matchConstraints: {objectSelector: {matchLabels: {a: b}}}}"),
        (BINDING, "{validationActions: [Deny]}", "{}"),
        (
            BINDING,
            DENY,
            DENY[:-1] + ", matchResources: {namespaceSelector: {matchLabels: {a: b}}}}",
        ),
        (WEBHOOK, "failurePolicy: Fail", "failurePolicy: Ignore"),
        (WEBHOOK, "x: y", "failurePolicy: Ignore"),
        (WEBHOOK, "x: y", "objectSelector: {matchLabels: {a: b}}"),
        (WEBHOOK, "x: y", "matchConditions: [{name: m, expression: x}]"),
        (
            EXCEPTION,
            "{exceptions: [{policyName: a}]}",
            "{exceptions: [{policyName: a}, {policyName: b}]}",
        ),
        (NAMESPACE, f"{{{LEVEL}: restricted}}", "{}"),
        (NAMESPACE, f"{{{LEVEL}: baseline}}", f"{{{LEVEL}: privileged}}"),
        *((template, "{}", None) for template in (CEL, CONSTRAINT, TEMPLATE, POLICY)),
        (KYVERNO, "{}", None),
        (WEBHOOK, "x: y", None),
        (EXCEPTION, None, "{exceptions: [{policyName: a}]}"),
    ],
)
def test_a_guard_that_enforces_less_is_one_finding(
    template: str, before: str | None, after: str | None
) -> None:
    assert len(messages(template, before, after)) == 1


@pytest.mark.parametrize(
    ("template", "before", "after"),
    [
        (KYVERNO, "{validationFailureAction: Audit}", "{validationFailureAction: Enforce}"),
        (KYVERNO, "{}", "{validationFailureAction: Audit}"),
        (KYVERNO, "{rules: [{name: a, exclude: {any: []}}]}", "{rules: [{name: a}]}"),
        (CONSTRAINT, "{enforcementAction: dryrun}", "{enforcementAction: warn}"),
        (CONSTRAINT, "{match: {namespaces: [a]}}", "{match: {namespaces: []}}"),
        (TEMPLATE, "{a: b}", "{a: c}"),
        (KYVERNO, f"{{validationFailureAction: Enforce, {RULE}}}", f"{{{ENFORCED}}}"),
        (POLICY, "{validations: [{expression: a}]}", "{validations: [{expression: a && b}]}"),
        (POLICY, "{matchConditions: [{name: m, expression: x}]}", "{}"),
        (BINDING, "{validationActions: [Audit]}", "{validationActions: [Warn]}"),
        (WEBHOOK, "objectSelector: {matchLabels: {a: b}}", "x: y"),
        (WEBHOOK, "objectSelector: {matchLabels: {a: b}}", "objectSelector: {}"),
        (WEBHOOK, "failurePolicy: Ignore", "failurePolicy: Ignore, x: y"),
        (EXCEPTION, "{a: b}", None),
        (NAMESPACE, f"{{{LEVEL}: baseline}}", f"{{{LEVEL}: restricted}}"),
        (NAMESPACE, "{}", f"{{{LEVEL}: privileged}}"),
        (NAMESPACE, f"{{{LEVEL}: unknown}}", "{}"),
        (NAMESPACE, f"{{{LEVEL}: restricted}}", None),
        (NAMESPACE, None, "{}"),
    ],
)
def test_a_guard_that_enforces_as_much_is_silent(
    template: str, before: str | None, after: str | None
) -> None:
    assert messages(template, before, after) == []


HOOK = "clientConfig: {service: {name: a, namespace: b%s}}"
KINDS = "{match: {kinds: [{apiGroups: [%s], kinds: [Pod]}]}}"


@pytest.mark.parametrize(
    ("template", "before", "after"),
    [
        (WEBHOOK, HOOK % "", HOOK % ', port: 443, path: ""'),
        (CONSTRAINT, KINDS % '"*"', KINDS % '""'),
    ],
)
def test_what_is_the_same_in_another_spelling_is_silent(
    template: str, before: str, after: str
) -> None:
    assert messages(template, before, after) == []
