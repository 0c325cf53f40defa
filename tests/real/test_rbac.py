"""Commits of public repositories that touch RBAC: what is found, read by hand; see rbac.json.

Kustomizations are left out, so that every directory is read as it is: what is held here is the
reasoning, not the rendering.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from bot.analysis.examine import Question, examine_trees
from bot.analysis.manifests import ReadManifests
from bot.catalog import load_rules
from bot.core.tree import File, Tree
from tests.real.clones import NEEDS_CLONES, clone_or_skip

RULES: Final = frozenset(
    (
        "gitops-authority-widened",
        "guardrail-weakened",
        "rbac-invalid",
        "rbac-privilege-added",
        "rbac-role-ref-changed",
        "rbac-role-widened",
        "rbac-unknown-role",
        "service-account-changed",
        "workload-service-account-changed",
    )
)
_RECORDED: Final[list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "rbac.json").read_text("utf-8")
)
_KUSTOMIZATIONS: Final = frozenset(("kustomization.yaml", "kustomization.yml", "Kustomization"))

pytestmark = [*NEEDS_CLONES]


@pytest.mark.parametrize(
    "recorded",
    [pytest.param(held, id=f"{held['repository']}@{held['head'][:10]}") for held in _RECORDED],
)
def test_a_commit_has_the_findings_that_were_read(recorded: dict[str, Any]) -> None:
    clone = clone_or_skip(recorded["repository"])
    trees = (_tree(clone, recorded[side]) for side in ("base", "head"))

    assert found(clone, *trees) == recorded["findings"]


def found(clone: Path, base: Tree, head: Tree) -> list[list[object]]:
    """Severity, rule, path and line of each finding of the rules about rights and identity."""
    rules = [rule for rule in load_rules() if rule.id in RULES]
    analysis = examine_trees(Question(base, head), _manifests(clone), rules)
    return [
        [str(held.severity), held.rule, held.location.path, held.location.line]
        for held in analysis.findings
        if held.location is not None
    ]


class _Blobs:
    """The contents of a bare clone, by git's own reader."""

    def __init__(self, clone: Path) -> None:
        self._clone = clone

    def data(self, blob: str) -> bytes:
        done = subprocess.run(
            ["git", "-C", str(self._clone), "cat-file", "blob", blob],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise KeyError(blob)
        return done.stdout


@cache
def _manifests(clone: Path) -> ReadManifests:
    """What was read stays read for the next commit: most files are the same."""
    return ReadManifests(_Blobs(clone))


def _tree(clone: Path, commit: str) -> Tree:
    return dict(_files(clone, commit))


def _files(clone: Path, commit: str) -> Iterator[tuple[str, File]]:
    listed = subprocess.run(
        ["git", "-C", str(clone), "ls-tree", "-rz", commit], capture_output=True, check=True
    ).stdout.decode("utf-8", "surrogateescape")
    for entry in listed.split("\0"):
        head, _, path = entry.partition("\t")
        if head and path.rpartition("/")[2] not in _KUSTOMIZATIONS:
            mode, _, blob = head.split()
            yield path, File(mode, blob, 0)
