"""What the shell completes, asked as a shell asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.catalog import rule_ids
from bot.cli import cli
from tests.cli.running import write

POLICY = """\
environments:
- {name: staging, paths: [clusters/staging]}
- {name: production, paths: [clusters/production]}
branches:
- names: [release]
  environments: [{name: preview, paths: [preview]}]
"""


def completed(words: str, index: int) -> list[str]:
    """What bash is offered for the word of this index."""
    environment = {
        "_FAIRLEAD_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(index),
    }
    done = CliRunner().invoke(cli, [], env=environment, prog_name="fairlead")
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_rules_are_completed() -> None:
    assert completed("fairlead explain rbac-role", 2) == [
        "rbac-role-ref-changed",
        "rbac-role-widened",
    ]
    assert completed("fairlead explain ", 2) == sorted(rule_ids())
    assert completed("fairlead explain nothing-begins-so", 2) == []


def test_formats_are_completed() -> None:
    assert completed("fairlead map --format m", 3) == ["mermaid"]


@pytest.mark.parametrize("option", ["", " --policy other.yml"])
def test_environments_that_the_policy_names_are_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.chdir(write(tmp_path, {".github/fairlead.yml": POLICY, "other.yml": POLICY}))
    words = f"fairlead map{option} --environment p"

    assert completed(words, len(words.split()) - 1) == ["preview", "production"]


@pytest.mark.parametrize("policy", [{}, {".github/fairlead.yml": "environments: 1\n"}])
def test_without_a_valid_policy_no_environment_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: dict[str, str]
) -> None:
    monkeypatch.chdir(write(tmp_path, policy))

    assert completed("fairlead map --environment p", 3) == []
