"""`fairlead diff`: the difference as people and programs get it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.core.publish.difference_json import difference_schema
from tests.cli.running import Ran, fairlead, write
from tests.golden import assert_golden

GOLDEN = Path(__file__).parent / "output" / "golden"
CLUSTERS = ("staging", "production")


def deployment(name: str, image: str, args: str = "[]") -> str:
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - {{name: web, image: {image}, args: {args}}}
        - {{name: log, image: "registry.example.com/log:1"}}
"""


SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
stringData: {password: "%s"}
"""
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ci}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: ci, namespace: shop}]
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    files = {
        f"clusters/{cluster}/{name}.yaml": deployment(name, "registry.example.com/web:1")
        for cluster in CLUSTERS
        for name in ("api", "site")
    }
    return write(
        tmp_path / "base",
        {**files, "clusters/staging/db.yaml": SECRET % "hush", "rbac.yaml": BINDING},
    )


@pytest.fixture
def head(tmp_path: Path) -> Path:
    files = {
        f"clusters/{cluster}/{name}.yaml": deployment(
            name, "registry.example.com/web:2", "[--debug]" if name == "site" else "[]"
        )
        for cluster in CLUSTERS
        for name in ("api", "site")
    }
    return write(
        tmp_path / "head",
        {
            **files,
            "clusters/staging/db.yaml": SECRET % "whisper",
            "clusters/production/job.yaml": "apiVersion: v1\nkind: ConfigMap\n"
            "metadata: {name: flags, namespace: shop}\ndata: {a: b}\n",
        },
    )


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_people_see_what_changes(base: Path, head: Path, form: str) -> None:
    done = fairlead("diff", base, head, "--format", form)

    assert (done.status, done.stderr) == (0, "")
    assert_golden(done.stdout, GOLDEN / f"diff.{form}.txt")


def test_the_lines_of_a_longer_text_are_shown_one_by_one(tmp_path: Path) -> None:
    script = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s, namespace: shop}\ndata:\n  run: |\n"
    )
    for side, line in (("base", "echo 1"), ("head", "echo 2")):
        write(
            tmp_path / side,
            {
                f"clusters/{name}/s.yaml": f"{script}    set -e\n    {line}\n    {line}\n"
                for name in "abcd"
            },
        )

    assert fairlead("diff", tmp_path / "base", tmp_path / "head").stdout == (
        "~ ConfigMap/shop/s in 4 environments\n"
        "    clusters/a\n    clusters/b\n    clusters/c\n    clusters/d\n"
        "    data.run:\n"
        "      - echo 1\n      - echo 1\n      + echo 2\n      + echo 2\n"
        "4 resources in 4 environments compared: 1 changed.\n"
    )


def test_programs_get_the_same_by_the_published_schema(base: Path, head: Path) -> None:
    done = fairlead("diff", base, head, "--format", "json")
    document: dict[str, Any] = json.loads(done.stdout)

    Draft202012Validator(difference_schema()).validate(document)
    changes = [(group["change"], len(group["resources"])) for group in document["groups"]]
    assert (document["schema"], changes, document["omitted"]) == (
        "fairlead.diff/1",
        [("removed", 1), ("changed", 1), ("changed", 1), ("changed", 1), ("added", 1)],
        0,
    )
    assert "hush" not in done.stdout
    assert "whisper" not in done.stdout


def test_a_role_changes_in_its_own_environment_and_not_where_it_is_only_seen(
    base: Path, head: Path
) -> None:
    role = BINDING.replace("ClusterRoleBinding", "ClusterRole").partition("roleRef")[0]
    write(head, {"clusters/staging/role.yaml": f"{role}rules: []\n"})

    assert "+ ClusterRole/ci in clusters/staging\n" in fairlead("diff", base, head).stdout


def test_nothing_changes_between_a_tree_and_itself(base: Path) -> None:
    assert fairlead("diff", base, base) == Ran(
        0, "6 resources in 2 environments compared: nothing changes.\n", ""
    )


def test_what_could_not_be_looked_at_is_said_and_changes_the_status(base: Path, head: Path) -> None:
    write(head, {"clusters/staging/broken.yaml": "apiVersion: v1\nkind: [\n"})
    (head / "clusters/staging/link.yaml").symlink_to("../../rbac.yaml")

    done = fairlead("diff", base, head)

    assert done.status == 3
    assert "! clusters/staging/link.yaml: " in done.stdout


def test_a_directory_that_does_not_exist_is_wrong_use(base: Path) -> None:
    done = fairlead("diff", base, base / "missing")

    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith("fairlead: ")


UNREADABLE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: [}\n"


@pytest.mark.parametrize(
    ("before", "after", "at"),
    [
        (UNREADABLE, f"{UNREADABLE}# more\n", ""),
        (BINDING, UNREADABLE, ""),
        (UNREADABLE, BINDING, " at base"),
    ],
)
def test_a_changed_file_that_cannot_be_read_is_named(
    before: str, after: str, at: str, tmp_path: Path
) -> None:
    ran = fairlead(
        "diff",
        write(tmp_path / "base", {"a.yaml": before}),
        write(tmp_path / "head", {"a.yaml": after}),
    )

    reason = "did not find expected node content"
    assert (
        f"! a.yaml: not compared from line 4 on, since it cannot be read{at}: {reason}"
        in ran.stdout
    )
    assert ran.stdout.endswith("1 file not compared.\n")
    assert ran.status == 3


def test_an_unreadable_file_that_does_not_change_is_not_named(tmp_path: Path) -> None:
    sides = [write(tmp_path / side, {"a.yaml": UNREADABLE}) for side in ("base", "head")]

    ran = fairlead("diff", *sides)

    assert (ran.stdout.splitlines()[-1].endswith("nothing changes."), ran.status) == (True, 0)
