"""Where the App is installed, and what GitHub could not deliver to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.github.api import read
from bot.github.auth import Gateway, listed
from bot.github.errors import translated
from bot.github.webhook import EVENTS, Delivery, understood

_NEXT: Final = re.compile(r'[?&]cursor=([^&>]+)[^>]*>; rel="next"')
_MOST_PAGES: Final = 50


@dataclass(frozen=True, slots=True)
class Undelivered:
    """An event that reached us in no attempt: the id of its newest attempt, and GitHub's GUID."""

    id: int
    guid: str
    event: str


def installations(gateway: Gateway) -> tuple[int, ...]:
    """Where the App is installed and not suspended."""
    with gateway.app() as app:
        every = tuple(listed(app.requester, "/app/installations"))
    return tuple(raw["id"] for raw in every if not raw.get("suspended_at"))


def repositories(gateway: Gateway, installation: int) -> tuple[int, ...]:
    """The repositories that an installation reaches, without those that take no changes."""
    with gateway.everywhere(installation) as requester:
        every = tuple(listed(requester, "/installation/repositories", "repositories"))
    return tuple(raw["id"] for raw in every if not raw["archived"] and not raw.get("disabled"))


def undelivered(gateway: Gateway, since: datetime) -> tuple[Undelivered, ...]:
    """The events since then of which no attempt got through, oldest first.

    All attempts are looked at: GitHub's filter for failures knows answers of 400 and more alone,
    and leaves out timeouts and refused connections, which is what an outage is made of.
    """
    newest: dict[str, Undelivered] = {}
    arrived: set[str] = set()
    for attempt in _attempts(gateway, since):
        if attempt["status"] == "OK":
            arrived.add(attempt["guid"])
        elif attempt["event"] in EVENTS:
            newest.setdefault(
                attempt["guid"], Undelivered(attempt["id"], attempt["guid"], attempt["event"])
            )
    lost = (event for guid, event in newest.items() if guid not in arrived)
    return tuple(sorted(lost, key=lambda event: event.id))


def delivery(gateway: Gateway, lost: Undelivered) -> Delivery:
    """What should have been delivered, as GitHub keeps it: no redelivery is needed."""
    with gateway.app() as app:
        sent = read(app.requester, f"/app/hook/deliveries/{lost.id}")["request"]
    headers: Mapping[str, str] = sent.get("headers") or {}
    target = headers.get("X-GitHub-Hook-Installation-Target-ID", "")
    return understood(lost.guid, lost.event, sent.get("payload") or {}, target)


def _attempts(gateway: Gateway, since: datetime) -> Iterator[Mapping[str, Any]]:
    """The attempts to deliver, newest first."""
    cursor: str | None = None
    with gateway.app() as app:
        for _ in range(_MOST_PAGES):
            parameters = {"per_page": "100"} | ({"cursor": cursor} if cursor else {})
            with translated():
                headers, items = app.requester.requestJsonAndCheck(
                    "GET", "/app/hook/deliveries", parameters=parameters
                )
            for attempt in items:
                if datetime.fromisoformat(attempt["delivered_at"]) < since:
                    return
                yield attempt
            following = _NEXT.search(headers.get("link", ""))
            if following is None:
                return
            cursor = following[1]
