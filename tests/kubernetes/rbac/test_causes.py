"""One finding a cause, on the line of the cause."""

from __future__ import annotations

import pytest

from bot.core.finding import Finding
from bot.core.resource import route_text
from bot.core.values import sequence
from bot.kubernetes.rbac import privileges_added, roles_widened
from tests.states import world

ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: r
  labels: {team: a}
rules:
- apiGroups: [""]
  resources: [pods]
  verbs: [get]
- apiGroups: [apps]
  resources: [deployments]
  resourceNames: [web]
  verbs: [get, list]
"""
BOUND = """
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}
subjects:
- {kind: User, name: u, apiGroup: rbac.authorization.k8s.io}
- {kind: Group, name: g, apiGroup: rbac.authorization.k8s.io}
"""
OUTER = """
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: outer}
aggregationRule:
  clusterRoleSelectors:
  - matchLabels: {to: outer}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: outer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: outer}
subjects:
- {kind: User, name: u, apiGroup: rbac.authorization.k8s.io}
"""


def placed(finding: Finding) -> str:
    """Where a finding stands: `KIND/NAME SIDE ROUTE`, and list indices where they matter."""
    node = finding.node
    assert not hasattr(node, "line")
    indices = [step.index for step in node.route if not isinstance(step, str)]
    return f"{node.resource.key} {finding.side} {route_text(node.route)} {indices}"


def places(base: str, head: str) -> list[str]:
    """Where the findings of added privileges stand."""
    return [placed(found) for found in privileges_added(world(base), world(head))]


def test_a_verb() -> None:
    head = ROLE.replace("verbs: [get]", "verbs: [get, list, delete]") + BOUND

    assert places(ROLE + BOUND, head) == ["ClusterRole/r RIGHT rules[*].verbs[delete] [0, 2]"]


def test_a_verb_on_the_first_of_equals() -> None:
    head = ROLE.replace("verbs: [get]", "verbs: [get, list, watch]") + BOUND

    assert places(ROLE + BOUND, head) == ["ClusterRole/r RIGHT rules[*].verbs[list] [0, 1]"]


def test_a_resource_is_the_worst_of_those_that_are_added() -> None:
    head = ROLE.replace("[pods]", "[pods, services, secrets]") + BOUND

    assert places(ROLE + BOUND, head) == ["ClusterRole/r RIGHT rules[*].resources[secrets] [0, 2]"]


def test_a_group() -> None:
    head = ROLE.replace('[""]', '["", metrics.k8s.io]') + BOUND

    assert places(ROLE + BOUND, head) == [
        "ClusterRole/r RIGHT rules[*].apiGroups[metrics.k8s.io] [0, 1]"
    ]


def test_a_url() -> None:
    base = "\n- nonResourceURLs: [/a]\n  verbs: [get]\n"

    assert places(
        ROLE.rstrip() + base + BOUND, ROLE.rstrip() + base.replace("[/a]", "[/a, /b]") + BOUND
    ) == ["ClusterRole/r RIGHT rules[*].nonResourceURLs[/b] [2, 1]"]


def test_verbs_and_resources_that_grow_are_two_causes() -> None:
    head = ROLE.replace("[pods]", "[pods, secrets]").replace("verbs: [get]", "verbs: [get, list]")

    assert places(ROLE + BOUND, head + BOUND) == [
        "ClusterRole/r RIGHT rules[*].resources[secrets] [0, 1]",
        "ClusterRole/r RIGHT rules[*].verbs[list] [0, 1]",
    ]


def test_a_name_that_is_added() -> None:
    assert places(ROLE + BOUND, ROLE.replace("[web]", "[web, api]") + BOUND) == [
        "ClusterRole/r RIGHT rules[*].resourceNames[api] [1, 1]"
    ]


def test_names_that_are_gone_stand_at_base() -> None:
    assert places(ROLE + BOUND, ROLE.replace("  resourceNames: [web]\n", "") + BOUND) == [
        "ClusterRole/r LEFT rules[*].resourceNames [1]"
    ]


def test_names_that_are_emptied_stand_at_head() -> None:
    assert places(ROLE + BOUND, ROLE.replace("[web]", "[]") + BOUND) == [
        "ClusterRole/r RIGHT rules[*].resourceNames [1]"
    ]


def test_a_rule_that_is_added_though_it_shares_verbs_with_others() -> None:
    added = '- apiGroups: [""]\n  resources: [secrets]\n  verbs: [get]\n'
    head = ROLE.replace("rules:\n", f"rules:\n{added}") + BOUND

    assert places(ROLE + BOUND, head) == ["ClusterRole/r RIGHT rules[*] [0]"]


def test_all_subjects_of_a_cause_are_in_its_finding() -> None:
    (found,) = privileges_added(
        world(ROLE + BOUND), world(ROLE.replace("verbs: [get]", "verbs: [get, list]") + BOUND)
    )

    assert found.message == "Group g and User u can now list pods in the cluster"
    assert [related.message for related in found.related] == [
        "User u is bound to ClusterRole r here",
        "Group g is bound to ClusterRole r here",
    ]


def test_a_new_binding_is_one_cause_at_its_first_subject() -> None:
    assert places(ROLE, ROLE + BOUND) == [
        "ClusterRoleBinding/b RIGHT subjects[kind=User,name=u] [0]"
    ]


def test_a_new_binding_stands_at_the_first_subject_that_gets_something() -> None:
    other = BOUND.replace("name: b", "name: other").replace(
        "- {kind: Group, name: g, apiGroup: rbac.authorization.k8s.io}\n", ""
    )

    assert places(ROLE + other, ROLE + other + BOUND) == [
        "ClusterRoleBinding/b RIGHT subjects[kind=Group,name=g] [1]"
    ]


def test_a_subject() -> None:
    base = BOUND.replace("- {kind: Group, name: g, apiGroup: rbac.authorization.k8s.io}\n", "")

    assert places(ROLE + base, ROLE + BOUND) == [
        "ClusterRoleBinding/b RIGHT subjects[kind=Group,name=g] [1]"
    ]


def test_a_role_ref() -> None:
    head = BOUND.replace("ClusterRole, name: r", "ClusterRole, name: edit")

    assert places(ROLE + BOUND, ROLE + head) == ["ClusterRoleBinding/b RIGHT roleRef.name []"]


def test_a_new_role_that_wakes_a_binding() -> None:
    assert places(BOUND, ROLE + BOUND) == ["ClusterRole/r RIGHT metadata.name []"]


def test_the_rule_is_the_cause_where_only_names_of_objects_changed_beside_it() -> None:
    """A binding under another name brings nothing about, and so is no cause."""
    head = ROLE.replace("[pods]", "[pods, secrets]") + BOUND.replace("name: b}", "name: renamed}")

    assert places(ROLE + BOUND, head) == ["ClusterRole/r RIGHT rules[*].resources[secrets] [0, 1]"]


def test_the_rule_is_the_cause_where_base_bound_the_role_in_the_whole_cluster() -> None:
    """A binding in a namespace adds nothing to one in the cluster."""
    narrow = (
        BOUND.replace("ClusterRoleBinding", "RoleBinding")
        .replace("{name: b}", "{name: c, namespace: shop}")
        .replace("- {kind: Group, name: g, apiGroup: rbac.authorization.k8s.io}\n", "")
    )
    head = ROLE.replace("[pods]", "[pods, secrets]") + BOUND + narrow

    assert places(ROLE + BOUND, head) == ["ClusterRole/r RIGHT rules[*].resources[secrets] [0, 1]"]


def test_edited_rules_belong_to_those_that_they_share_most_with() -> None:
    """Wherever they moved: the rule about deployments is still the one without its names."""
    first, second = ROLE.split("rules:\n")[1].split("- apiGroups: [apps]")
    wider = "- apiGroups: [apps]" + second.replace("get, list", "get, list, patch")
    head = (
        ROLE.split("rules:\n", maxsplit=1)[0]
        + "rules:\n"
        + wider
        + first.replace("[pods]", "[pods, nodes]")
    )

    assert places(ROLE + BOUND, head + BOUND) == [
        "ClusterRole/r RIGHT rules[*].verbs[patch] [0, 2]",
        "ClusterRole/r RIGHT rules[*].resources[nodes] [1, 1]",
    ]


def test_a_label() -> None:
    head = ROLE.replace("{team: a}", "{team: a, to: outer}")

    assert places(ROLE + OUTER, head + OUTER) == ["ClusterRole/r RIGHT metadata.labels.to []"]


def test_a_label_whose_removal_joins_a_role() -> None:
    selector = "matchLabels: {mine: x}\n    matchExpressions: [{key: team, operator: DoesNotExist}]"
    outer = OUTER.replace("matchLabels: {to: outer}", selector)
    base, head = (ROLE.replace("{team: a}", held) for held in ("{mine: x, team: a}", "{mine: x}"))

    assert places(base + outer, head + outer) == ["ClusterRole/r LEFT metadata.labels.team []"]


def test_a_selector_of_aggregation() -> None:
    head = OUTER.replace("{to: outer}", "{to: outer}\n  - matchLabels: {team: a}")

    assert places(ROLE + OUTER, ROLE + head) == [
        "ClusterRole/outer RIGHT aggregationRule.clusterRoleSelectors[*] [1]"
    ]


def test_a_rule_of_a_role_that_is_aggregated() -> None:
    base = ROLE.replace("{team: a}", "{to: outer}")

    assert places(base + OUTER, base.replace("[pods]", "[pods, secrets]") + OUTER) == [
        "ClusterRole/r RIGHT rules[*].resources[secrets] [0, 1]"
    ]


def test_a_new_role_that_is_aggregated() -> None:
    assert places(OUTER, ROLE.replace("{team: a}", "{to: outer}") + OUTER) == [
        "ClusterRole/r RIGHT metadata.name []"
    ]


def test_an_aggregation_rule_that_is_gone_makes_the_written_rules_count() -> None:
    aggregated = ROLE + "aggregationRule:\n  clusterRoleSelectors:\n  - matchLabels: {to: nobody}\n"
    matched = (
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
        "metadata: {name: other, labels: {to: nobody}}\n"
        "rules: [{apiGroups: [''], resources: [endpoints], verbs: [get]}]\n"
    )

    assert places(aggregated + BOUND + matched, ROLE + BOUND + matched) == [
        "ClusterRole/r LEFT aggregationRule []"
    ]


def test_an_aggregation_rule_that_matches_nothing_leaves_the_written_rules() -> None:
    aggregated = ROLE + "aggregationRule:\n  clusterRoleSelectors:\n  - matchLabels: {to: nobody}\n"

    assert places(aggregated + BOUND, ROLE + BOUND) == []


def test_what_replaces_a_role_of_kubernetes_stands_at_head() -> None:
    head = ROLE.replace("name: r\n", "name: view\n").replace("[pods]", "[secrets]")
    bound = BOUND.replace("name: r}", "name: view}")

    assert places(bound, head + bound) == ["ClusterRole/view RIGHT rules[*] [0]"]


BUILT_IN = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %s}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get]}
"""
UNKEPT = ", annotations: {rbac.authorization.kubernetes.io/autoupdate: 'false'}}"


@pytest.mark.parametrize("name", ["cluster-admin", "admin"])
def test_a_subject_of_a_redefined_role_has_what_the_api_server_adds_to_it(name: str) -> None:
    bound = BOUND.replace("name: r}", f"name: {name}}}")

    (found,) = privileges_added(world(""), world(BUILT_IN % name + bound))
    (plain,) = privileges_added(world(""), world(bound))

    assert sequence(found.facts["risks"])
    assert (placed(found), found.severity, found.facts["risks"]) == (
        placed(plain),
        plain.severity,
        plain.facts["risks"],
    )


def test_where_the_api_server_may_not_add_rules_only_the_written_ones_count() -> None:
    """Taking the annotation away brings the built-in rules back."""
    bound = BOUND.replace("name: r}", "name: cluster-admin}")
    kept = BUILT_IN % "cluster-admin" + bound
    unkept = kept.replace("cluster-admin}", "cluster-admin" + UNKEPT, 1)

    assert [place for place in places("", unkept) if "Binding" not in place] == []
    (restricted,) = privileges_added(world(""), world(unkept))
    assert restricted.facts["risks"] == ()
    assert places(unkept, kept) == ["ClusterRole/cluster-admin RIGHT metadata.name []"]
    assert places(kept, unkept) == []


def test_the_finding_has_the_same_fingerprint_wherever_the_rule_moves() -> None:
    """Rules have no name: what they are about tells them apart."""
    more = '- apiGroups: [""]\n  resources: [events]\n  verbs: [create]\n'
    base = ROLE.replace("rules:\n", f"rules:\n{more}")
    heads = (text.replace("[pods]", "[pods, secrets]") + BOUND for text in (ROLE, base))

    (one,), (other,) = (
        tuple(privileges_added(world(old + BOUND), world(new)))
        for old, new in zip((ROLE, base), heads, strict=True)
    )

    assert (one.key, one.node.route) == (other.key, other.node.route)  # type: ignore[union-attr] # no spot


def test_a_role_that_nobody_is_bound_to_is_widened_one_step_lower() -> None:
    (found,) = roles_widened(world(ROLE), world(ROLE.replace("[pods]", "[pods, secrets]")))

    assert (placed(found), found.severity, found.facts["risks"]) == (
        "ClusterRole/r RIGHT rules[*].resources[secrets] [0, 1]",
        "warning",
        ("secrets-read",),
    )


def test_what_grants_is_no_latent_right_as_well() -> None:
    """The label widens `outer`, which is bound, and `other`, which is not."""
    other = OUTER.replace("outer", "other").replace("{to: other}", "{to: outer}")
    unbound = other.split(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding"
    )[0]
    trees = (
        ROLE + OUTER + unbound,
        ROLE.replace("{team: a}", "{team: a, to: outer}") + OUTER + unbound,
    )

    assert len(list(privileges_added(*map(world, trees)))) == 1
    assert list(roles_widened(*map(world, trees))) == []


def test_a_role_with_very_many_edited_rules_is_compared_without_pairing_them() -> None:
    """It only places the findings: each rule counts as added."""
    rules = "".join(f"- {{apiGroups: [''], resources: [r{n}], verbs: [get]}}\n" for n in range(520))
    base = ROLE.split("rules:", maxsplit=1)[0] + "rules:\n" + rules
    head = base.replace("[get]", "[get, list]")

    assert places(base + BOUND, head + BOUND)[0] == "ClusterRole/r RIGHT rules[*] [0]"


def test_the_bindings_of_kubernetes_itself_have_no_line_to_show() -> None:
    """`system:authenticated` is bound to this role by the API server alone."""
    role = ROLE.replace("name: r\n", "name: system:basic-user\n")

    found, *_ = privileges_added(world(), world(role))

    assert (found.message, found.related) == (
        (
            "Group system:authenticated (whoever is logged in, every pod included)"
            " can now get pods in the cluster"
        ),
        (),
    )


def test_a_new_role_of_which_a_bound_role_holds_the_rules_is_not_reported_beside_it() -> None:
    parts = ROLE.replace("{team: a}", "{to: outer}").replace("name: r\n", "name: part\n")
    parts = parts.replace("[pods]", "[secrets]")
    outer = OUTER.replace("name: outer", "name: r")

    assert list(roles_widened(world(), world(parts + outer + BOUND))) == []
    assert list(privileges_added(world(), world(parts + outer + BOUND))) != []
    assert list(roles_widened(world(), world(parts))) != []
