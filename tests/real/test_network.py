"""What the network rules find in real commits that were read by hand: opt-in, see CONTRIBUTING.

Overlays are rendered, as in any review.

`network.json` says of each commit what is found and what a careful reader thinks of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from bot.analysis.examine import Question, examine_trees
from bot.analysis.manifests import ReadManifests
from bot.catalog import load_rules
from bot.git import Repository
from bot.render.renderers import Renderers
from tests.kubernetes.network.clusters import NETWORK
from tests.real.clones import NEEDS_CLONES, clone_or_skip
from tests.tools import renderer_binaries

_READ: Final = json.loads((Path(__file__).parent / "network.json").read_text("utf-8"))

pytestmark = [*NEEDS_CLONES]


@pytest.mark.parametrize("read", [pytest.param(held, id=held["commit"][:10]) for held in _READ])
def test_the_findings_are_those_that_were_read(read: dict[str, Any]) -> None:
    repository = Repository(clone_or_skip(read["repository"]))
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
