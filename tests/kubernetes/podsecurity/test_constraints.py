"""OpenShift's SecurityContextConstraints: what they allow, and who may use them."""

from __future__ import annotations

import pytest

from bot.core.state import State
from bot.kubernetes import kinds, rbac
from bot.kubernetes.podsecurity.constraints import allowances, builtin_likes, constraints_loosened
from tests.states import world

_CONSTRAINTS = (
    "{apiVersion: security.openshift.io/v1, kind: SecurityContextConstraints,"
    " metadata: {name: agents}, %s}"
)
_BINDING = """
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: agents},
 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: agents},
 subjects: [{kind: ServiceAccount, name: web, namespace: shop}]}
"""
_ROLE = """
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: agents},
 rules: [{apiGroups: [security.openshift.io], resources: [securitycontextconstraints],
          resourceNames: [agents], verbs: [use]}]}
"""


def _constraints(text: str, *others: str) -> State:
    return world(_CONSTRAINTS % text, *others)


@pytest.mark.parametrize(
    ("text", "words", "like"),
    [
        ("allowPrivilegedContainer: true", ["run privileged"], "privileged"),
        ("allowPrivilegedContainer: 'true'", [], None),
        ("allowHostDirVolumePlugin: true", ["mount directories of the node"], "privileged"),
        ("allowHostDirVolumePlugin: false, volumes: ['*']", [], None),
        ("allowHostPID: true", ["see the processes of the node"], "privileged"),
        ("allowHostIPC: true", ["share the IPC namespace of the node"], "anyuid"),
        ("allowHostNetwork: true", ["use the network of the node"], "anyuid"),
        ("allowHostPorts: true", ["use ports of the node"], "anyuid"),
        ("runAsUser: {type: RunAsAny}", ["run as root"], "anyuid"),
        ("runAsUser: {type: MustRunAs, uid: 0}", ["run as root"], "anyuid"),
        ("runAsUser: {type: MustRunAs, uid: 10}", [], None),
        ("runAsUser: {type: MustRunAsRange, uidRangeMin: 0}", ["run as root"], "anyuid"),
        ("runAsUser: {type: MustRunAsNonRoot}", [], None),
        ("runAsUser: [RunAsAny]", [], None),
        ("allowedCapabilities: ['*']", ["have the capability *"], "privileged"),
        (
            "allowedCapabilities: [NET_ADMIN, SETUID, 3]",
            ["have the capability NET_ADMIN"],
            "anyuid",
        ),
        ("defaultAddCapabilities: [SYS_ADMIN]", ["have the capability SYS_ADMIN"], "privileged"),
        ("allowPrivilegedContainer: true, userNamespaceLevel: RequirePodLevel", [], None),
    ],
)
def test_constraints_allow_what_their_fields_say(
    text: str, words: list[str], like: str | None
) -> None:
    state = _constraints(text)
    (resource,) = state.of(kinds.SECURITY_CONTEXT_CONSTRAINTS)

    assert [allowance.words for allowance in allowances(resource)] == words
    assert builtin_likes(state).get("agents") == like


@pytest.mark.parametrize(
    ("text", "severity"), [("allowHostPID: true", "error"), ("allowHostPID: false", "notice")]
)
def test_use_of_constraints_is_ranked_by_what_they_allow(text: str, severity: str) -> None:
    before, after = _constraints(text, _ROLE), _constraints(text, _ROLE, _BINDING)

    assert [finding.severity for finding in rbac.privileges_added(before, after)] == [severity]


@pytest.mark.parametrize(
    ("before", "after", "subjects"),
    [
        ("users: []", "users: ['system:serviceaccount:shop:web']", ["ServiceAccount shop/web"]),
        ("users: [mary]", "users: [mary], groups: [dev]", ["Group dev"]),
        ("users: [mary], groups: [dev]", "users: [mary, tom], groups: [dev]", ["User tom"]),
        ("users: [mary]", "users: []", []),
        ("users: []", "users: mary, groups: {a: b}", []),
        ("users: []", "groups: ['system:masters']", []),
    ],
)
def test_users_and_groups_of_constraints_may_use_them(
    before: str, after: str, subjects: list[str]
) -> None:
    privileged = "allowPrivilegedContainer: true, "
    states = (_constraints(privileged + text) for text in (before, after))

    messages = [finding.message for finding in rbac.privileges_added(*states)]

    assert messages == [
        f"{subject} can now run pods that are privileged or mount the host in the cluster,"
        " and so take over the node"
        for subject in subjects
    ]


def test_new_constraints_that_nobody_uses_are_not_reported() -> None:
    after = _constraints("allowPrivilegedContainer: true")

    assert list(rbac.privileges_added(world(), after)) == []
    assert list(rbac.roles_widened(world(), after)) == []
    assert list(constraints_loosened(world(), after)) == []
