"""The database of the audit log and of rate-limit holds: SQLite, or the queue's PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite

from bot.errors import UsageError

IN_MEMORY: Final = "sqlite://"


def address(directory: Path, database: str | None) -> str:
    """The URL for SQLAlchemy: of the PostgreSQL URL `database`, or of a file in `directory`."""
    if database is not None:
        return "postgresql+psycopg://" + database.partition("://")[2]
    directory.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{(directory / 'audit.sqlite').absolute()}"


def engine(url: str) -> sql.Engine:
    """An engine that any thread may use."""
    if url == IN_MEMORY:
        return sql.create_engine(url, poolclass=sql.StaticPool)
    arguments = {"timeout": 30} if url.startswith("sqlite") else {}
    return sql.create_engine(url, connect_args=arguments, pool_pre_ping=True)


def insert(engine: sql.Engine, table: sql.Table) -> postgresql.Insert | sqlite.Insert:
    """An insertion that leaves a row alone which is there already."""
    if engine.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def _check(engine: sql.Engine) -> None:
    """Open the file in write-ahead mode. Raises UsageError if it is damaged."""
    problem = "ok"
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            problem = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    except sql.exc.DatabaseError as error:
        problem = str(error.orig)
    if problem != "ok":
        raise UsageError(
            f"the audit log {engine.url.database!r} is damaged ({problem}): it holds the approvals "
            "of open pull requests, so restore it from a back-up; without one, move it away and "
            "start again, and findings have to be approved anew"
        )


def prepare(engine: sql.Engine, table: sql.Table, lock: int, *statements: Any) -> None:
    """Create the table and run the statements; replicas take turns by the advisory lock."""
    dialect = engine.dialect.name
    if dialect == "sqlite":
        _check(engine)
    with engine.begin() as connection:
        if dialect == "postgresql":
            connection.execute(sql.select(sql.func.pg_advisory_xact_lock(lock)))
        table.create(connection, checkfirst=True)
        for statement in statements:
            connection.exec_driver_sql(statement)
