"""The table of placements, as people and machines ask for it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.analysis.law import application, binding, config, workload
from tests.cli.running import commit, fairlead, write

BASE = {
    "argo/shop.yaml": application("shop", "apps"),
    "apps/api.yaml": workload(),
    "infra/kustomization.yaml": "resources: [cm.yaml]\n",
    "infra/cm.yaml": config(),
    "infra/beside.yaml": binding(),
}


def test_the_table_says_how_each_root_is_applied_and_who_says_so(tmp_path: Path) -> None:
    ran = fairlead("placements", write(tmp_path / "base", BASE))

    assert ran.stdout.splitlines() == [
        "ROOT   KIND           ENVIRONMENTS  TOOL       SAID BY                SETTINGS",
        (
            "apps   directory      default       Argo CD    base argo/shop.yaml:9"
            "  cluster=in-cluster namespace=shop prune=true files=1"
        ),
        "argo   directory      default       kubectl    inferred",
        "infra  not applied                  none",
        "infra  kustomization  default       kustomize  inferred",
    ]


def test_the_difference_of_two_tables_for_machines(tmp_path: Path) -> None:
    moved = {
        "argo/shop.yaml": application("shop", "moved"),
        "moved/api.yaml": workload(),
        **{path: text for path, text in BASE.items() if path.startswith("infra/")},
    }
    base, head = write(tmp_path / "base", BASE), write(tmp_path / "head", moved)

    ran = fairlead("placements", "--diff", base, head, "--format", "json")

    document = json.loads(ran.stdout)
    assert document["schema"] == "fairlead.placements/1"
    rows = document["placements"]
    assert [(row["root"], row["change"]) for row in rows] == [
        ("apps", "removed"),
        ("moved", "added"),
    ]
    assert rows[1] == {
        "root": "moved",
        "kind": "directory",
        "applied": True,
        "environments": ["default"],
        "tool": "Argo CD",
        "said_by": "base",
        "owner": "Application/argocd/shop",
        "path": "argo/shop.yaml",
        "line": 9,
        "settings": {"cluster": "in-cluster", "namespace": "shop", "prune": "true", "files": "1"},
        "change": "added",
    }


def test_directories_are_not_taken_for_copies_of_the_clone_that_the_command_runs_in(
    tmp_path: Path,
) -> None:
    clone = tmp_path / "clone"
    commit(clone, {"other.yaml": config()})
    elsewhere = "https://github.com/acme/something-else"
    subprocess.run(["git", "remote", "add", "origin", elsewhere], cwd=clone, check=True)
    apart, inside = write(tmp_path / "apart", BASE), write(clone / "inside", BASE)

    tools = {
        folder.name: {
            row["root"]: row["tool"]
            for row in json.loads(
                fairlead("placements", folder, "--repo", clone, "--format", "json").stdout
            )["placements"]
        }
        for folder in (apart, inside)
    }

    assert (tools["apart"]["apps"], tools["inside"]["apps"]) == ("Argo CD", "kubectl")


def test_what_only_head_declares_is_said_by_head(tmp_path: Path) -> None:
    head = {**BASE, "argo/more.yaml": application("more", "infra", "kustomize: {images: [a=b]}")}
    base, after = write(tmp_path / "base", BASE), write(tmp_path / "head", head)

    ran = fairlead("placements", "--diff", base, after, "--format", "json")

    rows = {row["change"]: row for row in json.loads(ran.stdout)["placements"]}
    assert (rows["added"]["said_by"], rows["added"]["settings"]["alters"]) == (
        "head",
        "spec.source.kustomize.images",
    )
    assert rows["removed"]["said_by"] == "inferred"


def test_a_commit_without_manifests_has_no_placements(tmp_path: Path) -> None:
    ran = fairlead("placements", write(tmp_path / "base", {"readme.txt": "hello\n"}))

    assert (ran.stdout, ran.status) == ("No placements.\n", 0)
