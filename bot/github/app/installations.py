"""The App's installations, their repositories, and deliveries that failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.github.api import read
from bot.github.auth import Gateway
from bot.github.connection import linked, listed
from bot.github.webhook import EVENTS, Delivery, understood

_MOST_PAGES: Final = 50


@dataclass(frozen=True, slots=True)
class Undelivered:
    """An event that no delivery attempt got through: the id of the newest attempt, and its GUID."""

    id: int
    guid: str
    event: str


def installations(gateway: Gateway) -> tuple[int, ...]:
    """The ids of installations that are not suspended."""
    with gateway.app() as app:
        every = tuple(listed(app.requester, "/app/installations"))
    return tuple(raw["id"] for raw in every if not raw.get("suspended_at"))


def repositories(gateway: Gateway, installation: int) -> tuple[int, ...]:
    """The ids of an installation's repositories, without archived and disabled ones."""
    with gateway.everywhere(installation) as requester:
        every = tuple(listed(requester, "/installation/repositories", "repositories"))
    return tuple(raw["id"] for raw in every if not raw["archived"] and not raw.get("disabled"))


def undelivered(gateway: Gateway, since: datetime) -> tuple[Undelivered, ...]:
    """The events since then that no delivery attempt got through, oldest first.

    All attempts are read: GitHub's filter for failures selects responses with a status of 400 and
    more, and leaves out the timeouts and refused connections of an outage.
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
    """The lost delivery with the payload that GitHub stored; no redelivery is needed."""
    with gateway.app() as app:
        sent = read(app.requester, f"/app/hook/deliveries/{lost.id}")["request"]
    headers: Mapping[str, str] = sent.get("headers") or {}
    target = headers.get("X-GitHub-Hook-Installation-Target-ID", "")
    return understood(lost.guid, lost.event, sent.get("payload") or {}, target)


def _attempts(gateway: Gateway, since: datetime) -> Iterator[Mapping[str, Any]]:
    """The delivery attempts, newest first."""
    with gateway.app() as app:
        for attempt in linked(app.requester, "/app/hook/deliveries", _MOST_PAGES):
            if datetime.fromisoformat(attempt["delivered_at"]) < since:
                return
            yield attempt
