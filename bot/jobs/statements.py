"""The SQL of the queue's database."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sql

SCHEMA: Final = "dbos"
"""The schema of DBOS's tables in PostgreSQL."""

FILLER: Final = b"x" * 16 * 1024
"""What a probe writes: more than the rows of a task."""

_THEIRS: Final = sql.MetaData()
WORKFLOWS: Final = sql.Table(
    "workflow_status",
    _THEIRS,
    sql.Column("workflow_uuid", sql.Text, primary_key=True),
    sql.Column("status", sql.Text),
    sql.Column("queue_name", sql.Text),
    sql.Column("queue_partition_key", sql.Text),
    sql.Column("executor_id", sql.Text),
    sql.Column("created_at", sql.BigInteger),
    sql.Column("completed_at", sql.BigInteger),
)

OURS: Final = sql.MetaData()
PROBE: Final = sql.Table(
    "fairlead_probe",
    OURS,
    sql.Column("id", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("filler", sql.LargeBinary, nullable=False),
)
DEATHS: Final = sql.Table(
    "fairlead_deaths",
    OURS,
    sql.Column("workflow_id", sql.Text, primary_key=True),
    sql.Column("incident", sql.Text, primary_key=True),
    sql.Column("alone", sql.Boolean, nullable=False),
    sql.Column("at", sql.Text, nullable=False),
)
EXECUTORS: Final = sql.Table(
    "fairlead_executors",
    OURS,
    sql.Column("executor_id", sql.Text, primary_key=True),
    sql.Column("state", sql.Text, nullable=False),
)
STOPPED: Final = ""
"""The state of an executor that ended in order; any other is the id of a workflow run alone."""
