"""Webhook deliveries: signed, sent once by a thread of their own, and recorded."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import queue
import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from bot.standin.accounts import App
from bot.standin.repositories import Body
from bot.standin.state import GitHubState

# https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One attempt to deliver an event; attempts of the same event share their GUID."""

    id: int
    guid: str
    app: App
    event: str
    action: str | None
    installation_id: int | None
    repository_id: int | None
    url: str
    headers: dict[str, str]
    payload: bytes
    redelivery: bool
    delivered_at: datetime
    status: str = "pending"
    status_code: int = 0
    duration: float = 0.0
    response_headers: dict[str, str] = field(default_factory=dict)
    response: str = ""

    @property
    def body(self) -> Body:
        """The payload, decoded."""
        decoded: Body = json.loads(self.payload)
        return decoded


def sign(secret: str, payload: bytes) -> str:
    """What `X-Hub-Signature-256` carries."""
    return "sha256=" + hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


class WebhookSender:
    """Sends in the order in which things happened; never tries again by itself, as GitHub."""

    def __init__(self, state: GitHubState) -> None:
        self._state = state
        self._queue: queue.Queue[DeliveryAttempt | None] = queue.Queue()
        self._log: list[DeliveryAttempt] = []
        self._changed = threading.Condition()
        self._unsent = 0
        self._stopped = threading.Event()
        self._drop: list[str | None] = []
        self._duplicate: list[str | None] = []
        self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)

    def start(self) -> None:
        """Starts the sending thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the sending thread; deliveries that are still queued are never sent."""
        self._stopped.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(TIMEOUT_SECONDS + 5)

    def drop(self, times: int = 1, event: str | None = None) -> None:
        """The next deliveries (of this event) are lost: recorded as timed out, never sent."""
        self._drop += [event] * times

    def duplicate(self, times: int = 1, event: str | None = None) -> None:
        """The next deliveries (of this event) arrive twice with the same GUID."""
        self._duplicate += [event] * times

    def send(
        self,
        app: App,
        event: str,
        payload: Body,
        installation_id: int | None,
        repository_id: int | None,
    ) -> None:
        """Queues an event for the App, if it has a webhook address."""
        if not app.webhook_url:
            return
        guid, data = str(uuid.uuid4()), json.dumps(payload).encode()
        delivery = DeliveryAttempt(
            id=self._state.new_id(),
            guid=guid,
            app=app,
            event=event,
            action=payload.get("action"),
            installation_id=installation_id,
            repository_id=repository_id,
            url=app.webhook_url,
            headers=_headers(app, event, guid, data),
            payload=data,
            redelivery=False,
            delivered_at=self._state.clock(),
        )
        if _taken(self._drop, event):
            self._record(replace(delivery, status="timed out"))
            return
        self._put(delivery)
        if _taken(self._duplicate, event):
            self._put(replace(delivery, id=self._state.new_id(), redelivery=True))

    def redeliver(self, delivery: DeliveryAttempt) -> None:
        """Another attempt with the same GUID and the same bytes."""
        again = replace(
            delivery,
            id=self._state.new_id(),
            redelivery=True,
            delivered_at=self._state.clock(),
            headers=_headers(delivery.app, delivery.event, delivery.guid, delivery.payload),
            url=delivery.app.webhook_url or delivery.url,
        )
        self._put(again)

    def all(self) -> list[DeliveryAttempt]:
        """Every finished attempt, oldest first."""
        with self._changed:
            return list(self._log)

    def find(self, app: App, number: int) -> DeliveryAttempt | None:
        """The App's attempt with this id."""
        return next(
            (attempt for attempt in self.all() if attempt.id == number and attempt.app is app), None
        )

    def settle(self, timeout: float = 30.0) -> bool:
        """Whether everything until now was sent, waiting for it at most this long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._unsent == 0, timeout)

    def _put(self, delivery: DeliveryAttempt) -> None:
        with self._changed:
            self._unsent += 1
        self._queue.put(delivery)

    def _record(self, delivery: DeliveryAttempt) -> None:
        with self._changed:
            self._log.append(delivery)
            self._changed.notify_all()

    def _work(self) -> None:
        while (delivery := self._queue.get()) is not None and not self._stopped.is_set():
            done = _sent(delivery)
            with self._changed:
                self._unsent -= 1
            self._record(done)


def _taken(waiting: list[str | None], event: str) -> bool:
    for name in (event, None):
        if name in waiting:
            waiting.remove(name)
            return True
    return False


def _headers(app: App, event: str, guid: str, payload: bytes) -> dict[str, str]:
    sha1 = hmac.new(app.webhook_secret.encode(), payload, hashlib.sha1).hexdigest()
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/stand-in",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": str(app.hook_id),
        "X-GitHub-Hook-Installation-Target-ID": str(app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature": f"sha1={sha1}",
        "X-Hub-Signature-256": sign(app.webhook_secret, payload),
    }


def _sent(delivery: DeliveryAttempt) -> DeliveryAttempt:
    begun = time.monotonic()
    code, headers, text = 0, dict[str, str](), b""
    try:
        code, headers, text = _posted(delivery)
        status = "OK" if code < 400 else f"Invalid HTTP Response: {code}"
    except TimeoutError:
        status = "timed out"
    except (OSError, http.client.HTTPException):
        status = "failed to connect to host"
    return replace(
        delivery,
        status=status,
        status_code=code,
        duration=round(time.monotonic() - begun, 2),
        response_headers=headers,
        response=text.decode(errors="replace"),
    )


def _posted(delivery: DeliveryAttempt) -> tuple[int, dict[str, str], bytes]:
    target = urlsplit(delivery.url)
    connection = http.client.HTTPConnection(target.netloc, timeout=TIMEOUT_SECONDS)
    with contextlib.closing(connection):
        path = target.path or "/"
        connection.request("POST", path, body=delivery.payload, headers=delivery.headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read(65_536)
