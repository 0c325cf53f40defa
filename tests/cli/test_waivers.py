"""Waivers that nothing needs any more."""

from __future__ import annotations

from pathlib import Path

from tests.cli.running import ACCOUNT, ADMIN, commit, fairlead, write

POLICY = """\
version: 1
waivers:
  - {rule: rbac-privilege-added, resource: ClusterRoleBinding/*, reason: known, expires: 2099-01-01}
  - {rule: rbac-privilege-added, resource: RoleBinding/*, reason: gone, expires: 2099-01-01}
"""
SAID = "the waiver of rbac-privilege-added for RoleBinding/* matches nothing that stands in {}\n"


def test_a_waiver_that_matches_nothing_in_a_commit_is_said(tmp_path: Path) -> None:
    repository = tmp_path / "gitops"
    repository.mkdir()
    commit(repository, {"account.yaml": ACCOUNT, "admin.yaml": ADMIN})
    file = write(tmp_path / "drafts", {"p.yml": POLICY}) / "p.yml"
    ran = fairlead("policy", "check", file, "--at", "main", "--repo", repository)

    assert (ran.status, ran.stdout) == (0, SAID.format("main") + f"{file} is valid\n")


def test_a_directory_will_do(tmp_path: Path) -> None:
    held = write(tmp_path / "gitops", {"account.yaml": ACCOUNT, "admin.yaml": ADMIN})
    file = write(tmp_path / "drafts", {"p.yml": POLICY}) / "p.yml"
    ran = fairlead("policy", "check", file, "--at", held)

    assert ran.stdout == SAID.format(held) + f"{file} is valid\n"
