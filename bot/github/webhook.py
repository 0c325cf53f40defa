"""Deliveries: bytes and headers in, what they ask for out. No input or output of its own."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from bot.errors import DeliveryError

MAX_PAYLOAD: Final = 25 * 1024 * 1024
"""GitHub sends no webhook above this: https://docs.github.com/webhooks/webhook-events-and-payloads"""

EXTERNAL_ID: Final = re.compile(r"v1:(\d{1,12}):")
"""The beginning of a check run's `external_id`: the number of its pull request."""

EVENTS: Final = frozenset(
    {
        "check_run", "check_suite", "github_app_authorization", "installation",
        "installation_repositories", "issue_comment", "merge_group", "ping", "pull_request",
        "pull_request_review", "pull_request_review_comment", "pull_request_review_thread",
        "push", "repository", "status",
    }
)  # fmt: skip
"""The events that an App like this one may get; any other is accepted and ignored."""

HEADERS: Final = ("X-GitHub-Delivery", "X-GitHub-Event")
"""What `parse` needs of a request's headers, by GitHub's spelling."""

_DELIVERY: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_CHANGES: Final = frozenset({"opened", "reopened", "synchronize"})

Reason = Literal["changed", "requested"]


@dataclass(frozen=True, slots=True)
class Job:
    """One pull request to be reviewed as it is when the job runs.

    Identity is by ids: an owner or a repository can be renamed while the job waits.
    `reason` is "requested" where a head that is reviewed already is to be reviewed again.
    """

    installation: int
    repository: int
    number: int
    reason: Reason = "changed"

    @property
    def key(self) -> str:
        """What only one worker at a time may work on."""
        return f"{self.installation}/{self.repository}/{self.number}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as it came in: GitHub's id of it, what happened, and the jobs that follow."""

    id: str
    event: str
    action: str | None
    repository: str | None
    jobs: tuple[Job, ...]


def signed(body: bytes, signature: str | None, secrets: Iterable[str]) -> bool:
    """Whether GitHub signed exactly these bytes with one of the secrets.

    Every secret is tried, whichever fits, so that the time taken says nothing.
    """
    given = (signature or "").encode("utf-8", "replace")
    matches = [
        hmac.compare_digest(
            b"sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode(),
            given,
        )
        for secret in secrets
        if secret
    ]
    return any(matches)


def parse(body: bytes, headers: Mapping[str, str]) -> Delivery:
    """The delivery that the bytes are. Tolerant: unknown events and fields are no error."""
    delivery = headers.get("X-GitHub-Delivery", "")
    if not _DELIVERY.fullmatch(delivery):
        raise DeliveryError("the X-GitHub-Delivery header is missing or is no id")
    event = headers.get("X-GitHub-Event", "")
    if not event:
        raise DeliveryError("the X-GitHub-Event header is missing")
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DeliveryError("the body is not JSON") from error
    if not isinstance(payload, dict):
        raise DeliveryError("the body is not a JSON object")
    action = _text(payload, "action")
    return Delivery(
        id=delivery,
        event=event,
        action=action,
        repository=_text(payload, "repository", "full_name"),
        jobs=_jobs(event, action, payload),
    )


def _jobs(event: str, action: str | None, payload: Mapping[str, Any]) -> tuple[Job, ...]:
    installation = _number(payload, "installation", "id")
    repository = _number(payload, "repository", "id")
    if installation is None or repository is None:
        return ()
    numbers, reason = _asked(event, action, payload)
    return tuple(Job(installation, repository, number, reason) for number in numbers)


def _asked(
    event: str, action: str | None, payload: Mapping[str, Any]
) -> tuple[Sequence[int], Reason]:
    """The pull requests that a delivery is about, and why."""
    if event == "pull_request":
        return _of_pull_request(action, payload)
    if event == "check_run" and action == "rerequested":
        return _of_check_run(payload), "requested"
    if event == "check_suite" and action == "rerequested":
        return _listed(_at(payload, "check_suite", "pull_requests")), "requested"
    return (), "changed"


def _of_pull_request(
    action: str | None, payload: Mapping[str, Any]
) -> tuple[Sequence[int], Reason]:
    number = _number(payload, "pull_request", "number")
    if number is None:
        return (), "changed"
    if action in _CHANGES:
        return (number,), "changed"
    # A draft was reviewed without comments. A new base means another comparison and other rules:
    # the old verdict must not stand.
    retargeted = action == "edited" and isinstance(_at(payload, "changes", "base"), dict)
    return (number,) if action == "ready_for_review" or retargeted else (), "requested"


def _of_check_run(payload: Mapping[str, Any]) -> Sequence[int]:
    """The number in our own external id: for a fork, GitHub lists no pull request here."""
    external = EXTERNAL_ID.match(_text(payload, "check_run", "external_id") or "")
    if external:
        return (int(external[1]),)
    return _listed(_at(payload, "check_run", "pull_requests"))


def _listed(pulls: object) -> Sequence[int]:
    if not isinstance(pulls, list):
        return ()
    numbers = {number for pull in pulls if (number := _number(pull, "number")) is not None}
    return sorted(numbers)


def _at(value: object, *steps: str) -> object:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _number(value: object, *steps: str) -> int | None:
    found = _at(value, *steps)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def _text(value: object, *steps: str) -> str | None:
    found = _at(value, *steps)
    return found if isinstance(found, str) else None
