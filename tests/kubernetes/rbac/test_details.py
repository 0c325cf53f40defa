"""What findings about RBAC carry beside their sentence: words, facts, keys and rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.finding import Severity, Table
from bot.core.resource import Node, ResourceSource, route_text
from bot.kubernetes.rbac import privileges_added, wording
from bot.kubernetes.rbac.defaults.builtin import builtin_objects
from bot.kubernetes.rbac.objects import Role, read
from bot.kubernetes.rbac.questions import parse_resource
from bot.kubernetes.rbac.reconciliation import redefinitions
from bot.kubernetes.rbac.references import edited_role_refs, unknown_roles
from bot.kubernetes.rbac.rule_sets import Box, Target
from bot.kubernetes.rbac.rules import Atom
from bot.kubernetes.rbac.validity import invalid
from tests.kubernetes.rbac.objects import (
    RBAC,
    Json,
    binding,
    cluster_role,
    resource,
    role,
    rule,
    state,
)

PODS = (Target("", "pods"),)
CLOSED = frozenset({"s"})


def test_more_than_eight_verbs_are_counted() -> None:
    assert wording.verbs([Box(tuple("abcdefghij"), PODS)]) == (
        "a, b, c, d, e, f, g, h and 2 more verbs on"
    )
    assert wording.verbs([Box(tuple("abcdefghi"), PODS)]) == "a, b, c, d, e, f, g, h and i"


def test_more_than_three_names_are_counted() -> None:
    assert wording.names([Box(("get",), PODS, tuple("abcde"))]) == "a, b, c and 2 more"


def test_namespaces_are_named_in_their_order() -> None:
    assert wording.where(["a"]) == "in namespace a"
    assert wording.where(["b", "a", "b"]) == "in namespaces a and b"


def test_a_resource_that_kubernetes_does_not_have_is_of_the_core_group() -> None:
    assert parse_resource("widgets") == Atom("", "", "widgets")


def test_each_binding_with_an_edited_role_ref_is_reported() -> None:
    base = state(*(binding("s", name, "ClusterRole/view", "User u") for name in "ab"))
    new = binding("s", "0", "ClusterRole/view", "User u")
    head = state(new, *(binding("s", name, "ClusterRole/edit", "User u") for name in "ab"))

    assert [dict(found.facts) for found in edited_role_refs(base, head)] == [
        {"object": f"RoleBinding/s/{name}", "old": "ClusterRole/view", "new": "ClusterRole/edit"}
        for name in "ab"
    ]


def test_the_subjects_of_a_role_that_nobody_defines_are_facts() -> None:
    head = state(binding("s", "a", "ClusterRole/none", "User u", "User v"))
    first, second = ({"kind": "User", "namespace": None, "name": name} for name in "uv")

    (found,) = unknown_roles(state(), head)

    assert dict(found.facts) == {
        "subject": first,
        "subjects": (first, second),
        "scope": "s",
        "roleRef": "ClusterRole/none",
    }


def test_a_role_grants_its_namespace_and_no_nodes() -> None:
    mixed = rule(["get"], ["namespaces", "nodes"])

    (found,) = invalid(role("s", "r", mixed))

    assert isinstance(found.node, Node)
    assert route_text(found.node.route) == "rules[*].resources[nodes]"
    assert list(invalid(cluster_role("r", mixed))) == []


def test_the_key_of_a_finding_is_what_its_rule_is_about() -> None:
    pods = rule(["get"], ["pods"])
    more = rule(["get"], ["secrets", "services", "endpoints", "events", "nodes"])
    bound = binding(None, "b", "ClusterRole/r", "User u")
    base = cluster_role("r", pods)

    (by_rule,) = privileges_added(state(base, bound), state(cluster_role("r", pods, more), bound))
    apps = cluster_role("r", pods, rule(["get"], ["deployments"], groups=["apps"]))
    (by_group,) = privileges_added(state(base, bound), state(apps, bound))
    (by_binding,) = privileges_added(state(base), state(base, bound))

    assert by_rule.key == " secrets services endpoints events nodes"
    assert (by_group.key, by_binding.key) == ("apps deployments", "")


def test_the_table_names_twelve_resources_and_counts_the_rows_beyond_twenty() -> None:
    pods, other = rule(["get"], ["pods"]), rule(["get"], [f"r{number}" for number in range(6)])
    bound = [binding(f"n{n}", f"b{n}", "ClusterRole/r", f"User u{n}") for n in range(25)]

    (found,) = privileges_added(
        state(cluster_role("r", pods), *bound), state(cluster_role("r", pods, other), *bound)
    )
    (table,) = (detail for detail in found.details if isinstance(detail, Table))

    assert table.rows[0] == ("User u0", "n0", "get", "r0, r1, r2, r3, r4 and r5", "")
    assert table.rows[20:] == (("and 5 more rows", "", "", "", ""),)


NO_GROUPS = 'a rule for resources needs apiGroups (the core group is "")'
NO_RESOURCE = "a rule needs at least one resource or nonResourceURL"
NO_URLS = "a Role cannot grant URLs, which are in no namespace"
URLS = rule(["get"], urls=["/a"])
ODD_SELECTOR = {"matchExpressions": [{"key": "a", "operator": "Odd"}]}


@pytest.mark.parametrize(
    ("kind", "body", "refusals"),
    [
        (
            "RoleBinding",
            {"roleRef": {"apiGroup": RBAC, "kind": "Role", "name": ""}},
            {"roleRef.name": "roleRef needs a name"},
        ),
        (
            "RoleBinding",
            {"roleRef": {"apiGroup": "x", "kind": "Robot", "name": "r"}},
            {
                "roleRef.apiGroup": f"roleRef.apiGroup must be {RBAC}",
                "roleRef.kind": "roleRef.kind must be Role or ClusterRole",
            },
        ),
        (
            "ClusterRoleBinding",
            {
                "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "r"},
                "subjects": [
                    {"kind": "Robot", "name": "a"},
                    {"kind": "User", "name": ""},
                    {"kind": "ServiceAccount", "name": "a"},
                    {"kind": "User", "name": "u", "apiGroup": "x"},
                    {"kind": "ServiceAccount", "name": "a", "namespace": "s", "apiGroup": RBAC},
                ],
            },
            {
                "roleRef.kind": "roleRef.kind must be ClusterRole",
                "subjects.0.kind": "a subject's kind must be User, Group or ServiceAccount",
                "subjects.1.name": "a subject needs a name",
                "subjects.2.namespace": (
                    "a ServiceAccount in a ClusterRoleBinding needs a namespace"
                ),
                "subjects.3.apiGroup": f"the apiGroup of a User must be {RBAC}",
                "subjects.4.apiGroup": (
                    "a ServiceAccount is of the core group: its apiGroup must be empty"
                ),
            },
        ),
        (
            "Role",
            {"rules": [{"verbs": []}, {"verbs": ["get"], "resources": ["a"]}, URLS]},
            {
                "rules.0.verbs": "a rule needs at least one verb",
                "rules.0.apiGroups": NO_GROUPS,
                "rules.0.resources": NO_RESOURCE,
                "rules.1.apiGroups": NO_GROUPS,
                "rules.2.nonResourceURLs": NO_URLS,
            },
        ),
        (
            "ClusterRole",
            {"rules": [{**rule(["get"], ["a"]), "nonResourceURLs": ["/a"]}]},
            {"rules.0.nonResourceURLs": "a rule cannot apply to both resources and URLs"},
        ),
        (
            "ClusterRole",
            {"aggregationRule": {"clusterRoleSelectors": [ODD_SELECTOR]}},
            {
                "aggregationRule.clusterRoleSelectors.0": (
                    "the selector is invalid: the operator is 'Odd', expected one of In, NotIn, "
                    "Exists, DoesNotExist"
                ),
            },
        ),
        ("Role", {"rules": 7}, {"rules": "rules has the wrong type: expected a list, got int"}),
    ],
)
def test_a_refusal_names_the_field_and_the_reason(
    kind: str, body: Json, refusals: dict[str, str]
) -> None:
    refused = read(resource(kind, None if kind.startswith("Cluster") else "s", "b", body))

    assert isinstance(refused, tuple)
    assert {".".join(map(str, each.route)): each.reason for each in refused} == refusals


def test_where_other_roles_are_defined_a_missing_role_is_a_warning() -> None:
    missing, other = binding("s", "b", "Role/none", "User u"), role("s", "r", URLS)
    config_map = resource("ConfigMap", "s", "c", {}, group="")

    severities = [
        [found.severity for found in unknown_roles(state(), replace(head, closed=CLOSED))]
        for head in (state(missing), state(missing, config_map), state(missing, other))
    ]

    assert severities == [[Severity.NOTICE], [Severity.NOTICE], [Severity.WARNING]]


def test_a_cluster_role_is_in_no_namespace_whatever_it_says() -> None:
    read_role = read(resource("ClusterRole", "s", "r", {"rules": []}))

    assert isinstance(read_role, Role)
    assert read_role.key.namespace == ""


@pytest.mark.parametrize("name", ["system:discovery", "admin", "cluster-admin"])
def test_a_built_in_role_as_kubernetes_has_it_redefines_nothing(name: str) -> None:
    roles = builtin_objects(None).values()
    default = next(each for each in roles if each.name == name and each.key.kind == "ClusterRole")
    written = replace(default, source=ResourceSource("a.yaml", "", 0))

    assert list(redefinitions(state(), state(written))) == []
