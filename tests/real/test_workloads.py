"""What the rules about workloads say of public repositories: opt-in, see CONTRIBUTING."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from bot.analysis.examine import Question, examine_trees
from bot.analysis.manifests import ReadManifests
from bot.catalog import load_rules
from bot.git import Repository
from tests.real.clones import NEEDS_CLONES, clone_or_skip

_RECORD: Final = json.loads((Path(__file__).parent / "workloads.json").read_text("utf-8"))
_RULES: Final = frozenset(
    {
        "api-version-removed",
        "control-plane-toleration",
        "image-not-approved",
        "image-tag-mutable",
        "immutable-field-changed",
        "liveness-probe-missing",
        "readiness-probe-missing",
        "reference-broken",
        "resource-pruned",
        "resources-missing",
        "secret-in-clear",
        "workload-privileged",
    }
)
_CHANGES: Final = [
    pytest.param(held["name"], change["commit"], change["findings"], id=change["commit"][:10])
    for held in _RECORD["repositories"]
    for change in held["changes"]
]

pytestmark = [*NEEDS_CLONES]


@pytest.mark.parametrize(("name", "commit", "expected"), _CHANGES)
def test_a_change_gets_the_findings_that_were_judged(
    name: str, commit: str, expected: list[dict[str, Any]]
) -> None:
    repository = Repository(clone_or_skip(name))
    rules = [rule for rule in load_rules() if rule.id in _RULES]
    with repository.blobs() as blobs:
        question = Question(repository.tree(f"{commit}^1"), repository.tree(commit))
        found = examine_trees(question, ReadManifests(blobs), rules).findings

    assert [
        {
            "rule": held.rule,
            "severity": str(held.severity),
            "path": held.location and held.location.path,
            "line": held.location and held.location.line,
            "message": held.message,
        }
        for held in found
    ] == [{key: held[key] for key in held if key != "judged"} for held in expected]
