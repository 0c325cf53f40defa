"""Waivers that nothing needs any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.cli.waivers import OF_CHANGES
from bot.core.policy.reading import parse_policy
from tests.cli.running import ACCOUNT, ADMIN, commit, fairlead, write

SOON = datetime.now(UTC).date() + timedelta(days=30)
POLICY = f"""\
version: 1
waivers:
  - {{rule: rbac-privilege-added, resource: ClusterRoleBinding/*, reason: known, expires: {SOON}}}
  - {{rule: rbac-privilege-added, resource: RoleBinding/*, reason: gone, expires: {SOON}}}
"""
SAID = "the waiver of rbac-privilege-added for RoleBinding/* matches nothing in {}\n"


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


def test_a_waiver_of_what_only_a_change_brings_is_not_called_unused(tmp_path: Path) -> None:
    waiver = f"- {{rule: RULE, reason: known, expires: {SOON}}}\n"
    rules = ("resource-pruned", "resource*", "immutable-field-changed")
    text = "waivers:\n" + "".join(waiver.replace("RULE", rule) for rule in rules)
    held = write(tmp_path / "gitops", {"account.yaml": ACCOUNT})
    file = write(tmp_path / "drafts", {"p.yml": text}) / "p.yml"
    ran = fairlead("policy", "check", file, "--at", held)

    assert ran.stdout == (f"the waiver of resource* matches nothing in {held}\n{file} is valid\n")


def test_what_could_not_be_looked_at_may_need_a_waiver(tmp_path: Path) -> None:
    repository = tmp_path / "gitops"
    repository.mkdir()
    commit(repository, {"account.yaml": ACCOUNT})
    (repository / "link.yaml").symlink_to("account.yaml")
    text = "waivers: [{rule: service-exposed, reason: known, expires: 2099-01-01}]\n"
    file = write(tmp_path / "drafts", {"p.yml": text}) / "p.yml"
    ran = fairlead("policy", "check", file, "--at", repository)

    said = f"1 thing in {repository} could not be reviewed and may need these waivers"
    assert ran.stdout.splitlines()[1] == said


def test_the_rules_of_changes_are_those_that_find_nothing_in_what_stands() -> None:
    """By the examples of their pages, with everything of head new.

    `placement-changed` also finds what is new and never applied, `reference-broken` what a project
    does not allow of a new Application; their waivers are mostly of changes.
    """
    silent = set()
    for rule in load_rules():
        whole = [
            examine(
                {},
                {path: text.encode() for path, text in example.head.items()},
                parse_policy(example.policy),
                [rule],
            ).findings
            for example in rule.page.examples
        ]
        if not any(whole):
            silent.add(rule.id)

    assert silent | {"placement-changed", "reference-broken"} == OF_CHANGES
