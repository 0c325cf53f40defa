"""OpenShift's own roles: known where the environment is OpenShift, and as strong as their SCC."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.finding import Severity
from bot.core.state import Environment
from bot.kubernetes import rbac
from bot.kubernetes.rbac.authority import authority
from bot.kubernetes.rbac.objects import RoleKey
from bot.kubernetes.rbac.rules import Atom
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
        ("system:openshift:scc:hostnetwork-v2", Severity.ERROR),
        ("system:openshift:scc:nonroot-v2", Severity.NOTICE),
    ],
)
def test_the_use_of_an_scc_is_as_strong_as_the_scc(role: str, severity: Severity) -> None:
    assert severities(BINDING % ("ClusterRole", "", role), ROUTE) == [severity]


def test_the_use_of_an_scc_counts_in_the_namespace_of_the_binding() -> None:
    binding = BINDING % ("Role", ", namespace: tools", "system:openshift:scc:privileged")
    assert severities(binding, ROUTE) == [Severity.WARNING]


def test_elsewhere_the_role_is_not_known() -> None:
    assert severities(BINDING % ("ClusterRole", "", "system:openshift:scc:privileged")) == []


def test_what_every_user_has_already_is_no_gain() -> None:
    assert (
        severities(BINDING % ("ClusterRole", "", "system:openshift:scc:restricted-v2"), ROUTE) == []
    )
    assert severities(BINDING % ("ClusterRole", "", "self-provisioner"), ROUTE) == [Severity.NOTICE]


def test_admin_writes_routes_and_role_bindings_of_openshift() -> None:
    state = world(ROUTE)
    rules = authority(state).resolve(RoleKey("ClusterRole", "", "admin"))

    for group, resource in (
        ("route.openshift.io", "routes"),
        ("authorization.openshift.io", "rolebindings"),
        ("", "secrets"),
    ):
        assert any(found.rule.covers(Atom("create", group, resource)) for found in rules), resource


CONSTRAINTS = """
apiVersion: security.openshift.io/v1
kind: SecurityContextConstraints
metadata: {name: privileged}
"""


@pytest.mark.parametrize(
    ("listed", "subject"),
    [
        ("groups: [developers]", "Group developers"),
        ("users: [jane]", "User jane"),
        ("users: ['system:serviceaccount:tools:agent']", "ServiceAccount tools/agent"),
    ],
)
def test_whom_constraints_list_may_use_them_everywhere(listed: str, subject: str) -> None:
    before, after = world(ROUTE, CONSTRAINTS), world(ROUTE, f"{CONSTRAINTS}{listed}\n")

    (finding,) = compare(before, after, None)

    assert finding.severity == Severity.ERROR
    assert finding.message.startswith(f"{subject} can now run pods that are privileged")
    assert finding.facts["grants"] == (
        {
            "subject": subject_facts(subject),
            "scope": "*",
            "verb": "use",
            "apiGroup": "security.openshift.io",
            "resource": "securitycontextconstraints",
            "resourceName": "privileged",
        },
    )


def subject_facts(text: str) -> object:
    kind, _, name = text.partition(" ")
    space, _, last = name.rpartition("/")
    return {"kind": kind, "namespace": space or None, "name": last}


def test_the_policy_says_that_a_cluster_is_openshift() -> None:
    binding = BINDING % ("ClusterRole", "", "system:openshift:scc:privileged")
    openshift = Environment(openshift=True)
    base, head = (replace(state, environment=openshift) for state in (world(), world(binding)))

    assert [finding.severity for finding in compare(base, head, None)] == [Severity.ERROR]


def test_the_first_resource_of_openshift_brings_no_built_in_grants() -> None:
    role = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}"

    assert list(rbac.privileges_added(world(), world(ROUTE, role))) == []
    assert list(rbac.roles_widened(world(), world(ROUTE, role))) == []
    assert rbac.removed_grants(world(ROUTE, role), world(role)) == ()
