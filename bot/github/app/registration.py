"""The App's registration: the permissions and events that it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from bot.errors import GitHubError
from bot.github.api import send
from bot.github.clients import client

PERMISSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "checks": "write",
        "contents": "read",
        "issues": "read",
        "members": "read",
        "merge_queues": "read",
        "metadata": "read",
        "pull_requests": "write",
    }
)
"""The permissions of the registered App; `members` is an organisation permission."""

NEEDED: Final = ("checks", "contents", "metadata", "pull_requests")
"""The permissions without which no pull request can be reviewed."""

EVENTS: Final = (
    "check_run",
    "check_suite",
    "issue_comment",
    "merge_group",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "repository",
)
"""The subscribed events; GitHub sends `installation` and related events to every App."""

NEEDED_EVENTS: Final = ("check_run", "check_suite", "pull_request")

_RANKS: Final = {"read": 1, "write": 2, "admin": 3}


def lacking(granted: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The permissions that are not granted, each with the required level."""
    for name, level in PERMISSIONS.items():
        if _RANKS.get(str(granted.get(name)), 0) < _RANKS[level]:
            yield name, level


@dataclass(frozen=True, slots=True)
class Registered:
    """An App that GitHub created from a manifest."""

    app_id: str
    name: str
    address: str
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    url: str = ""


def converted(code: str, api_url: str) -> Registered:
    """The App of this manifest code, which is valid once. Raises GitHubError."""
    github = client(api_url)
    try:
        path = f"/app-manifests/{quote(code, safe='')}/conversions"
        answer = send(github.requester, "POST", path, {})
    finally:
        github.close()
    try:
        return Registered(
            str(answer["id"]),
            answer["name"],
            answer["html_url"],
            answer["pem"],
            answer["webhook_secret"],
            answer["client_id"],
            answer["client_secret"],
            answer["external_url"],
        )
    except KeyError as error:
        raise GitHubError(f"GitHub's answer lacks {error}") from None
