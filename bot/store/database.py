"""The database of what a service remembers: SQLite beside the queue, or the queue's Postgres."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import sqlalchemy as sql

IN_MEMORY: Final = "sqlite://"


def address(directory: Path, database: str | None) -> str:
    """Where it is, as SQLAlchemy names it; `database` None is the embedded one."""
    if database is not None:
        return "postgresql+psycopg://" + database.partition("://")[2]
    directory.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{(directory / 'audit.sqlite').absolute()}"


def engine(url: str) -> sql.Engine:
    """Connections to it, from any thread."""
    if url == IN_MEMORY:
        return sql.create_engine(url, poolclass=sql.StaticPool)
    patience = {"timeout": 30} if url.startswith("sqlite") else {}
    return sql.create_engine(url, connect_args=patience, pool_pre_ping=True)


def prepare(engine: sql.Engine, table: sql.Table, lock: int, *statements: Any) -> None:
    """The table, and what else it needs, made by one replica of those that start together."""
    dialect = engine.dialect.name
    if dialect == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    with engine.begin() as connection:
        if dialect == "postgresql":
            connection.execute(sql.select(sql.func.pg_advisory_xact_lock(lock)))
        table.create(connection, checkfirst=True)
        for statement in statements:
            connection.exec_driver_sql(statement)
