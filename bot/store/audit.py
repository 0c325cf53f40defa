"""The audit log: what was found, waived, accepted and overridden. Nothing in it is ever changed.

A line of JSON an event in a file, for whoever collects logs, and the same as rows of a table: in
SQLite beside the queue, or in the Postgres that the queue is in. What the table says is what
approvals are remembered by.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, Self, TypeAlias

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite

from bot.store import database

Event: TypeAlias = Literal[
    "found", "waived", "accepted", "approved", "overridden", "refused", "concluded", "notified"
]

TABLE: Final = "fairlead_audit"
LINES: Final = "audit.jsonl"

_LOCK: Final = 0x4641_4C44
_AT_ONCE: Final = 500
_TABLE: Final = sql.Table(
    TABLE,
    sql.MetaData(),
    # SQLite counts up by itself only in a column of this very type.
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
    """One event. `key` is the same whenever the same thing is recorded again, which then is not.

    `at` is in UTC, as `stamp` writes it; `data` is whatever else there is to say, as JSON.
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
    """The log. One object a process; its methods may be called from any thread."""

    def __init__(self, url: str, lines: Path | None = None) -> None:
        """`url` is a database as SQLAlchemy names it; `lines` the file of JSON, None for none."""
        self._lines = lines
        self._engine = database.engine(url)
        database.prepare(self._engine, _TABLE, _LOCK, *_GUARDS[self._engine.dialect.name])

    @classmethod
    def opened(cls, directory: Path, url: str | None) -> Self:
        """The log of a service: beside its queue. `url` None is the embedded one."""
        directory.mkdir(parents=True, exist_ok=True)
        return cls(database.address(directory, url), directory / LINES)

    @classmethod
    def in_memory(cls) -> Self:
        """A log that ends with its process."""
        return cls(database.IN_MEMORY)

    def close(self) -> None:
        """The connections are given back."""
        self._engine.dispose()

    def append(self, entries: Iterable[AuditEntry]) -> tuple[AuditEntry, ...]:
        """Records these, and returns those that were not known yet.

        The line is written before the row: a process that dies in between repeats a line, known
        again by its key, and loses none.
        """
        wanted = {entry.key: entry for entry in entries}
        if not wanted:
            return ()
        with self._engine.begin() as connection:
            known = set(self._known(connection, tuple(wanted)))
            fresh = tuple(entry for key, entry in wanted.items() if key not in known)
            if fresh:
                self._write(fresh)
                rows = [_row(entry) | {"data": _json(entry.data)} for entry in fresh]
                connection.execute(self._insert(), rows)
        return fresh

    def entries(
        self,
        event: Event,
        repository: int,
        *,
        pull: int | None = None,
        fingerprints: Sequence[str] | None = None,
    ) -> tuple[AuditEntry, ...]:
        """What was recorded, oldest first."""
        held = _TABLE.c
        wanted = sql.select(_TABLE).where(held.event == event, held.repository == repository)
        if pull is not None:
            wanted = wanted.where(held.pull == pull)
        if fingerprints is not None:
            wanted = wanted.where(held.fingerprint.in_(fingerprints))
        with self._engine.connect() as connection:
            rows = connection.execute(wanted.order_by(held.number)).mappings().all()
        return tuple(_entry({str(key): value for key, value in row.items()}) for row in rows)

    @staticmethod
    def _known(connection: sql.Connection, keys: Sequence[str]) -> Iterable[str]:
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            yield from connection.scalars(sql.select(_TABLE.c.key).where(_TABLE.c.key.in_(some)))

    def _insert(self) -> sql.Insert:
        if self._engine.dialect.name == "postgresql":
            return postgresql.insert(_TABLE).on_conflict_do_nothing()
        return sqlite.insert(_TABLE).on_conflict_do_nothing()

    def _write(self, entries: Iterable[AuditEntry]) -> None:
        if self._lines is None:
            return
        text = "".join(_json(_row(entry)) + "\n" for entry in entries)
        handle = os.open(self._lines, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # One write: the lines of two threads do not mix.
            os.write(handle, text.encode())
        finally:
            os.close(handle)


def stamp(moment: datetime) -> str:
    """A moment as it is recorded and compared: UTC, to the second, as GitHub writes its own."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(entry: AuditEntry) -> dict[str, Any]:
    held = {one.name: getattr(entry, one.name) for one in fields(entry)}
    return held | {"data": dict(entry.data)}


def _entry(row: Mapping[str, Any]) -> AuditEntry:
    held = {name: value for name, value in row.items() if name != "number"}
    return AuditEntry(**held | {"data": MappingProxyType(json.loads(held["data"]))})


def _json(value: Mapping[str, Any]) -> str:
    # ASCII alone: nothing in a reason can deceive a terminal.
    return json.dumps(dict(value), sort_keys=True)
