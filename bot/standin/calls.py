"""What every endpoint needs of its request: the state, the caller, the body, the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from flask import Response, current_app, g, jsonify, request

from bot.standin import auth
from bot.standin.accounts import App, Permissions, Token
from bot.standin.context import Context
from bot.standin.errors import HttpRefusal, not_found
from bot.standin.repositories import Body, StandInPullRequest, StandInRepository
from bot.standin.reviewing import Author
from bot.standin.state import GitHubState

Item = TypeVar("Item")


def context() -> Context:
    """The stand-in that serves this request."""
    return cast(Context, current_app.extensions["stand-in"])


def state() -> GitHubState:
    """What the stand-in knows."""
    return context().state


def credential() -> str | None:
    """The credential of the caller."""
    return auth.bearer(request.headers.get("Authorization"))


def calling_app() -> App:
    """The App that calls with its JWT."""
    return auth.app_of(state(), credential())


def calling_token() -> Token:
    """The installation's token that calls."""
    token = auth.token_of(state(), credential())
    g.token = token
    return token


def authorised(owner: str, name: str, **required: str) -> StandInRepository:
    """The repository, where the calling token has these permissions on it."""
    permissions: Permissions = required or {"metadata": "read"}
    return auth.authorise(calling_token(), state().repository(owner, name), permissions)


def author() -> Author:
    """Who writes what the calling token writes: the App's bot."""
    app = calling_token().installation.app
    return Author(app.bot, app)


def pull_request(repository: StandInRepository, number: int) -> StandInPullRequest:
    """The pull request of this number."""
    pull = repository.pulls.get(number)
    if pull is None:
        raise not_found()
    return pull


def body() -> Body:
    """The JSON object of the request."""
    if not request.get_data():
        return {}
    parsed = request.get_json(force=True, silent=True)
    if not isinstance(parsed, dict):
        raise HttpRefusal(400, "Problems parsing JSON")
    return parsed


def page(items: Iterable[Item], shape: Callable[[Item], Body], key: str | None = None) -> Response:
    """One page of a list with its Link header; under `key` beside the total where it has one."""
    entries = list(items)
    size = min(max(request.args.get("per_page", 30, type=int), 1), 100)
    number = max(request.args.get("page", 1, type=int), 1)
    shown = [shape(item) for item in entries[(number - 1) * size : number * size]]
    answer = jsonify({"total_count": len(entries), key: shown} if key else shown)
    last = max((len(entries) + size - 1) // size, 1)
    links = []
    if number > 1:
        links += [("prev", number - 1), ("first", 1)]
    if number < last:
        links += [("next", number + 1), ("last", last)]
    if links:
        answer.headers["Link"] = ", ".join(f'<{_page_url(to)}>; rel="{rel}"' for rel, to in links)
    return answer


def _page_url(number: int) -> str:
    arguments = request.args.to_dict() | {"page": str(number)}
    query = "&".join(f"{key}={value}" for key, value in arguments.items())
    return f"{state().url}{request.path}?{query}"
