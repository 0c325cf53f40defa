"""Environments of findings: of their own placement, and nothing hidden by a second copy."""

from __future__ import annotations

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.core.engine.review import Analysis, Counts, Location, ReviewFinding
from bot.core.policy.model import EnvironmentPolicy, Policy

BINDING = """apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: team}]
"""
ROLE = """apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: readers}
rules: [{apiGroups: [""], resources: [pods], verbs: [%s]}]
"""
SETTING = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: a}\n"
MANY = {
    f"namespaces/n{number}/own.yaml": SETTING.replace("settings", f"own{number}")
    for number in range(20)
}


def analysed(base: dict[str, str], head: dict[str, str], policy: Policy | None = None) -> Analysis:
    sides = [{path: text.encode() for path, text in side.items()} for side in (base, head)]
    return examine(sides[0], sides[1], policy or Policy(), load_rules())


def of(rule: str, found: Analysis) -> list[ReviewFinding]:
    return [finding for finding in found.findings if finding.rule == rule]


def test_a_finding_outside_of_all_environments_names_none() -> None:
    base = {"n/dev/s.yaml": SETTING, "n/prod/s.yaml": SETTING}
    head = {**base, "n/team/b.yaml": BINDING % ("b", "admin")}

    (finding,) = of("rbac-privilege-added", analysed(base, head))

    assert finding.environments == ("default",)


def test_a_finding_that_few_environments_lack_names_none() -> None:
    clusters = [f"n/c{number}" for number in range(5)]
    granted = {"n/c0/own.yaml": BINDING % ("own", "admin")}
    base = {**{f"{place}/s.yaml": SETTING for place in clusters}, **granted}
    head = {**base, "n/team/b.yaml": BINDING % ("b", "admin")}

    (finding,) = of("rbac-privilege-added", analysed(base, head))

    assert finding.environments == ("default",)


def test_a_remote_base_outside_of_all_environments_names_none() -> None:
    base = {"n/dev/s.yaml": SETTING, "n/prod/s.yaml": SETTING}
    head = {
        **base,
        "n/team/kustomization.yaml": "resources:\n- github.com/example/x//y?ref=v1.0.0\n",
    }

    (finding,) = of("remote-source-changed", analysed(base, head))

    assert finding.environments == ("default",)


def test_the_environments_that_the_policy_names_are_kept() -> None:
    base = {"n/dev/s.yaml": SETTING, "n/prod/s.yaml": SETTING, "live/s.yaml": SETTING}
    head = {**base, "n/team/b.yaml": BINDING % ("b", "admin")}
    policy = Policy(environments=(EnvironmentPolicy("live", ("live/**",)),))

    (finding,) = of("rbac-privilege-added", analysed(base, head, policy))

    assert finding.environments == ("default", "live")


def test_what_is_listed_by_all_environments_is_in_all_of_them() -> None:
    overlay = "resources: [../../base]\n"
    base = {
        "base/kustomization.yaml": "resources: [s.yaml]\n",
        "base/s.yaml": SETTING,
        "overlays/dev/kustomization.yaml": overlay,
        "overlays/prod/kustomization.yaml": overlay,
    }
    head = {
        **base,
        "base/kustomization.yaml": "resources: [s.yaml, b.yaml]\n",
        "base/b.yaml": BINDING % ("b", "admin"),
    }

    (finding,) = of("rbac-privilege-added", analysed(base, head))

    assert finding.environments == ("overlays/dev", "overlays/prod")


def test_one_object_in_two_of_many_directories_hides_neither_copy() -> None:
    base = MANY | {
        "namespaces/n1/b.yaml": BINDING % ("same", "view"),
        "namespaces/n9/b.yaml": BINDING % ("same", "view"),
    }
    for path in ("namespaces/n1/b.yaml", "namespaces/n9/b.yaml"):
        head = base | {path: BINDING % ("same", "cluster-admin")}

        found = analysed(base, head)

        assert [
            (finding.location, finding.severity) for finding in of("rbac-privilege-added", found)
        ] == [(Location(path, 4, "RIGHT"), "error")]
        assert found.summary.environments == 1
        assert found.summary.resources == Counts(changed=1)


def test_a_copy_is_judged_though_nothing_of_it_blocks() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: a}\nspec:\n  containers:\n"
    pod += "  - {name: c, image: registry.example/team/a:%s}\n"
    base = MANY | {f"namespaces/n{number}/p.yaml": pod % "1" for number in (1, 9)}
    head = base | {"namespaces/n1/p.yaml": pod % "latest"}

    (finding,) = of("image-tag-mutable", analysed(base, head))

    assert finding.location == Location("namespaces/n1/p.yaml", 6, "RIGHT")


def test_a_role_is_widened_where_it_is_applied_alone() -> None:
    base = {
        "a/x/s.yaml": SETTING,
        "a/y/s.yaml": SETTING,
        "a/y/role.yaml": ROLE % "get",
        "a/y/b.yaml": BINDING % ("b", "readers"),
    }
    head = {**base, "a/y/role.yaml": ROLE % "get, list"}

    found = analysed(base, head)

    assert [
        (finding.rule, finding.environments)
        for finding in found.findings
        if finding.rule.startswith("rbac-")
    ] == [("rbac-privilege-added", ("a/y",))]


def test_a_weaker_copy_of_a_role_takes_nothing_away() -> None:
    base = {"a/q/role.yaml": ROLE % "'*'", "b/q/s.yaml": SETTING}
    bound = {**base, "a/p/b.yaml": BINDING % ("b", "readers")}
    decoy = {**bound, "b/p/role.yaml": ROLE % "get"}

    for head in (bound, decoy):
        errors = [
            finding.location
            for finding in of("rbac-privilege-added", analysed(base, head))
            if finding.severity == "error"
        ]
        assert errors == [Location("a/p/b.yaml", 5, "RIGHT")]
