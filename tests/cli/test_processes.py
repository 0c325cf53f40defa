"""The processes of git that a command starts."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.git.command import arguments
from tests.cli.running import ACCOUNT, ADMIN, commit, fairlead

PLAIN = ["rev-parse", "cat-file", "merge-base", "ls-tree", "diff-tree", "cat-file", "config"]
_FLAGS = arguments([])
POLICY = "version: 1\nblock: never\n"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands of git that Fairlead runs, in their order."""
    commands: list[str] = []

    class Recorded(subprocess.Popen[Any]):
        def __init__(self, command: list[str], *arguments: Any, **options: Any) -> None:
            if command[: len(_FLAGS)] == _FLAGS:
                words = command[len(_FLAGS) :]
                commands.append(next(word for word in words if not word.startswith("-")))
            super().__init__(command, *arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    return commands


@pytest.mark.parametrize(
    ("policy", "expected"),
    [({}, PLAIN), ({".github/fairlead.yml": POLICY}, [*PLAIN, "rev-parse"])],
    ids=["no policy", "a policy that may name branches"],
)
def test_a_review_asks_one_process_for_commits_and_contents(
    policy: dict[str, str], expected: list[str], tmp_path: Path, started: list[str]
) -> None:
    base = commit(tmp_path, {"account.yaml": ACCOUNT, **policy})
    head = commit(tmp_path, {"admin.yaml": ADMIN}, branch="topic")
    started.clear()

    ran = fairlead("review", base, head, "--repo", tmp_path)

    assert (started, ran.status) == (expected, 0 if policy else 1)
