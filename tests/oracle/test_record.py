"""Generated tables agree with the programs that generate them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.oracle.record import RECORD, current_record


def test_tables_and_generators_are_those_of_the_last_generation() -> None:
    """After a change to a generator or a table, run `make oracle`."""
    recorded = json.loads((Path(__file__).parents[2] / RECORD).read_text("utf-8"))

    assert recorded == dict(current_record())
