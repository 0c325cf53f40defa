"""The append-only audit log: findings, waivers, approvals and overrides.

Each event is a line of JSON in a file, for log collectors, and a row of a table: in SQLite beside
the queue, or in the PostgreSQL database of the queue. Approvals are read from the table.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, Self, TypeAlias

import sqlalchemy as sql

from bot.store import database

Event: TypeAlias = Literal[
    "found",
    "waived",
    "accepted",
    "approved",
    "overridden",
    "refused",
    "concluded",
    "shown",
    "pushed",
    "notified",
]

TABLE: Final = "fairlead_audit"
LINES: Final = "audit.jsonl"

_LOCK: Final = 0x4641_4C44
_AT_ONCE: Final = 500
_TABLE: Final = sql.Table(
    TABLE,
    sql.MetaData(),
    # SQLite numbers rows automatically only in a column of exactly this type.
    sql.Column("number", sql.BigInteger().with_variant(sql.Integer(), "sqlite"), primary_key=True),
    sql.Column("key", sql.Text, nullable=False, unique=True),
    sql.Column("at", sql.Text, nullable=False),
    sql.Column("event", sql.Text, nullable=False),
    sql.Column("delivery", sql.Text, nullable=False),
    sql.Column("repository", sql.BigInteger, nullable=False),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("pull", sql.BigInteger, nullable=False),
    sql.Column("head", sql.Text, nullable=False),
    sql.Column("actor", sql.Text, nullable=False),
    sql.Column("rule", sql.Text, nullable=False),
    sql.Column("fingerprint", sql.Text, nullable=False),
    sql.Column("reason", sql.Text, nullable=False),
    sql.Column("data", sql.Text, nullable=False),
    sql.Index("fairlead_audit_pull", "repository", "event", "pull"),
    sql.Index("fairlead_audit_fingerprint", "repository", "event", "fingerprint"),
)
_GUARDS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "sqlite": tuple(
            f"CREATE TRIGGER IF NOT EXISTS {TABLE}_{verb} BEFORE {verb} ON {TABLE} "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        ),
        "postgresql": (
            (
                f"CREATE OR REPLACE FUNCTION {TABLE}_guard() RETURNS trigger AS "
                "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$ LANGUAGE plpgsql"
            ),
            (
                f"CREATE OR REPLACE TRIGGER {TABLE}_guard BEFORE UPDATE OR DELETE OR TRUNCATE "
                f"ON {TABLE} FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_guard()"
            ),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One event. `key` identifies it: an event whose key is recorded already is not recorded again.

    `at` is in UTC, as `stamp` writes it; `data` is JSON specific to the event.
    """

    key: str
    at: str
    event: Event
    repository: int
    name: str
    pull: int
    head: str
    delivery: str = ""
    actor: str = ""
    rule: str = ""
    fingerprint: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


class Audit:
    """The log. One object for each process; its methods may be called from any thread."""

    def __init__(
        self,
        url: str = database.IN_MEMORY,
        lines: Path | None = None,
        appended: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`url` as `database.address` returns it; without one, the log ends with its process.

        `lines` is the path of the file of JSON, if any. `appended` is called with the kind of each
        event that was recorded.
        """
        self._lines = lines
        self._appended = appended
        self._engine = database.engine(url)
        database.prepare(self._engine, _TABLE, _LOCK, *_GUARDS[self._engine.dialect.name])

    @classmethod
    def opened(
        cls, directory: Path, url: str | None, appended: Callable[[str], None] = lambda _: None
    ) -> Self:
        """The log of a service, beside its queue: in `directory`, or in the database at `url`."""
        directory.mkdir(parents=True, exist_ok=True)
        return cls(database.address(directory, url), directory / LINES, appended)

    def close(self) -> None:
        """Close the connections to the database."""
        self._engine.dispose()

    def append(self, entries: Iterable[AuditEntry]) -> tuple[AuditEntry, ...]:
        """Record these entries; returns those that were not recorded before.

        The line is written before the row: a process that dies in between writes a line twice,
        under the same key, and loses none.
        """
        by_key = {entry.key: entry for entry in entries}
        if not by_key:
            return ()
        with self._engine.begin() as connection:
            recorded = set(self._recorded(connection, tuple(by_key)))
            fresh = tuple(entry for key, entry in by_key.items() if key not in recorded)
            if fresh:
                self._write(fresh)
                rows = [_row(entry) | {"data": _json(entry.data)} for entry in fresh]
                connection.execute(database.insert(self._engine, _TABLE), rows)
        for entry in fresh:
            self._appended(entry.event)
        return fresh

    def entries(
        self,
        event: Event,
        repository: int,
        *,
        pull: int | None = None,
        fingerprints: Sequence[str] | None = None,
    ) -> tuple[AuditEntry, ...]:
        """The recorded entries of this event, oldest first."""
        columns = _TABLE.c
        query = sql.select(_TABLE).where(columns.event == event, columns.repository == repository)
        if pull is not None:
            query = query.where(columns.pull == pull)
        if fingerprints is not None:
            query = query.where(columns.fingerprint.in_(fingerprints))
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(columns.number)).mappings().all()
        return tuple(_entry({str(key): value for key, value in row.items()}) for row in rows)

    @staticmethod
    def _recorded(connection: sql.Connection, keys: Sequence[str]) -> Iterable[str]:
        for start in range(0, len(keys), _AT_ONCE):
            chunk = keys[start : start + _AT_ONCE]
            yield from connection.scalars(sql.select(_TABLE.c.key).where(_TABLE.c.key.in_(chunk)))

    def _write(self, entries: Iterable[AuditEntry]) -> None:
        if self._lines is None:
            return
        text = "".join(_json(_row(entry)) + "\n" for entry in entries)
        handle = os.open(self._lines, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # A single write: the lines of two threads do not mix.
            os.write(handle, text.encode())
        finally:
            os.close(handle)


def stamp(moment: datetime) -> str:
    """A UTC moment as text, to the second, in GitHub's own format."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(entry: AuditEntry) -> dict[str, Any]:
    row = {column.name: getattr(entry, column.name) for column in fields(entry)}
    return row | {"data": dict(entry.data)}


def _entry(row: Mapping[str, Any]) -> AuditEntry:
    values = {name: value for name, value in row.items() if name != "number"}
    return AuditEntry(**values | {"data": MappingProxyType(json.loads(values["data"]))})


def _json(value: Mapping[str, Any]) -> str:
    # ASCII only: no character in a reason can deceive a terminal.
    return json.dumps(dict(value), sort_keys=True)
