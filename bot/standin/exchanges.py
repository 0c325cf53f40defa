"""The log of every request and its answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Request, Response

from bot.standin.repositories import Body


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; bodies are decoded JSON, or None where there is none.

    `injected` marks an answer that came from an injected fault instead of an endpoint.
    """

    method: str
    path: str
    query: dict[str, str]
    request: Any
    status: int
    response: Any
    injected: bool
    user_agent: str


class Exchanges:
    """The log, oldest first; a copy of it is a plain list."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._log: list[Exchange] = []

    def record(self, request: Request, response: Response, *, injected: bool) -> None:
        """One more exchange."""
        exchange = Exchange(
            method=request.method,
            path=request.path,
            query=request.args.to_dict(),
            request=_decoded(request.mimetype, request.get_data()),
            status=response.status_code,
            response=_decoded(response.mimetype, response.get_data()),
            injected=injected,
            user_agent=request.headers.get("User-Agent", ""),
        )
        with self._lock:
            self._log.append(exchange)
            self._lock.notify_all()

    def wait_until(self, holds: Callable[[], bool], timeout: float) -> bool:
        """Whether the condition came to hold in time; asked again after every exchange."""
        with self._lock:
            return self._lock.wait_for(holds, timeout)

    def all(self) -> list[Exchange]:
        """Every exchange until now."""
        with self._lock:
            return list(self._log)

    def clear(self) -> None:
        """The log is empty."""
        with self._lock:
            self._log.clear()


def _decoded(mimetype: str | None, data: bytes) -> Body | list[Any] | None:
    # PyGithub and curl send JSON under several types; what is no JSON is no body of the API.
    if not data or "git" in (mimetype or ""):
        return None
    try:
        decoded: Body | list[Any] | None = json.loads(data)
    except ValueError:
        return None
    return decoded
