"""OpenShift's own roles: known where the environment is OpenShift, and as strong as their SCC."""

from __future__ import annotations

import pytest

from bot.core.finding import Severity
from rules.rbac_privilege_added import compare
from tests.states import world

ROUTE = "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: r, namespace: a}}"
BINDING = """
apiVersion: rbac.authorization.k8s.io/v1
kind: %sBinding
metadata: {name: b%s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "%s"}
subjects: [{kind: ServiceAccount, name: agent, namespace: tools}]
"""


def severities(binding: str, *more: str) -> list[Severity | None]:
    found = compare(world(*more), world(*more, binding), None)
    return [finding.severity for finding in found]


@pytest.mark.parametrize(
    ("role", "severity"),
    [
        ("system:openshift:scc:privileged", Severity.ERROR),
        ("system:openshift:scc:hostmount-anyuid", Severity.ERROR),
        ("system:openshift:scc:anyuid", Severity.ERROR),
        ("system:openshift:scc:restricted-v2", Severity.NOTICE),
    ],
)
def test_the_use_of_an_scc_is_as_strong_as_the_scc(role: str, severity: Severity) -> None:
    assert severities(BINDING % ("ClusterRole", "", role), ROUTE) == [severity]


def test_the_use_of_an_scc_counts_in_the_namespace_of_the_binding() -> None:
    binding = BINDING % ("Role", ", namespace: tools", "system:openshift:scc:privileged")
    assert severities(binding, ROUTE) == [Severity.WARNING]


def test_elsewhere_the_role_is_not_known() -> None:
    assert severities(BINDING % ("ClusterRole", "", "system:openshift:scc:privileged")) == []
