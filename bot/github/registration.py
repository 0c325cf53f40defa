"""What the App asks of GitHub: its permissions and events, as it is registered with them."""

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
"""What the App is registered with; `members` is the organisation's."""

NEEDED: Final = ("checks", "contents", "metadata", "pull_requests")
"""Without these no pull request is reviewed; without the others something is missing."""

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
"""What GitHub has to send; `installation` and its kin come unasked."""

NEEDED_EVENTS: Final = ("check_run", "check_suite", "pull_request")

_RANKS: Final = {"read": 1, "write": 2, "admin": 3}


def lacking(granted: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The permissions that are not granted, each with the level that is wanted."""
    for name, level in PERMISSIONS.items():
        if _RANKS.get(str(granted.get(name)), 0) < _RANKS[level]:
            yield name, level


@dataclass(frozen=True, slots=True)
class Registered:
    """An App that GitHub made from a manifest."""

    app_id: str
    name: str
    address: str
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)


def converted(code: str, api_url: str) -> Registered:
    """The App that this code stands for; a code serves once. Raises GitHubError."""
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
        )
    except KeyError as error:
        raise GitHubError(f"GitHub's answer lacks {error}") from None
