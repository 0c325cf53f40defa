"""An App, its installations, their tokens, and what was delivered to it."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify, request

from bot.standin import auth
from bot.standin.accounts import Installation
from bot.standin.bodies import accounts
from bot.standin.bodies.accounts import stamp
from bot.standin.bodies.repository import repository
from bot.standin.calls import body, calling_app, calling_token, context, page, state
from bot.standin.deliveries import DeliveryAttempt
from bot.standin.errors import not_found
from bot.standin.repositories import Body

apps = Blueprint("apps", __name__)
_Answer = Response | tuple[Response, int] | tuple[str, int]


@apps.get("/app")
def get_authenticated() -> Response:
    """The App that calls."""
    return jsonify(accounts.authenticated_app(state(), calling_app()))


@apps.get("/app/installations")
def list_installations() -> Response:
    """Where the App is installed."""
    app = calling_app()
    installations = [
        installation for installation in state().installations.values() if installation.app is app
    ]
    return page(installations, lambda installation: accounts.installation(state(), installation))


def _installation(number: int) -> Installation:
    app, installation = calling_app(), state().installations.get(number)
    if installation is None or installation.app is not app:
        raise not_found()
    return installation


@apps.get("/app/installations/<int:number>")
def get_installation(number: int) -> Response:
    """One installation of the App."""
    return jsonify(accounts.installation(state(), _installation(number)))


@apps.get("/repos/<owner>/<name>/installation")
def get_repo_installation(owner: str, name: str) -> Response:
    """The App's installation on a repository."""
    app, named = calling_app(), state().repository(owner, name)
    for installation in state().installations.values():
        if named and installation.app is app and named.id in installation.repository_ids:
            return jsonify(accounts.installation(state(), installation))
    raise not_found()


@apps.post("/app/installations/<int:number>/access_tokens")
def create_token(number: int) -> _Answer:
    """A token of the installation, as narrow as asked."""
    token = auth.mint(state(), _installation(number), body())
    named = [
        repository(state(), state().repositories[repository_id])
        for repository_id in token.repository_ids or ()
    ]
    return jsonify(accounts.token(token, named)), 201


@apps.delete("/installation/token")
def revoke_token() -> _Answer:
    """Revokes the calling token."""
    del state().tokens[calling_token().text]
    return "", 204


@apps.get("/installation/repositories")
def list_repositories() -> Response:
    """The repositories that the token reaches."""
    token = calling_token()
    reached = token.installation.repository_ids & (
        token.installation.repository_ids if token.repository_ids is None else token.repository_ids
    )
    repositories = [state().repositories[number] for number in sorted(reached)]
    return page(repositories, lambda one: repository(state(), one), "repositories")


@apps.get("/rate_limit")
def get_rate_limit() -> Response:
    """What is left for the token; asking costs nothing."""
    calling_token()
    rate: Body = dict(g.rate)
    names = ("core", "search", "graphql", "integration_manifest")
    return jsonify({"resources": {name: rate for name in names}, "rate": rate})  # noqa: C420


@apps.get("/app/hook/config")
def get_webhook_config() -> Response:
    """Where the App's deliveries go; what it has no value for is left out."""
    app = calling_app()
    if app.webhook_url is None:
        raise not_found()
    return jsonify(accounts.webhook_config(app))


@apps.get("/app/hook/deliveries")
def list_deliveries() -> Response:
    """The attempts to deliver to the App, newest first; `cursor` goes on from an id."""
    app = calling_app()
    attempts = [
        attempt for attempt in reversed(context().events.deliveries.all()) if attempt.app is app
    ]
    cursor = request.args.get("cursor", type=int)
    if cursor is not None:
        attempts = [attempt for attempt in attempts if attempt.id <= cursor]
    if request.args.get("status") == "failure":
        attempts = [attempt for attempt in attempts if 400 <= attempt.status_code <= 599]
    if request.args.get("status") == "success":
        attempts = [attempt for attempt in attempts if 200 <= attempt.status_code <= 399]
    size = min(max(request.args.get("per_page", 30, type=int), 1), 100)
    answer = jsonify([_item(attempt) for attempt in attempts[:size]])
    if len(attempts) > size:
        more = f"{state().api}/app/hook/deliveries?per_page={size}&cursor={attempts[size].id}"
        answer.headers["Link"] = f'<{more}>; rel="next"'
    return answer


def _delivery(number: int) -> DeliveryAttempt:
    attempt = context().events.deliveries.find(calling_app(), number)
    if attempt is None:
        raise not_found()
    return attempt


@apps.get("/app/hook/deliveries/<int:number>")
def get_delivery(number: int) -> Response:
    """One attempt, with what was sent and what was answered."""
    attempt = _delivery(number)
    sent = {"headers": attempt.headers, "payload": attempt.body}
    answered = {"headers": attempt.response_headers, "payload": attempt.response}
    return jsonify(_item(attempt) | {"url": attempt.url, "request": sent, "response": answered})


@apps.post("/app/hook/deliveries/<int:number>/attempts")
def redeliver(number: int) -> _Answer:
    """Another attempt."""
    context().events.deliveries.redeliver(_delivery(number))
    return jsonify({}), 202


def _item(attempt: DeliveryAttempt) -> Body:
    return {
        "id": attempt.id,
        "guid": attempt.guid,
        "delivered_at": stamp(attempt.delivered_at),
        "redelivery": attempt.redelivery,
        "duration": attempt.duration,
        "status": attempt.status,
        "status_code": attempt.status_code,
        "event": attempt.event,
        "action": attempt.action,
        "installation_id": attempt.installation_id,
        "repository_id": attempt.repository_id,
        "throttled_at": None,
    }
