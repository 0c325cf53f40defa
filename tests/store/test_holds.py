"""Who must leave GitHub alone, remembered beside the audit log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.store.database import address
from bot.store.holds import LONGEST, Holds


@pytest.fixture(params=["sqlite", "postgres"])
def holds(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Holds]:
    url = request.getfixturevalue("postgres") if request.param == "postgres" else None
    held = Holds(address(tmp_path, url))
    yield held
    held.close()


def test_a_hold_is_for_its_installation_and_the_longest_counts(holds: Holds) -> None:
    holds.hold(1, 1060.0)
    holds.hold(1, 1005.0)
    assert (holds.remaining(1, 1000.0), holds.remaining(2, 1000.0)) == (60.0, 0.0)
    holds.hold(1, 1090.0)
    assert (holds.remaining(1, 1000.0), holds.remaining(1, 1090.0)) == (90.0, 0.0)


def test_a_clock_that_was_wrong_holds_nobody_for_ever(holds: Holds) -> None:
    holds.hold(1, 1e12)
    assert holds.remaining(1, 1000.0) == LONGEST


def test_the_next_process_and_every_replica_know_it(tmp_path: Path) -> None:
    first, second = Holds(address(tmp_path, None)), Holds(address(tmp_path, None))
    first.hold(1, 1060.0)
    assert second.remaining(1, 1000.0) == 60.0
    first.close()
    second.close()


def test_a_database_that_is_away_fails_nobody(tmp_path: Path) -> None:
    held = Holds(address(tmp_path, None))
    with closing(sqlite3.connect(tmp_path / "audit.sqlite")) as connection:
        connection.execute("DROP TABLE fairlead_holds")
    held.hold(1, 1060.0)
    assert held.remaining(1, 1000.0) == 0.0
    held.close()
