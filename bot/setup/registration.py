"""The one registration of an App: its secret link, its pending states, its stored credentials."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import structlog

from bot.github.app.registration import Registered
from bot.setup.credentials import Credentials

log = structlog.get_logger()

_LIFETIME: Final = 3600.0
"""Seconds for which a registration is valid; GitHub's codes are valid as long."""

_MOST_PENDING: Final = 100


@dataclass(frozen=True, slots=True)
class _Pending:
    """A registration under way: when it expires, and whether its result is to be stored."""

    until: float
    keep: bool


@dataclass(slots=True)
class SetUp:
    """The state of one set-up.

    `store` stores the credentials and may raise OSError; `on_stored` is called afterwards.
    """

    api_url: str
    store: Callable[[Credentials], object]
    on_stored: Callable[[], None]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    clock: Callable[[], float] = time.monotonic
    done: bool = False
    _pending: dict[str, _Pending] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def local(self) -> bool:
        """Whether GitHub is on this machine; settings allow http for no other host."""
        return self.api_url.startswith("http:")

    def accepts(self, token: str) -> bool:
        """Whether this is the token, and no App was created yet."""
        entered = token.encode("utf-8", "replace")
        return hmac.compare_digest(entered, self.token.encode()) and not self.done

    def begin(self, *, keep: bool) -> str:
        """An unguessable `state` parameter for a new registration."""
        with self._lock:
            moment = self.clock()
            pending = {
                state: entry for state, entry in self._pending.items() if entry.until > moment
            }
            while len(pending) >= _MOST_PENDING:
                pending.pop(next(iter(pending)))
            state = secrets.token_urlsafe(24)
            self._pending = {**pending, state: _Pending(moment + _LIFETIME, keep)}
        return state

    def take_pending(self, state: str, cookie: str) -> _Pending | None:
        """The registration that this browser began under this `state`; it can be taken once."""
        same = hmac.compare_digest(
            state.encode("utf-8", "replace"), cookie.encode("utf-8", "replace")
        )
        with self._lock:
            pending = self._pending.pop(state, None) if same and not self.done else None
        return pending if pending is not None and pending.until > self.clock() else None

    def finish(self, app: Registered, *, keep: bool) -> Literal["kept", "shown"]:
        """End the set-up: store the credentials, or have them shown instead."""
        with self._lock:
            self.done = True
        if not keep:
            return "shown"
        try:
            self.store(
                Credentials(
                    app.app_id,
                    app.private_key,
                    app.webhook_secret,
                    app.client_id,
                    app.client_secret,
                    app.url.rstrip("/"),
                )
            )
        except OSError as error:
            log.warning("the credentials could not be stored", reason=error.strerror)
            return "shown"
        return "kept"
