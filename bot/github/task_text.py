"""Tasks as text, as the queue stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from bot.github.tasks import Announcement, Batch, GroupJob, Job, MaintenanceTask, PushJob, Task

_KINDS: Final = {
    **{kind.__name__: kind for kind in (Job, GroupJob, PushJob, MaintenanceTask)},
    "Errand": MaintenanceTask,  # as version 0.1.0 stored it, with the field `chore`
}


def written(task: Task) -> dict[str, Any]:
    """A task as the queue stores it."""
    if isinstance(task, Batch):
        rows = [written(item) for item in task.tasks]
        return {"kind": "Batch", "installation": task.installation, "tasks": rows}
    return {"kind": type(task).__name__, **asdict(task)}


def read(row: Mapping[str, Any]) -> Task:
    """The task that `written` wrote, by this release or an earlier one.

    The first releases stored jobs without a kind, and called a maintenance task's action a chore.
    """
    fields = {name: value for name, value in row.items() if name != "kind"}
    kind = row.get("kind", "Job")
    if "chore" in fields:
        fields["action"] = fields.pop("chore")
    if kind == "Announcement":
        return Announcement(**{**fields, "job": Job(**fields["job"])})
    if kind == "Batch":
        return Batch(fields["installation"], tuple(map(read, fields["tasks"])))
    task: Task = _KINDS[kind](**fields)
    return task
