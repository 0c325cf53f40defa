"""`fairlead backtest`: the same engine over what was merged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.core.adoption.backtest import Outcome, Tally, suggested_policy, tallies, verdicts
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from tests.cli.running import ACCOUNT, ADMIN, commit, fairlead


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[str]]:
    """A repository in which one merge of three grants everything; its commits, oldest first."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    repository = tmp_path / "gitops"
    steps = [{"a.yaml": ACCOUNT}, {"README.md": "x\n"}, {"b.yaml": ADMIN}, {"README.md": "y\n"}]
    return repository, [commit(repository, files) for files in steps]


def test_the_merge_that_would_have_been_blocked_is_named_by_rule(
    history: tuple[Path, list[str]],
) -> None:
    repository, commits = history

    ran = fairlead("backtest", "--repo", repository, "--format", "json")

    found = json.loads(ran.stdout)
    assert (ran.status, ran.stderr) == (0, "")
    assert found["verdicts"] == {"pass": 2, "blocked": 1, "incomplete": 0, "failed": 0}
    assert [(held["commit"], held["verdict"]) for held in found["merges"]] == [
        (commits[3], "pass"),
        (commits[2], "blocked"),
        (commits[1], "pass"),
    ]
    assert found["merges"][1]["blocking"] == ["rbac-privilege-added"]
    assert found["rules"] == [
        {
            "rule": "rbac-privilege-added",
            "severity": "error",
            "findings": 1,
            "merges": 1,
            "blocked": 1,
        }
    ]


def test_people_get_a_table_and_what_to_begin_with(history: tuple[Path, list[str]]) -> None:
    repository, commits = history

    ran = fairlead("backtest", "--repo", repository)

    assert ran.stdout == (
        "3 merges: 2 pass, 1 blocked\n"
        "\n"
        "rule                  severity  findings  merges  blocked\n"
        "rbac-privilege-added  error            1       1        1\n"
        "\n"
        f"{commits[2][:12]}  blocked: rbac-privilege-added\n"
        "\n"
        "A policy to start with, in .github/fairlead.yml:\n"
        "  mode: observe  # for the first weeks: the check passes and says what it would do\n"
        "  rules:\n"
        "    rbac-privilege-added: {severity: warning}  # blocked 1 of 3\n"
    )


def test_only_the_last_are_looked_at(history: tuple[Path, list[str]]) -> None:
    repository, _ = history

    assert fairlead("backtest", "--repo", repository, "--last", "1").stdout == "1 merge: 1 pass\n"


def test_a_policy_can_be_tried(history: tuple[Path, list[str]], tmp_path: Path) -> None:
    repository, _ = history
    policy = tmp_path / "policy.yml"
    policy.write_text("rules: {rbac-privilege-added: off}\n")

    ran = fairlead("backtest", "--repo", repository, "--policy", policy)

    assert ran.stdout == "3 merges: 3 pass\n"


def test_a_history_of_one_commit_is_wrong_use(tmp_path: Path) -> None:
    commit(tmp_path, {"a.yaml": ACCOUNT})

    ran = fairlead("backtest", "--repo", tmp_path)

    assert (ran.status, ran.stderr) == (
        2,
        "fairlead: 'HEAD' has no merges to review: its history is a single commit\n",
    )


def test_a_merge_without_a_review_is_counted_apart() -> None:
    outcomes = [Outcome("a" * 40, None, "the child died")]

    assert (verdicts(outcomes)["failed"], tallies(outcomes)) == (1, ())


def test_a_rule_that_seldom_blocks_keeps_its_severity() -> None:
    rows = (
        Tally("often", Severity.ERROR, 9, 9, 6),
        Tally("seldom", Severity.ERROR, 9, 9, 5),
        Tally("notice", Severity.NOTICE, 50, 50, 0),
    )

    observed = suggested_policy(rows, 50, Policy(mode="observe"))

    assert observed == "rules:\n  often: {severity: warning}  # blocked 6 of 50\n"
    assert suggested_policy(rows[2:], 50, Policy()) == ""
