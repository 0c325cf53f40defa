"""Deliveries: from a request's bytes and headers to tasks, without I/O."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.errors import DeliveryError
from bot.github.events import forged, tasks_for_event, text
from bot.github.tasks import Job, Task

__all__ = [
    "EVENTS",
    "HEADERS",
    "MAX_PAYLOAD",
    "NAME",
    "Delivery",
    "Job",
    "parse",
    "signed",
    "understood",
]

MAX_PAYLOAD: Final = 25 * 1024 * 1024
"""GitHub sends no webhook above this: https://docs.github.com/webhooks/webhook-events-and-payloads"""

NAME: Final = "fairlead"
"""The name of the check run."""

EVENTS: Final = frozenset(
    {
        "check_run", "check_suite", "github_app_authorization", "installation",
        "installation_repositories", "issue_comment", "merge_group", "ping", "pull_request",
        "pull_request_review", "pull_request_review_comment", "pull_request_review_thread",
        "push", "repository", "status",
    }
)  # fmt: skip
"""The events that an App like this one may get; any other is accepted and ignored."""

_TARGET: Final = "X-GitHub-Hook-Installation-Target-ID"
HEADERS: Final = ("X-GitHub-Delivery", "X-GitHub-Event", _TARGET)
"""The request headers that `parse` needs."""

_DELIVERY: Final = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook request: its GUID, event and action, and the tasks that follow.

    `forged`: another App created a check run with Fairlead's name.
    """

    id: str
    event: str
    action: str | None
    repository: str | None
    tasks: tuple[Task, ...]
    forged: bool = False


def signed(body: bytes, signature: str | None, secrets: Iterable[str]) -> bool:
    """Whether GitHub signed exactly these bytes with one of the secrets.

    Every secret is tried, whichever matches, so that the time taken reveals nothing.
    """
    claimed = (signature or "").encode("utf-8", "replace")
    matches = [
        hmac.compare_digest(
            b"sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode(),
            claimed,
        )
        for secret in secrets
        if secret
    ]
    return any(matches)


def parse(body: bytes, headers: Mapping[str, str]) -> Delivery:
    """The delivery in a request. Unknown events and fields are ignored. Raises DeliveryError."""
    delivery = headers.get("X-GitHub-Delivery", "")
    if not _DELIVERY.fullmatch(delivery):
        raise DeliveryError("the X-GitHub-Delivery header is missing or is not an id")
    event = headers.get("X-GitHub-Event", "")
    if not event:
        raise DeliveryError("the X-GitHub-Event header is missing")
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DeliveryError("the body is not JSON") from error
    if not isinstance(payload, dict):
        raise DeliveryError("the body is not a JSON object")
    return understood(delivery, event, payload, headers.get(_TARGET, ""))


def understood(delivery: str, event: str, payload: Mapping[str, Any], app_id: str) -> Delivery:
    """The delivery with this GUID; `app_id` is the App that its header names."""
    action = text(payload, "action")
    return Delivery(
        id=delivery,
        event=event,
        action=action,
        repository=text(payload, "repository", "full_name"),
        tasks=tasks_for_event(event, action, payload),
        forged=forged(event, payload, app_id, NAME),
    )
