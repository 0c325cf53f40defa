"""Grants are decided as the API server decides them: its rules, one by one."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from bot.core.engine.review import GrantCounts, RemovedGrants
from bot.core.resource import Resource
from bot.kubernetes.rbac import grant_difference, removed_grants
from bot.kubernetes.rbac.gains import Gain, compare
from bot.kubernetes.rbac.objects import Binding, Role, RoleKey, read
from bot.kubernetes.rbac.refusals import RbacRefusal
from tests.kubernetes.rbac.objects import RBAC, binding, cluster_role, resource, role, rule, state

READ = ("get", "list", "watch")
VIEW = {"matchLabels": {"to": "view"}}


def gained(base: Sequence[Resource], head: Sequence[Resource]) -> list[str]:
    """What head newly grants, one line a grant: `SUBJECT SCOPE VERB RESOURCE[=NAME]`."""
    return sorted(
        {text for gain in compare(state(*base), state(*head)).gained for text in _lines(gain)}
    )


def _lines(gain: Gain) -> list[str]:
    lines = []
    for atom in gain.box.atoms():
        group = f".{atom.group}" if atom.group else ""
        named = "" if atom.name is None else f"={atom.name}"
        lines.append(f"{gain.subject} {gain.scope} {atom.verb} {atom.resource}{group}{named}")
    return lines


def one(held: Resource, space: str | None = "shop") -> list[str]:
    """What user u gets who is newly bound to this one role."""
    reference = f"{held.key.kind}/{held.name}"
    return gained([held], [held, binding(space, "b", reference, "User u")])


@pytest.mark.parametrize(
    ("had", "wanted", "new"),
    [
        # By verb, then group, resource and subresource, name, URL
        (rule(["*"], ["pods"]), rule(["get"], ["pods"]), []),
        (rule(["get"], ["pods"]), rule(["*"], ["pods"]), ["* pods"]),
        (
            rule([*READ, "create", "update", "patch", "delete", "deletecollection"], ["pods"]),
            rule(["*"], ["pods"]),
            ["* pods"],
        ),
        (rule(["get"], ["pods"]), rule(["GET"], ["pods"]), []),
        (rule(["get"], ["pods"], ["*"]), rule(["get"], ["pods"], [""]), []),
        (rule(["get"], ["pods"], [""]), rule(["get"], ["pods"], ["*"]), ["get pods.*"]),
        (rule(["get"], ["pods"]), rule(["get"], ["x"], ["apps/v1", "*.acme.io"]), []),
        (rule(["get"], ["*"]), rule(["get"], ["pods/exec"]), []),
        (rule(["get"], ["pods"]), rule(["get"], ["pods/exec"]), ["get pods/exec"]),
        (rule(["get"], ["*/scale"], ["apps"]), rule(["get"], ["x/scale"], ["apps"]), []),
        (rule(["get"], ["pods"]), rule(["get"], ["*/scale"]), ["get */scale"]),
        (rule(["get"], ["pods"]), rule(["get"], ["pods/*", "*/*"]), []),
        (rule(["get"], ["pods/exec"]), rule(["get"], ["pods"]), ["get pods"]),
        (rule(["get"], ["pods"]), rule(["get"], ["pods"], names=["a"]), []),
        (rule(["get"], ["pods"], names=["a"]), rule(["get"], ["pods"]), ["get pods"]),
        (
            rule(["get"], ["pods"], names=["a"]),
            rule(["get"], ["pods"], names=["a", "b"]),
            ["get pods=b"],
        ),
        (rule(["get"], ["x"]), rule(["get"], ["pods"], names=["*"]), []),
        (rule(["get"], ["x"]), rule(["get", "list"], ["pods"], names=[""]), ["list pods="]),
        (
            rule(["get"], ["x"]),
            rule(["create", "list", "deletecollection"], ["pods"], names=["a"]),
            ["create pods=a", "list pods=a"],
        ),
        (rule(["get"], urls=["/logs/*"]), rule(["get"], urls=["/logs"]), ["get /logs"]),
        (rule(["get"], urls=["/a*"]), rule(["get"], urls=["/a**", "/ab"]), []),
        (rule(["get"], urls=["/a**"]), rule(["get"], urls=["/ab", "/b"]), ["get /b"]),
        (rule(["get"], urls=["/a/*/b"]), rule(["get"], urls=["/a/x/b"]), ["get /a/x/b"]),
        (rule(["get"], urls=["*"]), rule(["get"], urls=["/x"]), []),
        (rule(["get"], ["x"]), rule(["get"], urls=["metrics"]), []),
    ],
)
def test_a_rule_covers_another_as_the_authorizer_matches(
    had: dict[str, list[str]], wanted: dict[str, list[str]], new: list[str]
) -> None:
    bound = binding(None, "b", "ClusterRole/r", "User u")

    found = gained([cluster_role("r", had), bound], [cluster_role("r", had, wanted), bound])

    assert found == [f"User u * {text}" for text in new]


@pytest.mark.parametrize(
    ("resources", "group", "verbs", "names", "new"),
    [
        (["nodes"], "", ["get"], [], []),
        (["clusterroles"], RBAC, ["get", "bind"], [], ["bind clusterroles"]),
        (["certificatesigningrequests/approval"], "certificates.k8s.io", ["update"], [], []),
        (
            ["namespaces", "namespaces/finalize"],
            "",
            ["get", "list", "create", "update"],
            [],
            [
                "get namespaces",
                "get namespaces/finalize",
                "update namespaces",
                "update namespaces/finalize",
            ],
        ),
        (["namespaces"], "", ["patch"], ["shop", "other"], ["patch namespaces=shop"]),
        (["widgets"], "example.com", ["get"], [], ["get widgets"]),
    ],
)
def test_a_role_binding_reaches_its_namespace_and_that_namespace_object(
    resources: list[str], group: str, verbs: list[str], names: list[str], new: list[str]
) -> None:
    """What is in no namespace is asked about without one; but for the Namespace object itself."""
    suffix = f".{group}" if group else ""
    held = cluster_role("r", rule(verbs, resources, [group], names))

    found = one(held)

    wanted = {f"User u shop {text}" for text in new}
    assert set(found) == {
        f"{text}{suffix}" if "=" not in text else text.replace("=", f"{suffix}=") for text in wanted
    }


def test_urls_are_granted_by_cluster_role_bindings_alone() -> None:
    held = cluster_role("r", rule(["get"], urls=["/metrics"]))

    assert (one(held), one(held, None)) == ([], ["User u * get /metrics"])


def test_a_cluster_scoped_custom_resource_is_in_no_namespace() -> None:
    definition = resource(
        "CustomResourceDefinition",
        None,
        "widgets.example.com",
        {"spec": {"group": "example.com", "names": {"plural": "widgets"}, "scope": "Cluster"}},
        group="apiextensions.k8s.io",
    )
    held = cluster_role("r", rule(["get"], ["widgets"], ["example.com"]))
    bound = binding("shop", "b", "ClusterRole/r", "User u")

    assert gained([definition, held], [definition, held, bound]) == []


@pytest.mark.parametrize(
    ("had", "gets"),
    [
        ("User system:serviceaccount:shop:api", "ServiceAccount shop/api"),
        ("ServiceAccount shop/api", "User system:serviceaccount:shop:api"),
        ("Group system:serviceaccounts", "ServiceAccount shop/api"),
        ("Group system:serviceaccounts:shop", "ServiceAccount shop/api"),
        ("Group system:authenticated", "ServiceAccount shop/api"),
        ("Group system:authenticated", "User jane"),
        ("Group system:authenticated", "Group team"),
        ("Group system:serviceaccounts", "Group system:serviceaccounts:shop"),
        ("Group system:authenticated", "Group system:serviceaccounts:shop"),
        ("Group system:unauthenticated", "User system:anonymous"),
        ("User jane", "Group system:masters"),
    ],
)
def test_what_somebody_has_by_name_or_by_group_is_not_new(had: str, gets: str) -> None:
    held = cluster_role("r", rule(["get"], ["pods"]))
    base = [held, binding(None, "a", "ClusterRole/r", had)]

    assert gained(base, [*base, binding("shop", "b", "ClusterRole/r", gets)]) == []


@pytest.mark.parametrize(
    ("had", "gets"),
    [
        ("Group system:serviceaccounts:other", "ServiceAccount shop/api"),
        ("Group system:authenticated", "User system:anonymous"),
        ("Group system:authenticated", "Group system:unauthenticated"),
        ("User *", "User jane"),
        ("Group team", "User jane"),
        ("User jane", "Group jane"),
        ("User system:serviceaccount:shop", "ServiceAccount shop/shop"),
    ],
)
def test_what_somebody_else_has_is_new(had: str, gets: str) -> None:
    held = cluster_role("r", rule(["get"], ["pods"]))
    base = [held, binding(None, "a", "ClusterRole/r", had)]

    assert gained(base, [*base, binding("shop", "b", "ClusterRole/r", gets)]) == [
        f"{gets} shop get pods"
    ]


def test_an_account_without_a_namespace_is_of_the_bindings_own() -> None:
    body = {
        "roleRef": {"kind": "ClusterRole", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "api"}],
    }
    held = cluster_role("r", rule(["get"], ["pods"]))

    found = gained([held], [held, resource("RoleBinding", "shop", "b", body)])

    assert found == ["ServiceAccount shop/api shop get pods"]


def test_a_role_is_looked_for_in_the_bindings_namespace() -> None:
    here, there = (role(space, "r", rule(["get"], [space])) for space in ("shop", "other"))
    cluster = cluster_role("r", rule(["get"], ["cluster"]))
    bound = binding("shop", "b", "Role/r", "User u")

    assert gained([], [here, there, cluster, bound]) == ["User u shop get shop"]
    assert gained([], [there, cluster, bound]) == []


def test_a_dormant_binding_comes_alive_with_its_role() -> None:
    bound = binding("shop", "b", "Role/r", "User u")

    assert gained([bound], [bound, role("shop", "r", rule(["get"], ["pods"]))]) == [
        "User u shop get pods"
    ]


def test_a_binding_with_a_generated_name_grants() -> None:
    held = cluster_role("r", rule(["get"], ["pods"]))

    assert gained([held], [held, binding("shop", "b-*", "ClusterRole/r", "User u")]) == [
        "User u shop get pods"
    ]


def test_merging_rules_makes_cross_terms() -> None:
    """Two rules are less than one with all verbs and resources of both."""
    two = cluster_role("r", rule(["get"], ["pods"]), rule(["create"], ["configmaps"]))
    merged = cluster_role("r", rule(["get", "create"], ["pods", "configmaps"]))
    bound = binding(None, "b", "ClusterRole/r", "User u")

    assert gained([two, bound], [merged, bound]) == [
        "User u * create pods",
        "User u * get configmaps",
    ]
    assert gained([merged, bound], [two, bound]) == []


def test_the_counts_are_of_single_grants_both_ways() -> None:
    old = cluster_role("r", rule(["get", "list"], ["pods"]))
    new = cluster_role("r", rule(["get", "create", "patch"], ["pods"]))
    bound = binding(None, "b", "ClusterRole/r", "User u", "Group g")

    assert grant_difference(state(old, bound), state(new, bound)) == GrantCounts(4, 2)


def test_what_is_removed_is_listed_for_people() -> None:
    old = cluster_role("r", rule(["get", "list"], ["pods", "secrets"]))
    new = cluster_role("r", rule(["get"], ["pods", "secrets"]))
    bound = binding("shop", "b", "ClusterRole/r", "User u")

    assert removed_grants(state(old, bound), state(new, bound)) == (
        RemovedGrants("User u", "shop", "list", "pods and secrets"),
    )
    assert removed_grants(state(new, bound), state(old, bound)) == ()


def test_what_two_bindings_bring_counts_once() -> None:
    held = cluster_role("r", rule(["get"], ["pods"]))
    both = (binding(None, name, "ClusterRole/r", "User u") for name in "ab")

    assert grant_difference(state(held), state(held, *both)) == GrantCounts(1, 0)


# Aggregation


def _aggregate(*extra: Resource) -> list[Resource]:
    bound = binding(None, "b", "ClusterRole/outer", "User u")
    return [cluster_role("outer", select=VIEW), bound, *extra]


def test_an_aggregated_role_has_the_rules_of_those_it_selects_and_not_its_own() -> None:
    own = cluster_role("outer", rule(["get"], ["lost"]), select=VIEW)
    inner = cluster_role("inner", rule(["get"], ["pods"]), labels={"to": "view"})
    other = cluster_role("other", rule(["get"], ["secrets"]), labels={"to": "edit"})
    bound = binding(None, "b", "ClusterRole/outer", "User u")

    assert gained([], [own, inner, other, bound]) == ["User u * get pods"]


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        ({}, {}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "1", "b": "2"}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "2"}, False),
        (
            {"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]},
            {"a": "2"},
            True,
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]},
            {"a": "1"},
            False,
        ),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"a": ""}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"a": ""}, False),
    ],
)
def test_aggregation_selects_by_full_label_selectors(
    selector: dict[str, object], labels: dict[str, str], *, selected: bool
) -> None:
    roles = [
        cluster_role("outer", select=selector),
        cluster_role("inner", rule(["get"], ["rare"]), labels=labels),
        binding(None, "b", "ClusterRole/outer", "User u"),
    ]

    assert ("User u * get rare" in gained([], roles)) == selected


def test_aggregation_goes_through_chains_and_survives_cycles() -> None:
    middle = cluster_role("middle", labels={"to": "view"}, select={"matchLabels": {"to": "middle"}})
    back = cluster_role("back", labels={"to": "middle"}, select=VIEW)
    inner = cluster_role("inner", rule(["get"], ["pods"]), labels={"to": "middle"})

    assert gained([], _aggregate(middle, back, inner)) == ["User u * get pods"]


@pytest.mark.parametrize("holder", ["view", "edit", "admin"])
def test_a_label_widens_kubernetes_own_roles(holder: str) -> None:
    labels = {f"{RBAC}/aggregate-to-view": "true"}
    widgets = rule(["get"], ["widgets"], ["example.com"])
    bound = binding("shop", "b", f"ClusterRole/{holder}", "User u")

    found = gained(
        [cluster_role("w", widgets), bound], [cluster_role("w", widgets, labels=labels), bound]
    )

    assert found == ["User u shop get widgets.example.com"]


def test_a_role_is_no_source_of_aggregation() -> None:
    body = {"metadata": {"labels": {"to": "view"}}, "rules": [rule(["get"], ["pods"])]}

    assert gained([], _aggregate(resource("Role", "shop", "inner", body))) == []


# Objects that the API refuses


def test_head_keeps_bases_version_of_an_object_that_the_api_refuses() -> None:
    bound = binding(None, "b", "ClusterRole/r", "User u")
    old = cluster_role("r", rule(["get"], ["pods"]))
    refused = cluster_role("r", rule(["*"], ["*"]), rule([], ["pods"]))

    comparison = compare(state(old, bound), state(refused, bound))

    assert (comparison.gained, comparison.lost) == ((), ())


def test_a_new_object_that_the_api_refuses_grants_nothing() -> None:
    held = cluster_role("r", rule(["get"], ["pods"]))
    body = {
        "roleRef": {"kind": "ClusterRole", "name": "r"},
        "subjects": [{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "a"}],
    }

    assert gained([held], [held, resource("ClusterRoleBinding", None, "b", body)]) == []


@pytest.mark.parametrize(
    ("kind", "body", "refusals"),
    [
        ("ClusterRole", {"rules": [{}]}, {"verbs", "apiGroups", "resources"}),
        ("ClusterRole", {"rules": [rule([], ["pods"])]}, {"verbs"}),
        ("ClusterRole", {"rules": [rule(["get"], ["pods"], [])]}, {"apiGroups"}),
        ("ClusterRole", {"rules": [rule(["get"], [])]}, {"resources"}),
        (
            "ClusterRole",
            {"rules": [rule(["get"], ["pods"]) | {"nonResourceURLs": ["/x"]}]},
            {"nonResourceURLs"},
        ),
        ("Role", {"rules": [rule(["get"], urls=["/x"])]}, {"nonResourceURLs"}),
        ("ClusterRole", {"rules": "x"}, {"rules"}),
        ("ClusterRole", {"rules": [{"verbs": [1]}]}, {0}),
        ("ClusterRole", {"aggregationRule": {}}, {"clusterRoleSelectors"}),
        (
            "ClusterRole",
            {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "?"}}]}},
            {0},
        ),
        ("ClusterRole", {"rules": [rule(["get"], ["r"] * 200, ["g"] * 200)]}, {0}),
        ("RoleBinding", {}, {"roleRef"}),
        ("RoleBinding", {"roleRef": {"kind": "Thing", "name": "x"}}, {"kind"}),
        ("RoleBinding", {"roleRef": {"kind": "Role", "name": ""}}, {"name"}),
        ("ClusterRoleBinding", {"roleRef": {"kind": "Role", "name": "x"}}, {"kind"}),
        (
            "RoleBinding",
            {"roleRef": {"apiGroup": "x", "kind": "Role", "name": "x"}},
            {"apiGroup"},
        ),
        *(
            (
                kind,
                {"roleRef": {"kind": "ClusterRole", "name": "x"}, "subjects": [subject]},
                {field},
            )
            for kind, subject, field in (
                ("RoleBinding", {"kind": "Team", "name": "x"}, "kind"),
                ("RoleBinding", {"kind": "User"}, "name"),
                ("RoleBinding", {"kind": "User", "name": "x", "apiGroup": "y"}, "apiGroup"),
                (
                    "RoleBinding",
                    {"kind": "ServiceAccount", "name": "x", "apiGroup": RBAC},
                    "apiGroup",
                ),
                ("ClusterRoleBinding", {"kind": "ServiceAccount", "name": "x"}, "namespace"),
            )
        ),
    ],
)
def test_the_api_refuses(kind: str, body: dict[str, object], refusals: set[str | int]) -> None:
    """Each refusal names the field that is wrong."""
    found = read(resource(kind, None if kind.startswith("Cluster") else "shop", "x", body))

    assert isinstance(found, tuple)
    assert {refusal.route[-1] for refusal in found} == refusals


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rules": None},
        {"rules": [rule(["get"], ["pods"])], "unknown": 1},
        {"rules": [rule(["get"], ["a", "b"], names=["x"])]},
        {"metadata": {"labels": {"a": None}}},
    ],
)
def test_the_api_accepts(body: dict[str, object]) -> None:
    assert isinstance(read(resource("ClusterRole", None, "x", body)), Role)


def test_a_roleref_without_api_group_is_filled_in() -> None:
    body = {"roleRef": {"kind": "ClusterRole", "name": "x"}}

    assert isinstance(read(resource("ClusterRoleBinding", None, "x", body)), Binding)


def test_a_refusal_stands_where_the_field_would_be() -> None:
    held = resource("ClusterRole", None, "x", {"rules": [{"verbs": ["get"]}]})

    places = [
        RbacRefusal(("rules", 0, "apiGroups"), "").node(held).exists,
        RbacRefusal(("rules", 7, "apiGroups"), "").node(held).route,
    ]

    assert places == [False, ("rules",)]


@pytest.mark.parametrize("seed", range(30))
def test_the_edges_beyond_are_those_of_all_edges_in_their_order(seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311 - the same states each time, not a secret
    base, head = (state(*_some_bindings(chosen)) for _ in range(2))
    comparison = compare(base, head)
    before, after = comparison.before, comparison.after
    changed = frozenset({RoleKey("ClusterRole", "", f"r{chosen.randrange(4)}")})
    expected = [
        (edge, bindings)
        for edge, bindings in after.edges.items()
        if edge.role in changed or edge not in before.edges
    ]

    assert list(after.edges_beyond(before, changed)) == expected


def _some_bindings(chosen: random.Random) -> list[Resource]:
    return [
        binding(
            chosen.choice([None, "a", "b"]),
            f"b{number}",
            f"ClusterRole/r{chosen.randrange(4)}",
            *(f"User u{chosen.randrange(3)}" for _ in range(chosen.randrange(1, 4))),
        )
        for number in range(12)
    ]


def test_only_the_bindings_that_a_change_reaches_are_expanded() -> None:
    kept = [binding(None, f"b{number}", f"ClusterRole/r{number}", "User u") for number in range(9)]
    kept += [cluster_role(f"r{number}", rule(["get"], ["pods"])) for number in range(1, 9)]
    base = state(cluster_role("r0", rule(["get"], ["pods"])), *kept)
    head = state(cluster_role("r0", rule(["get"], ["pods", "secrets"])), *kept)
    comparison = compare(base, head)

    assert (len(comparison.gained), comparison.after.expanded) == (1, 1)
