"""What the network rules find in real commits that were read by hand: opt-in, see CONTRIBUTING.

Overlays are rendered, as in any review.

`network.json` says of each commit what is found and what a careful reader thinks of it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

from bot.analysis.examine import Question, examine_trees
from bot.analysis.manifests import ReadManifests
from bot.catalog import load_rules
from bot.git import Repository
from bot.render.renderers import Renderers
from tests.kubernetes.network.clusters import NETWORK
from tests.tools import renderer_binaries

_FOLDER: Final = os.environ.get("FAIRLEAD_REAL_REPOSITORIES", "")
_READ: Final = json.loads((Path(__file__).parent / "network.json").read_text("utf-8"))

pytestmark = [
    pytest.mark.real_repositories,
    pytest.mark.skipif(
        not _FOLDER, reason="FAIRLEAD_REAL_REPOSITORIES names no folder of bare clones"
    ),
]


def _clone(name: str) -> Path:
    """Where the bare clone of a repository is; skips where there is none."""
    flat = name.replace("/", "+")
    for place in (f"{flat}/repo", flat, f"{flat}.git", name, f"{name}.git"):
        if (Path(_FOLDER) / place / "objects").is_dir():
            return Path(_FOLDER) / place
    pytest.skip(f"{_FOLDER} has no bare clone of {name}")


@pytest.mark.parametrize("read", [pytest.param(held, id=held["commit"][:10]) for held in _READ])
def test_the_findings_are_those_that_were_read(read: dict[str, Any]) -> None:
    repository = Repository(_clone(read["repository"]))
    base, head = (repository.resolve(f"{read['commit']}{side}") for side in ("^", ""))
    rules = [rule for rule in load_rules() if rule.id in NETWORK]

    with repository.blobs() as blobs:
        asked = Question(repository.tree(base), repository.tree(head))
        builder = Renderers(blobs, renderer_binaries())
        analysis = examine_trees(asked, ReadManifests(blobs), rules, builder)

    found = [
        {
            "rule": held.rule,
            "severity": str(held.severity),
            "path": held.location.path if held.location else None,
            "line": held.location.line if held.location else None,
            "message": held.message,
        }
        for held in analysis.findings
    ]
    assert found == read["findings"]
