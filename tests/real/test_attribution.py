"""Where the changed fields of real commits are said to come from: opt-in, see CONTRIBUTING.

`attribution.json` says of each commit how many fields stand on the line that carries their value,
on another changed line, on a changed file, and on none of them.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.real.attribution import RECORD, measured, totals
from tests.real.clones import NEEDS_CLONES

_READ: Final[list[dict[str, Any]]] = json.loads(RECORD.read_text("utf-8"))

pytestmark = [*NEEDS_CLONES]


@pytest.mark.parametrize("read", [pytest.param(held, id=held["commit"][:10]) for held in _READ])
def test_the_fields_of_a_commit_stand_where_they_were_found(read: dict[str, Any]) -> None:
    try:
        found = measured(read["repository"], read["commit"])
    except FileNotFoundError as error:
        pytest.skip(str(error))

    assert (found.fields, found.lines) == (read["fields"], read["lines"])


@pytest.mark.parametrize("tool", ["kustomize", "helm"])
def test_nine_in_ten_stand_on_a_changed_line(tool: str) -> None:
    counts = totals(_READ)[tool]
    asked, on_lines = sum(counts.values()), counts.get("line", 0) + counts.get("hunk", 0)

    assert asked >= 200
    assert on_lines >= 0.9 * asked


def test_no_exact_line_was_refuted() -> None:
    assert totals(_READ)["lines"].get("refuted", 0) == 0
