"""How loud a binding to a role is that nothing here defines."""

from __future__ import annotations

from dataclasses import replace

from bot.core.finding import Severity
from bot.core.state import State
from bot.kubernetes.rbac.references import unknown_roles
from tests.states import world

BINDING = """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: viewer, namespace: %s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: operators-view}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: %s}]
"""
WIDE = BINDING.replace("RoleBinding", "ClusterRoleBinding").replace(", namespace: %s", "")


def unread(*texts: str) -> State:
    return replace(world(*texts), closed=frozenset())


def severities(before: State, after: State) -> list[tuple[str, Severity | None]]:
    return [(str(found.message), found.severity) for found in unknown_roles(before, after)]


def test_what_was_not_read_may_define_the_role() -> None:
    after = unread(BINDING % ("shop", "team"))
    said = (
        "RoleBinding shop/viewer refers to ClusterRole operators-view, which is not defined here:"
        " what it grants Group team is not known"
    )
    more = ", and not everything that may define it was read"

    assert severities(world(), after) == [(said + more, Severity.WARNING)]
    assert severities(world(), replace(after, closed=frozenset({"shop"}))) == [
        (said, Severity.NOTICE)
    ]


def test_a_role_that_the_subjects_have_elsewhere_is_a_notice() -> None:
    base = BINDING % ("shop", "team")
    more, other = BINDING % ("bank", "team"), BINDING % ("bank", "strangers")

    assert [found for _, found in severities(world(base), unread(base, more))] == [Severity.NOTICE]
    assert [found for _, found in severities(unread(base), unread(base, other))] == [
        Severity.WARNING
    ]
    assert [found for _, found in severities(unread(base), unread(base, WIDE % "team"))] == [
        Severity.WARNING
    ]
