"""The queue's rows: how they are named, and what they say about a delivery.

A task's key is `DELIVERY/LABEL`. The workflow's id adds `~rN` for the N-th redelivery, `~N` for the
N-th attempt, `!LABEL` for a task that follows from another, and `!end` for the workflow that
concludes the check run of a failed task.
"""

from __future__ import annotations

import re
from typing import Final

import sqlalchemy as sql
from dbos import DBOS

DATABASE_ERRORS: Final = (sql.exc.SQLAlchemyError, OSError)
"""What DBOS raises if its database is full, locked or away."""

FAILED: Final = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED")
"""The statuses of DBOS that mean: failed for good."""

FAILURE: Final = "!end"
"""Suffix of the workflow that concludes the check run of a failed task."""


def reference(key: str) -> str:
    """The id of the delivery that a key begins with: people quote it to find a job in the log."""
    return key.partition("/")[0]


def next_submission(key: str) -> str | None:
    """The workflow id under which a delivered task is to be enqueued; None if it needs nothing.

    GitHub redelivers under the same id: a task that failed for good runs again, one that waits,
    runs or succeeded does not. Tasks that followed from a task count as that task.
    """
    # A lookup by the whole id is fast; a lookup by prefix scans the table.
    if DBOS.get_workflow_status(key) is None:
        return key
    redelivery, failed = last_redelivery(key)
    if redelivery is None:
        return key
    return f"{key}~r{redelivery + 1}" if failed else None


def last_redelivery(prefix: str) -> tuple[int | None, bool]:
    """The highest redelivery number recorded under a prefix, None for none; whether it failed."""
    rows = {
        row.workflow_id: row.status
        for row in DBOS.list_workflows(
            workflow_id_prefix=prefix, load_input=False, load_output=False
        )
        if _belongs(row.workflow_id, prefix)
    }
    last = max(map(_redelivery, rows), default=None)
    failed = any(status in FAILED for name, status in rows.items() if _redelivery(name) == last)
    return last, failed


def _belongs(workflow_id: str, prefix: str) -> bool:
    if FAILURE in workflow_id:
        return False
    return prefix.endswith("/") or workflow_id.removeprefix(prefix)[:1] in {"", "~", "!"}


def _redelivery(workflow_id: str) -> int:
    """0 for the first delivery, n for its n-th redelivery, which includes its attempts (`~2`)."""
    match = re.search(r"~r(\d+)", workflow_id)
    return int(match[1]) if match else 0


def summary(error: Exception) -> str:
    """The first line of what a database driver reports, without statement and values."""
    reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    return f"the queue's database cannot be used: {reason or type(error).__name__}"
