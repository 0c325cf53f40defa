"""From a webhook event to tasks: one function for each event.

The functions tolerate unknown events, actions and fields, and any field may be absent.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from bot.core.publish.commands import parse_commands
from bot.github.external_id import ExternalId
from bot.github.tasks import (
    Announcement,
    GroupJob,
    Job,
    MaintenanceTask,
    Priority,
    PushJob,
    Reason,
    Task,
)

Payload: TypeAlias = Mapping[str, Any]

RECHECK: Final = "recheck"
"""The identifier of the button on a check run that asks for a new review."""

NO_COMMIT: Final = "0" * 40

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_QUEUE: Final = re.compile(r"(?:refs/heads/)?gh-readonly-queue/(.+)/pr-(\d{1,12})-[0-9a-f]{7,64}")
_LOGIN: Final = re.compile(r"[0-9A-Za-z_-]{1,64}(?:\[bot\])?")


def tasks_for_event(event: str, action: str | None, payload: Payload) -> tuple[Task, ...]:
    """The tasks that follow from an event; none from an event that Fairlead does not use."""
    read = _EVENTS.get(event)
    return tuple(dict.fromkeys(read(action, payload))) if read else ()


def forged(event: str, payload: Payload, app_id: str, name: str) -> bool:
    """Whether another App created a check run with Fairlead's name, to imitate a green check."""
    maker = number(payload, "check_run", "app", "id")
    return (
        event == "check_run"
        and text(payload, "check_run", "name") == name
        and maker is not None
        and app_id.isdigit()
        and str(maker) != app_id
    )


def _pull_request(action: str | None, payload: Payload) -> Iterator[Task]:
    where, pull = _where(payload), number(payload, "pull_request", "number")
    if where is None or pull is None:
        return
    priority = _priority(payload)
    job = Job(*where, pull, "changed", priority)
    pusher = text(payload, "sender", "login") or ""
    pusher_id = number(payload, "sender", "id") or 0
    after = commit(payload, "pull_request", "head", "sha") or ""
    if action == "opened":
        yield Announcement(job, None, pusher, after, pusher_id)
    elif action == "reopened":
        yield Announcement(job)
    elif action == "synchronize":
        yield Announcement(job, commit(payload, "before"), pusher, after, pusher_id)
    elif action == "ready_for_review" or (
        # With another base branch, the old verdict is about another comparison.
        action == "edited" and isinstance(at(payload, "changes", "base"), dict)
    ):
        yield Announcement(Job(*where, pull, "requested", priority))
    elif action == "closed":
        yield MaintenanceTask("close", *where, pull)


def _priority(payload: Payload) -> Priority:
    """The priority of a pull request: bots wait for people. The account's type decides."""
    kinds = (text(payload, "sender", "type"), text(payload, "pull_request", "user", "type"))
    return "bots" if "Bot" in kinds else "people"


def _merge_group(action: str | None, payload: Payload) -> Iterator[Task]:
    where, head = _where(payload), commit(payload, "merge_group", "head_sha")
    queued = _QUEUE.fullmatch(text(payload, "merge_group", "head_ref") or "")
    if where is None or head is None or queued is None:
        return
    if action == "destroyed":
        yield MaintenanceTask(
            "ungroup", *where, int(queued[2]), f"{head} {text(payload, 'reason')}"
        )
    base = commit(payload, "merge_group", "base_sha")
    if action == "checks_requested" and base:
        yield GroupJob(*where, int(queued[2]), base, head, queued[1])


def _check_run(action: str | None, payload: Payload) -> Iterator[Task]:
    where = _where(payload)
    if where is None:
        return
    if action == "rerequested":
        yield from _run_again(where, payload)
    elif action == "requested_action":
        identity = ExternalId.parse(text(payload, "check_run", "external_id") or "")
        identifier = text(payload, "requested_action", "identifier")
        login = text(payload, "sender", "login") or ""
        if identity is None or identity.subject != "pull":
            return
        if identifier == RECHECK and _LOGIN.fullmatch(login):
            yield MaintenanceTask("act", *where, identity.number, login)


def _run_again(where: tuple[int, int], payload: Payload) -> Iterator[Task]:
    """Repeats the review that the external id names: for a fork, GitHub lists no pull request."""
    head = commit(payload, "check_run", "head_sha")
    identity = ExternalId.parse(text(payload, "check_run", "external_id") or "")
    if identity is not None and identity.subject == "pull":
        yield Announcement(Job(*where, identity.number, "requested"))
        return
    branch = text(payload, "check_run", "check_suite", "head_branch") or ""
    queued = _QUEUE.fullmatch(branch)
    if head and (task := again(where, identity, head, queued[1] if queued else "")):
        yield task
        return
    yield from _listed(where, at(payload, "check_run", "pull_requests"), head, "requested")


def again(
    where: tuple[int, int], identity: ExternalId | None, head: str, branch: str = ""
) -> GroupJob | PushJob | None:
    """The review of a combination or of a push with this external id, None for other ids."""
    if identity is None or not _COMMIT.fullmatch(identity.compared):
        return None
    if identity.subject == "queue":
        return GroupJob(*where, identity.number, identity.compared, head, branch)
    if identity.subject == "push":
        return PushJob(*where, identity.compared, head)
    return None


def _check_suite(action: str | None, payload: Payload) -> Iterator[Task]:
    where = _where(payload)
    reason: Reason | None = {"requested": "missing", "rerequested": "requested"}.get(  # type: ignore[assignment]  # each is a Reason
        action or ""
    )
    if where is None or reason is None:
        return
    # A pushed branch requests a suite as well; without a pull request it is irrelevant.
    head = commit(payload, "check_suite", "head_sha") if reason == "requested" else None
    yield from _listed(where, at(payload, "check_suite", "pull_requests"), head, reason)


def _listed(
    where: tuple[int, int], pulls: object, head: str | None, reason: Reason
) -> Iterator[Task]:
    """A job for each listed pull request; without any, a task that looks for those of the head."""
    named = pulls if isinstance(pulls, list) else []
    numbers = sorted(
        {pull_number for pull in named if (pull_number := number(pull, "number")) is not None}
    )
    for pull_number in numbers:
        yield Announcement(Job(*where, pull_number, reason))
    if not numbers and head:
        yield MaintenanceTask("rerun", *where, detail=head)


def _comment(place: str, number_at: tuple[str, ...]) -> Callable[..., Iterator[Task]]:
    """The reader of new comments of one kind: those in which a person writes a command."""

    def read(action: str | None, payload: Payload) -> Iterator[Task]:
        where, body = _where(payload), text(payload, "comment", "body") or ""
        pull, comment = number(payload, *number_at), number(payload, "comment", "id")
        plain = place == "issue" and not isinstance(at(payload, "issue", "pull_request"), dict)
        if where is None or pull is None or comment is None or plain or action != "created":
            return
        # A comment by an App is never a command.
        if text(payload, "comment", "user", "type") == "User" and parse_commands(body):
            yield MaintenanceTask("obey", *where, pull, f"{place}:{comment}:{body_mark(body)}")

    return read


def body_mark(body: str) -> str:
    """A digest of a comment's text, which shows whether the comment was edited later."""
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _pull_request_review(action: str | None, payload: Payload) -> Iterator[Task]:
    """A review by a person that may count as an approval, or no longer does."""
    where, pull = _where(payload), number(payload, "pull_request", "number")
    person = text(payload, "review", "user", "type") == "User"
    decisive = text(payload, "review", "state") in {"approved", "changes_requested", "dismissed"}
    if where and pull and person and decisive and action in {"submitted", "dismissed"}:
        yield MaintenanceTask("obey", *where, pull, "approving-review")


def _push(action: str | None, payload: Payload) -> Iterator[Task]:
    del action
    where, branch = _where(payload), text(payload, "repository", "default_branch")
    before, after = commit(payload, "before"), commit(payload, "after")
    if where is None or not branch or text(payload, "ref") != f"refs/heads/{branch}":
        return
    if before and after and NO_COMMIT not in {before, after}:
        yield PushJob(*where, before, after)


def _installation(action: str | None, payload: Payload) -> Iterator[Task]:
    installation = number(payload, "installation", "id")
    if installation is None:
        return
    if action in {"unsuspend", "new_permissions_accepted"}:
        yield MaintenanceTask("sweep-installation", installation)
    since = _moment(at(payload, "installation", "created_at"))
    for repository in _ids(at(payload, "repositories")):
        if action == "created":
            yield MaintenanceTask("welcome", installation, repository, detail=since)
        elif action == "deleted":
            yield MaintenanceTask("forget", installation, repository)


def _installation_repositories(action: str | None, payload: Payload) -> Iterator[Task]:
    installation = number(payload, "installation", "id")
    if installation is None:
        return
    if action == "added":
        # The event does not say since when; the installation may be older than any pull request.
        for repository in _ids(at(payload, "repositories_added")):
            yield MaintenanceTask("welcome", installation, repository)
    elif action == "removed":
        for repository in _ids(at(payload, "repositories_removed")):
            yield MaintenanceTask("forget", installation, repository)


def _repository(action: str | None, payload: Payload) -> Iterator[Task]:
    """A renamed or transferred repository needs no task: data is stored by its id."""
    where = _where(payload)
    if where is None:
        return
    if action in {"deleted", "archived"}:
        yield MaintenanceTask("forget", *where)
    elif action == "unarchived":
        yield MaintenanceTask("sweep", *where)


_EVENTS: Final[Mapping[str, Callable[[str | None, Payload], Iterator[Task]]]] = MappingProxyType(
    {
        "pull_request": _pull_request,
        "merge_group": _merge_group,
        "check_run": _check_run,
        "check_suite": _check_suite,
        "issue_comment": _comment("issue", ("issue", "number")),
        "pull_request_review_comment": _comment("line", ("pull_request", "number")),
        "pull_request_review": _pull_request_review,
        "push": _push,
        "installation": _installation,
        "installation_repositories": _installation_repositories,
        "repository": _repository,
    }
)


def _where(payload: Payload) -> tuple[int, int] | None:
    """The ids of installation and repository, None for an event that lacks one of them."""
    installation = number(payload, "installation", "id")
    repository = number(payload, "repository", "id")
    return (installation, repository) if installation and repository else None


def _moment(value: object) -> str:
    """A timestamp as seconds since 1970, as text; empty for anything that is not a timestamp."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        return ""
    return str(int(moment.timestamp())) if moment.tzinfo else ""


def _ids(listed: object) -> Iterator[int]:
    for raw in listed if isinstance(listed, list) else ():
        if (identifier := number(raw, "id")) is not None:
            yield identifier


def at(value: object, *steps: str) -> object:
    """The value at a path of nested objects, None where any step is absent."""
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def number(value: object, *steps: str) -> int | None:
    """The positive integer at a path, None for anything else."""
    value_there = at(value, *steps)
    return (
        value_there
        if isinstance(value_there, int) and not isinstance(value_there, bool) and value_there > 0
        else None
    )


def text(value: object, *steps: str) -> str | None:
    """The string at a path, None for anything else."""
    value_there = at(value, *steps)
    return value_there if isinstance(value_there, str) else None


def commit(value: object, *steps: str) -> str | None:
    """The full commit id at a path, None for anything else."""
    value_there = text(value, *steps)
    return value_there if value_there and _COMMIT.fullmatch(value_there) else None
