"""Questions about rights, asked as people ask them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.kubernetes.rbac.questions import parse_resource, parse_subject
from bot.kubernetes.rbac.rules import Atom
from bot.kubernetes.rbac.subjects import Subject
from tests.cli.running import commit, fairlead, write

READER = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules:
- {apiGroups: [example.com], resources: [widgets], verbs: [get, list], resourceNames: [one]}
- {nonResourceURLs: [/widgets/*], verbs: [get]}
"""
BOUND = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: team, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects:
- {kind: Group, name: team-a, apiGroup: rbac.authorization.k8s.io}
"""
HELD = {
    "environment": "default",
    "subject": "Group team-a",
    "scope": "shop",
    "role": "ClusterRole reader",
    "binding": "RoleBinding/shop/team",
    "names": ["one"],
}
GRANT = {
    "environment": "default",
    "scope": "shop",
    "verbs": ["get", "list"],
    "resources": ["widgets.example.com"],
    "names": ["one"],
    "role": "ClusterRole reader",
    "by": "Group team-a",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write(tmp_path / "tree", {"role.yaml": READER, "binding.yaml": BOUND})


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("get", "widgets.example.com"), [HELD]),
        (("get", "widgets.example.com", "-n", "shop"), [HELD]),
        (("get", "widgets.example.com", "-n", "other"), []),
        (("get", "widgets.example.com", "--name", "one"), [HELD]),
        (("get", "widgets.example.com", "--name", "two"), []),
        (("patch", "widgets.example.com"), []),
        (("get", "/widgets/1"), []),
    ],
)
def test_who_can_says_who_by_which_binding(
    tree: Path, arguments: tuple[str, ...], found: list[object]
) -> None:
    """Those whom Kubernetes itself lets do everything are there as well."""
    ran = fairlead("who-can", *arguments, "--at", tree, "--repo", tree, "--format", "json")
    held = [row for row in json.loads(ran.stdout) if "team" in row["binding"]]

    assert (held, ran.status) == (found, 0)


def test_who_can_is_a_table_for_people(tree: Path) -> None:
    ran = fairlead("who-can", "get", "widgets.example.com", "--at", tree, "--repo", tree)

    assert "Group team-a" in ran.stdout.splitlines()[1]


def test_a_table_names_the_whole_cluster_and_leaves_empty_columns_out(tree: Path) -> None:
    ran = fairlead("who-can", "get", "widgets.example.com", "-n", "other", "--at", tree)

    header, *rows = ran.stdout.splitlines()
    assert header.split() == ["SUBJECT", "SCOPE", "ROLE", "BINDING"]
    assert rows
    assert all("whole cluster" in row for row in rows)


def test_grants_says_what_a_subject_may_do(tree: Path) -> None:
    ran = fairlead("grants", "Group/team-a", "--at", tree, "--repo", tree, "--format", "json")

    assert [row for row in json.loads(ran.stdout) if row["by"] == "Group team-a"] == [GRANT]


def test_grants_says_what_comes_by_a_group(tree: Path) -> None:
    ran = fairlead("grants", "User/jane", "--at", tree, "--repo", tree)

    assert "system:authenticated" in ran.stdout


def test_grants_compares_two_commits(tmp_path: Path) -> None:
    base = commit(tmp_path, {"role.yaml": READER})
    head = commit(tmp_path, {"role.yaml": READER, "binding.yaml": BOUND})

    there = fairlead("grants", "Group/team-a", "--diff", base, head, "--repo", tmp_path)
    rows = fairlead(
        *("grants", "Group/team-a", "--diff", base, head, "--repo", tmp_path, "--format", "json")
    )

    assert json.loads(rows.stdout) == [{"change": "gained", **GRANT}]
    assert "gained" in there.stdout


def test_a_subject_that_has_nothing_new(tmp_path: Path) -> None:
    base = commit(tmp_path, {"role.yaml": READER})

    ran = fairlead("grants", "Group/team-a", "--diff", base, base, "--repo", tmp_path)

    assert (ran.stdout, ran.status) == ("Nobody and nothing.\n", 0)


def test_what_is_no_subject_is_refused() -> None:
    ran = fairlead("grants", "team-a")

    legal = "ServiceAccount/NAMESPACE/NAME, User/NAME or Group/NAME"
    message = f"fairlead: 'team-a' is not a subject: write {legal}\n"
    assert (ran.status, ran.stderr) == (2, message)


@pytest.mark.parametrize(
    ("text", "atom"),
    [
        ("secrets", Atom("", "", "secrets")),
        ("deployments", Atom("", "apps", "deployments")),
        ("deployments/scale", Atom("", "apps", "deployments/scale")),
        ("widgets.example.com/status", Atom("", "example.com", "widgets/status")),
        ("pods/exec", Atom("", "", "pods/exec")),
        ("/metrics", Atom("", None, "/metrics")),
    ],
)
def test_resources_are_written_as_kubectl_does(text: str, atom: Atom) -> None:
    assert parse_resource(text) == atom


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("ServiceAccount/shop/api", Subject("ServiceAccount", "shop", "api")),
        ("sa/shop/api", Subject("ServiceAccount", "shop", "api")),
        ("system:serviceaccount:shop:api", Subject("ServiceAccount", "shop", "api")),
        ("User/system:serviceaccount:shop:api", Subject("ServiceAccount", "shop", "api")),
        ("User/jane@example.com", Subject("User", "", "jane@example.com")),
        ("group/example/team", Subject("Group", "", "example/team")),
        ("ServiceAccount/api", None),
        ("Team/a", None),
        ("User/", None),
    ],
)
def test_subjects_are_written_with_their_kind(text: str, subject: Subject | None) -> None:
    assert parse_subject(text) == subject
