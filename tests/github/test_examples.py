"""Real payloads, as people published them: each is read, and asks for what its event means."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.github.task_text import read, written
from bot.github.tasks import MaintenanceTask
from bot.github.webhook import parse

DATA = Path(__file__).parent.parent / "data" / "github" / "examples.json.gz"
ASKS: dict[tuple[str, str | None], str] = {
    ("pull_request", "opened"): "Announcement",
    ("pull_request", "reopened"): "Announcement",
    ("pull_request", "synchronize"): "Announcement",
    ("pull_request", "ready_for_review"): "Announcement",
    ("pull_request", "closed"): "close",
    ("check_run", "rerequested"): "Announcement",
    ("check_suite", "requested"): "Announcement",
    ("check_suite", "rerequested"): "Announcement",
    ("installation", "created"): "welcome",
    ("installation", "deleted"): "forget",
    ("installation", "unsuspend"): "sweep-installation",
    ("installation", "new_permissions_accepted"): "sweep-installation",
    ("installation_repositories", "added"): "welcome",
    ("installation_repositories", "removed"): "forget",
    ("merge_group", "checks_requested"): "GroupJob",
    ("pull_request_review", "dismissed"): "obey",
}
"""What an example may ask for; of any other event and action, none asks for anything.

The pushes among them are of tags, or make the default branch.
"""


@cache
def examples() -> list[tuple[str, dict[str, Any]]]:
    kept = json.loads(gzip.decompress(DATA.read_bytes()))
    return [(event, payload) for event, listed in sorted(kept.items()) for payload in listed]


def asked(event: str, payload: dict[str, Any]) -> list[str]:
    headers = {"X-GitHub-Delivery": "72d3162e-cc78", "X-GitHub-Event": event}
    tasks = parse(json.dumps(payload).encode(), headers).tasks
    assert [read(json.loads(json.dumps(written(task)))) for task in tasks] == list(tasks)
    return [
        task.action if isinstance(task, MaintenanceTask) else type(task).__name__ for task in tasks
    ]


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        pytest.param(event, payload, id=f"{event}-{payload.get('action')}-{number}")
        for number, (event, payload) in enumerate(examples())
    ],
)
def test_a_real_payload_asks_for_what_its_event_means(event: str, payload: dict[str, Any]) -> None:
    """Most were sent to plain webhooks: as to an App, they name an installation as well."""
    plain, given = asked(event, payload), asked(event, {"installation": {"id": 7}, **payload})
    expected = ASKS.get((event, payload.get("action")))
    assert set(plain) <= set(given) <= {expected, "rerun"}
    assert expected is not None or given == []


def test_every_kind_of_task_is_asked_for_by_a_real_payload() -> None:
    found = {
        task
        for event, payload in examples()
        for task in asked(event, {"installation": {"id": 7}, **payload})
    }
    assert found == {*ASKS.values(), "rerun"}
