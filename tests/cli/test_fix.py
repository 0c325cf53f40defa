"""`fairlead review --fix`: certain fixes reach the working tree, and nothing else does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from bot.cli.fix import apply_fixes
from bot.core.engine.review import Counts, Location, Review, ReviewFinding, Suggestion, Summary
from bot.core.finding import Severity
from bot.errors import UsageError
from tests.cli.running import commit, fairlead, write

OLD = """\
# reports, every night
apiVersion: "batch/v1beta1" # to be replaced
kind: CronJob
metadata: {name: report, namespace: shop}
"""
NEW = OLD.replace("batch/v1beta1", "batch/v1")
DIFF = """\
--- a/apps/report.yaml
+++ b/apps/report.yaml
@@ -2 +2 @@
-apiVersion: "batch/v1beta1" # to be replaced
+apiVersion: "batch/v1" # to be replaced
"""
EMPTY = {"a.yaml": "# nothing\n", "b.yaml": "kind: X\n"}


def test_a_directory_is_fixed_where_it_lies(tmp_path: Path) -> None:
    base = write(tmp_path / "base", EMPTY)
    head = write(tmp_path / "head", {"apps/report.yaml": OLD})

    ran = fairlead("review", base, head, "--fix", "--format", "json")

    assert (ran.status, ran.stderr) == (1, DIFF)
    assert (head / "apps/report.yaml").read_text() == NEW
    suggested = [
        finding for finding in json.loads(ran.stdout)["findings"] if finding.get("suggestion")
    ]
    (found,) = suggested
    assert found["suggestion"]["text"] == 'apiVersion: "batch/v1" # to be replaced'


def test_commits_are_fixed_in_the_working_tree(tmp_path: Path) -> None:
    commit(tmp_path, EMPTY)
    commit(tmp_path, {"apps/report.yaml": OLD}, "change")

    ran = fairlead("review", "main", "change", "--fix", "--repo", tmp_path / "apps")

    assert (ran.stderr, (tmp_path / "apps/report.yaml").read_text()) == (DIFF, NEW)


def test_a_file_that_was_changed_since_is_left_alone(tmp_path: Path) -> None:
    commit(tmp_path, EMPTY)
    commit(tmp_path, {"apps/report.yaml": OLD}, "change")
    changed = f"{OLD}spec: {{}}\n"
    write(tmp_path, {"apps/report.yaml": changed})

    ran = fairlead("review", "main", "change", "--fix", "--repo", tmp_path)

    assert ran.stderr == "fairlead: skipped apps/report.yaml: it differs from HEAD\n"
    assert (tmp_path / "apps/report.yaml").read_text() == changed


def test_where_nothing_is_certain_nothing_is_written(tmp_path: Path) -> None:
    base, head = write(tmp_path / "base", EMPTY), write(tmp_path / "head", EMPTY)

    ran = fairlead("review", base, head, "--fix")

    assert ran.stderr == "fairlead: no finding has a certain fix\n"


def test_a_repository_without_files_cannot_be_fixed(tmp_path: Path) -> None:
    commit(tmp_path / "clone", EMPTY)
    bare = tmp_path / "bare"
    subprocess.run(["git", "clone", "--quiet", "--bare", tmp_path / "clone", bare], check=True)

    ran = fairlead("review", "main", "main", "--fix", "--repo", bare)

    assert (ran.status, "has no working tree" in ran.stderr) == (2, True)


def test_two_fixes_of_one_line_need_two_runs(tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: {containers: [{name: a, image: nginx}, {name: b, image: redis}]}\n"  # noqa: E501 - the line is the point
    policy = "version: 1\nimages:\n  approved: [r.io]\n  mirrors: {docker.io/library: r.io/hub}\n"
    base, head = write(tmp_path / "base", EMPTY), write(tmp_path / "head", {"pod.yaml": pod})
    write(tmp_path, {"policy.yaml": policy})

    first = fairlead("review", base, head, "--fix", "--policy", tmp_path / "policy.yaml")
    fairlead("review", base, head, "--fix", "--policy", tmp_path / "policy.yaml")

    assert first.stderr.endswith("pod.yaml has further fixes on the same lines: run this again\n")
    assert (head / "pod.yaml").read_text() == pod.replace("nginx", "r.io/hub/nginx").replace(
        "redis", "r.io/hub/redis"
    )


def review(path: str) -> Review:
    found = ReviewFinding(
        rule="r",
        severity=Severity.ERROR,
        message="m",
        environments=("default",),
        resource=None,
        location=Location(path, 1, "RIGHT"),
        fingerprint="f",
        suggestion=Suggestion(1, 1, "x"),
    )
    summary = Summary(1, 1, Counts(), "other")
    return Review("pass", "a", "b", (found,), (), (), summary)


def test_nothing_outside_the_tree_is_written(tmp_path: Path) -> None:
    root = write(tmp_path / "root", EMPTY)
    outside = write(tmp_path / "outside", {"a.yaml": "a\n"}) / "a.yaml"
    (root / "link.yaml").symlink_to(outside)
    (root / "folder").symlink_to(tmp_path / "outside")

    apply_fixes(review("link.yaml"), lambda _: b"a\n", root)
    with pytest.raises(UsageError):
        apply_fixes(review("folder/a.yaml"), lambda _: b"a\n", root)
    assert outside.read_text() == "a\n"


def test_what_would_steer_a_terminal_is_made_visible(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write(tmp_path, {"a.yaml": "a\x1b[2J\n"})

    apply_fixes(review("a.yaml"), lambda _: b"a\x1b[2J\n", root)

    assert capsys.readouterr().err == "--- a/a.yaml\n+++ b/a.yaml\n@@ -1 +1 @@\n-a\\x1b[2J\n+x\n"
