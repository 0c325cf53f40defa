"""The queue's database beside DBOS: waiting tasks by key, a write probe, and records of crashes.

DBOS's table `workflow_status` is read by partition key and by executor, which DBOS's own listing
cannot do before it is launched; its columns are covered by tests, and DBOS is pinned below 3.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sql

from bot.jobs.statements import DEATHS, EXECUTORS, FILLER, OURS, PROBE, SCHEMA, STOPPED, WORKFLOWS
from bot.store.database import insert

_LOCK: Final = 0x4641_4C51
_PATIENCE: Final = 30
"""Seconds to wait for another writer of SQLite, as DBOS does."""


class QueueDatabase:
    """The queue's database, beside DBOS. Any thread may call its methods.

    Every method raises SQLAlchemyError if the database cannot be used.
    """

    def __init__(self, url: str) -> None:
        """`url` as DBOS takes it: `sqlite:///...` or `postgresql://...`."""
        embedded = url.startswith("sqlite")
        if not embedded:
            url = "postgresql+psycopg://" + url.partition("://")[2]
        arguments = {"timeout": _PATIENCE} if embedded else {"connect_timeout": 5}
        self._engine = sql.create_engine(url, connect_args=arguments, pool_pre_ping=not embedded)
        self._theirs = self._engine.execution_options(
            schema_translate_map={None: None if embedded else SCHEMA}
        )

    def prepare(self) -> None:
        """Create our own tables where they are missing."""
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_LOCK)))
            OURS.create_all(connection)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def probe(self) -> None:
        """Write as much as a task needs."""
        with self._engine.begin() as connection:
            connection.execute(sql.delete(PROBE))
            row = {"id": 1, "filler": FILLER}
            connection.execute(insert(self._engine, PROBE).values(row))

    def waiting(self, key: str) -> tuple[str, ...]:
        """The ids of the workflows of a partition key that have not begun."""
        columns = WORKFLOWS.c
        query = sql.select(columns.workflow_uuid).where(
            columns.queue_partition_key == key, columns.status.in_(("ENQUEUED", "DELAYED"))
        )
        with self._theirs.connect() as connection:
            return tuple(connection.scalars(query))

    def ages(self, lanes: Iterable[str]) -> dict[str, float]:
        """Seconds for which the oldest workflow of each lane has been waiting for a worker."""
        columns = WORKFLOWS.c
        query = (
            sql.select(columns.queue_name, sql.func.min(columns.created_at))
            .where(columns.status == "ENQUEUED", columns.queue_name.is_not(None))
            .group_by(columns.queue_name)
        )
        with self._theirs.connect() as connection:
            oldest = {str(lane): int(created) for lane, created in connection.execute(query)}
        return {lane: self._since(oldest.get(lane)) for lane in lanes}

    def overdue(self, lanes: Sequence[str], seconds: float) -> dict[str, int]:
        """How many workflows of each lane began with a delivery longer ago than `seconds`."""
        columns = WORKFLOWS.c
        query = sql.select(columns.workflow_uuid, columns.queue_name).where(
            columns.status.in_(("ENQUEUED", "DELAYED", "PENDING")), columns.queue_name.in_(lanes)
        )
        with self._theirs.connect() as connection:
            rows = connection.execute(query).all()
        counts = dict.fromkeys(lanes, 0)
        for workflow_id, lane in rows:
            counts[str(lane)] += self.age(str(workflow_id)) > seconds
        return counts

    def age(self, workflow_id: str) -> float:
        """Seconds since the delivery arrived from which a workflow follows; 0 if unknown."""
        root = re.split("[!~]", workflow_id, maxsplit=1)[0]
        query = sql.select(WORKFLOWS.c.created_at).where(WORKFLOWS.c.workflow_uuid == root)
        with self._theirs.connect() as connection:
            return self._since(connection.scalar(query))

    @staticmethod
    def _since(created: int | None) -> float:
        if created is None:
            return 0.0
        return max(0.0, datetime.now(UTC).timestamp() - created / 1000)

    def withdraw(self, workflow_id: str) -> bool:
        """Delete a workflow's row unless it has begun; whether it was deleted."""
        columns = WORKFLOWS.c
        statement = sql.delete(WORKFLOWS).where(
            columns.workflow_uuid == workflow_id, columns.status.in_(("ENQUEUED", "DELAYED"))
        )
        with self._theirs.begin() as connection:
            return connection.execute(statement).rowcount > 0

    def under_way(self, executor: str) -> tuple[str, ...]:
        """The ids of the workflows that this executor has begun and not ended."""
        columns = WORKFLOWS.c
        query = sql.select(columns.workflow_uuid).where(
            columns.executor_id == executor, columns.status == "PENDING"
        )
        if not sql.inspect(self._theirs).has_table(
            WORKFLOWS.name, schema=None if self._theirs.dialect.name == "sqlite" else SCHEMA
        ):
            return ()
        with self._theirs.connect() as connection:
            return tuple(connection.scalars(query.order_by(columns.workflow_uuid)))

    def record_crash(self, executor: str, incident: str) -> None:
        """Record who was under way when an executor died; nothing if it was stopped in order.

        `incident` identifies the crash: a peer that records it as well adds nothing.
        """
        workflows = self.under_way(executor)
        with self._engine.begin() as connection:
            query = sql.select(EXECUTORS.c.state).where(EXECUTORS.c.executor_id == executor)
            state = connection.scalar(query)
            connection.execute(sql.delete(EXECUTORS).where(EXECUTORS.c.executor_id == executor))
            if state == STOPPED:
                return
            dead = (state,) if state in workflows else workflows
            at = datetime.now(UTC).isoformat()
            for workflow in dead:
                row = {
                    "workflow_id": workflow,
                    "incident": incident,
                    "alone": len(dead) == 1,
                    "at": at,
                }
                connection.execute(insert(self._engine, DEATHS).values(row))

    def deaths(self, workflow_id: str) -> tuple[int, int]:
        """How often a process died while this workflow was under way; how often under it alone."""
        query = sql.select(DEATHS.c.alone).where(DEATHS.c.workflow_id == workflow_id)
        with self._engine.connect() as connection:
            alone = list(connection.scalars(query))
        return len(alone), sum(alone)

    def mark(self, executor: str, workflow_id: str = STOPPED) -> None:
        """Record that an executor runs this workflow alone; without one, that it stopped."""
        row = {"executor_id": executor, "state": workflow_id}
        with self._engine.begin() as connection:
            connection.execute(sql.delete(EXECUTORS).where(EXECUTORS.c.executor_id == executor))
            connection.execute(insert(self._engine, EXECUTORS).values(row))

    def unmark(self, executor: str) -> None:
        """Record that an executor runs no workflow alone."""
        with self._engine.begin() as connection:
            connection.execute(sql.delete(EXECUTORS).where(EXECUTORS.c.executor_id == executor))

    def dead_letter(self, workflow_ids: Iterable[str]) -> None:
        """Give up these workflows, as DBOS does with one that exceeds its recovery attempts."""
        ids = tuple(workflow_ids)
        statement = (
            sql.update(WORKFLOWS)
            .where(WORKFLOWS.c.workflow_uuid.in_(ids), WORKFLOWS.c.status == "PENDING")
            .values(
                status="MAX_RECOVERY_ATTEMPTS_EXCEEDED",
                completed_at=int(datetime.now(UTC).timestamp() * 1000),
            )
        )
        if ids:
            with self._theirs.begin() as connection:
                connection.execute(statement)

    def forget_deaths(self, before: datetime) -> None:
        """Delete the records of crashes before a moment."""
        with self._engine.begin() as connection:
            connection.execute(sql.delete(DEATHS).where(DEATHS.c.at < before.isoformat()))
