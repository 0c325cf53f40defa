"""The audit log: nothing twice, nothing changed, nothing lost."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sql

from bot.store.audit import LINES, TABLE, Audit, AuditEntry, stamp

ENTRY = AuditEntry(
    key="one",
    at=stamp(datetime(2026, 11, 20, 17, 0, 3, tzinfo=UTC)),
    event="approved",
    repository=9,
    name="example/gitops",
    pull=4,
    head="a" * 40,
    delivery="72d3",
    actor="octocat",
    rule="service-exposed",
    fingerprint="0123",
    reason="agreed \u202e",
    data={"digest": "77", "environments": ["staging"]},
)


@pytest.fixture(params=["sqlite", "postgres"])
def audit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Audit]:
    database = request.getfixturevalue("postgres") if request.param == "postgres" else None
    held = Audit.opened(tmp_path, database)
    yield held
    held.close()


def test_what_is_recorded_is_read_again_and_only_once(audit: Audit) -> None:
    other = replace(ENTRY, key="two", pull=5, fingerprint="4567")
    first, again = audit.append([ENTRY, other]), audit.append([other, ENTRY])

    assert (first, again) == ((ENTRY, other), ())
    assert audit.entries("approved", 9) == (ENTRY, other)
    assert audit.entries("approved", 9, pull=5) == (other,)
    assert audit.entries("approved", 9, fingerprints=["0123"]) == (ENTRY,)
    assert (audit.entries("found", 9), audit.entries("approved", 8)) == ((), ())


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET reason = 'other'"])
def test_the_table_refuses_to_be_changed(audit: Audit, statement: str) -> None:
    audit.append([replace(ENTRY, key=statement)])
    with (
        pytest.raises(sql.exc.DBAPIError, match="append-only"),
        audit._engine.begin() as connection,
    ):
        connection.exec_driver_sql(statement.format(TABLE))


def test_the_file_holds_one_line_of_plain_json_an_event(tmp_path: Path) -> None:
    audit = Audit.opened(tmp_path, None)
    audit.append([ENTRY])
    audit.append([ENTRY, replace(ENTRY, key="two")])
    audit.close()

    lines = (tmp_path / LINES).read_text(encoding="ascii").splitlines()
    assert [json.loads(line)["key"] for line in lines] == ["one", "two"]
    assert json.loads(lines[0]) | {"data": ENTRY.data} == {
        name: getattr(ENTRY, name) for name in ENTRY.__dataclass_fields__
    }
    assert stat.S_IMODE((tmp_path / LINES).stat().st_mode) == 0o600


def test_the_log_is_there_after_a_restart_and_can_be_queried(tmp_path: Path) -> None:
    for _ in range(2):
        audit = Audit.opened(tmp_path, None)
        audit.append([ENTRY])
        audit.close()
    connection = sqlite3.connect(tmp_path / "audit.sqlite")
    rows = connection.execute(f"SELECT actor, reason FROM {TABLE}").fetchall()  # noqa: S608
    connection.close()

    assert rows == [("octocat", ENTRY.reason)]
