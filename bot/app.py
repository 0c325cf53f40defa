"""The Flask applications of the public port (webhooks) and of the admin port (health, metrics)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from flask import Blueprint, Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from bot.errors import DeliveryError, QueueError
from bot.github.tasks import Announcement, Batch, MaintenanceTask, PushJob, Task, together
from bot.github.webhook import EVENTS, HEADERS, MAX_PAYLOAD, Delivery, parse, signed
from bot.metrics import Metrics

log = structlog.get_logger()

_JSON: Final = "application/json"

WEBHOOKS: Final = ("/webhook", "/api/github/webhooks")
"""The paths that accept deliveries."""


class DeliveryIntake(Protocol):
    """Accepts tasks durably: a recorded task is performed even if this process is killed."""

    def submit(self, delivery: str, task: Task) -> bool:
        """Record and enqueue a task in one step; False if the delivery needs nothing more.

        Raises QueueError if it could not be recorded.
        """


@dataclass(frozen=True, slots=True)
class _WebhookEndpoint:
    secrets: Sequence[str]
    intake: DeliveryIntake
    metrics: Metrics

    def receive(self) -> tuple[Response, int]:
        """Answer one delivery: 401 before anything else is parsed, 202 once the task is on disk."""
        event = request.headers.get("X-GitHub-Event", "")
        body = request.get_data(cache=False)
        if not signed(body, request.headers.get("X-Hub-Signature-256"), self.secrets):
            return self._answer(event, "unsigned", 401, "the signature is missing or wrong")
        if request.mimetype != _JSON:
            return self._answer(event, "refused", 415, f"set the webhook's content type to {_JSON}")
        try:
            delivery = parse(body, {name: request.headers.get(name, "") for name in HEADERS})
        except DeliveryError as error:
            return self._answer(event, "refused", 400, str(error))
        return self._take(delivery)

    def _take(self, delivery: Delivery) -> tuple[Response, int]:
        logger = log.bind(
            delivery=delivery.id,
            event_name=delivery.event if delivery.event in EVENTS else "other",
            action=delivery.action if delivery.tasks else None,
            repository=delivery.repository,
        )
        if delivery.event == "ping":
            return self._answer("ping", "accepted", 200, "pong")
        if delivery.forged:
            logger.warning("another App made a check run of this name")
            return self._answer(delivery.event, "forged", 202, "not ours")
        if not delivery.tasks:
            logger.info("delivery ignored")
            return self._answer(delivery.event, "ignored", 202, "nothing to do")
        # One record for all tasks of a delivery: GitHub waits for ten seconds.
        task = together(delivery.tasks)
        try:
            fresh = self.intake.submit(delivery.id, task)
        except QueueError as error:
            logger.error("delivery not recorded", reason=str(error))  # noqa: TRY400 - no traceback
            return self._answer(delivery.event, "unrecorded", 503, "not recorded: redeliver later")
        logger.info("job enqueued" if fresh else "job known", **_log_fields(task))
        if fresh:
            return self._answer(delivery.event, "accepted", 202, "enqueued")
        return self._answer(delivery.event, "repeated", 202, "this delivery is known")

    def _answer(self, event: str, result: str, status: int, message: str) -> tuple[Response, int]:
        # The header comes from an untrusted client: only known events become a label.
        label = event if event in EVENTS else "other"
        self.metrics.deliveries.labels(label, result).inc()
        if status >= 400:
            log.warning("delivery refused", status=status, reason=message)
        return jsonify(message=message), status

    def too_large(self, event: str) -> tuple[Response, int]:
        """The answer to a body larger than GitHub sends."""
        return self._answer(event, "refused", 413, f"more than {MAX_PAYLOAD} bytes")


def _log_fields(task: Task) -> dict[str, object]:
    """The log fields of a task: ids and our own words, nothing from a payload."""
    number = None if isinstance(task, PushJob) else task.number
    if isinstance(task, Announcement):
        return {"pull_request": number}
    if isinstance(task, Batch):
        return {"task": "Batch", "tasks": len(task.tasks)}
    action = {"action": task.action} if isinstance(task, MaintenanceTask) else {}
    return {"task": type(task).__name__, **action, "pull_request": number or None}


def create_app(
    secrets: Sequence[str],
    intake: DeliveryIntake,
    metrics: Metrics,
    blueprints: Sequence[Blueprint] = (),
) -> Flask:
    """The application of the public port: webhooks, liveness, and further `blueprints`.

    Raises ValueError without a secret: it would accept unsigned webhooks.
    """
    if not any(secrets):
        raise ValueError("an application without a webhook secret would trust anybody")
    app = Flask("fairlead", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_PAYLOAD
    endpoint = _WebhookEndpoint(tuple(secrets), intake, metrics)
    for path in WEBHOOKS:
        app.add_url_rule(path, path, endpoint.receive, methods=["POST"])
    app.add_url_rule("/healthz", "healthz", _alive)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[Response, int]:
        """An error as JSON, without echoing the request."""
        if error.code == 413 and request.path in WEBHOOKS:
            return endpoint.too_large(request.headers.get("X-GitHub-Event", ""))
        return jsonify(message=error.name), error.code or 500

    return app


def create_admin_app(ready: Callable[[], str | None], metrics: Metrics) -> Flask:
    """The application of the admin port: liveness, readiness and metrics.

    `ready` returns the reason why no delivery can be recorded now, None if one can.
    """
    app = Flask("fairlead-admin", static_folder=None)

    def readiness() -> tuple[Response, int]:
        reason = ready()
        return jsonify(status=reason or "ok"), 200 if reason is None else 503

    app.add_url_rule("/healthz", "healthz", _alive)
    app.add_url_rule("/readyz", "readyz", readiness)
    app.add_url_rule("/metrics", "metrics", lambda: _exposition(metrics))
    return app


def _alive() -> Response:
    return jsonify(status="ok")


def _exposition(metrics: Metrics) -> Response:
    return Response(metrics.text(), mimetype="text/plain; version=0.0.4; charset=utf-8")
