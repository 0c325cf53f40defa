"""The web server: the application, its faults, its log of exchanges, and its thread."""

from __future__ import annotations

import functools
import json
import re
import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

from bot.standin import auth
from bot.standin.context import Context
from bot.standin.endpoints.apps import apps
from bot.standin.endpoints.checks import checks
from bot.standin.endpoints.comments import comments
from bot.standin.endpoints.graphql import graphql
from bot.standin.endpoints.installing import installing
from bot.standin.endpoints.manifests import manifests
from bot.standin.endpoints.oauth import oauth
from bot.standin.endpoints.pulls import pulls
from bot.standin.endpoints.repositories import repositories
from bot.standin.endpoints.teams import teams
from bot.standin.errors import DOCUMENTATION, HttpRefusal
from bot.standin.exchanges import Exchanges
from bot.standin.faults import Fault, Faults
from bot.standin.git.smart_http import smart_http
from bot.standin.pages import pages
from bot.standin.state import GitHubState

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

API = "/api/v3"
RATE_LIMIT = 5000
_BY_NAME = re.compile(rf"{API}/repos/([^/]+)/([^/]+)(/.*|)$")
_BY_ID = re.compile(rf"{API}/repositories/(\d+)(/.*|)$")


def application(context: Context, exchanges: Exchanges, faults: Faults) -> Flask:
    """The Flask application of one stand-in."""
    app = Flask("bot.standin", template_folder="templates", static_folder=None)
    app.extensions["stand-in"] = context
    for blueprint in (apps, repositories, pulls, comments, checks, teams):
        app.register_blueprint(blueprint, url_prefix=API)
    app.register_blueprint(graphql)
    app.register_blueprint(pages)
    app.register_blueprint(manifests)
    app.register_blueprint(installing)
    app.register_blueprint(oauth)
    for name, view in app.view_functions.items():
        app.view_functions[name] = _locked(context, view)
    app.register_blueprint(smart_http)
    _count(app, context)
    _answer_errors(app)
    _inject(app, exchanges, faults)
    # mypy does not let a method be replaced, which is how Flask takes middleware.
    setattr(app, "wsgi_app", _ById(app.wsgi_app, context.state))  # noqa: B010 - see above
    return app


def _locked(context: Context, view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, holding the lock of the state: nothing changes while it runs."""

    @functools.wraps(view)
    def alone(**arguments: object) -> Any:
        with context.state.lock:
            return view(**arguments)

    return alone


def _count(app: Flask, context: Context) -> None:
    """Every call is counted against its token, and its answer says what is left."""
    spent: dict[str, int] = {}
    reset = int((context.state.clock() + timedelta(hours=1)).timestamp())

    @app.before_request
    def count() -> None:
        key = auth.bearer(request.headers.get("Authorization")) or "anonymous"
        free = request.path == f"{API}/rate_limit"
        spent[key] = spent.get(key, 0) + (not free)
        used = spent[key]
        remaining = max(RATE_LIMIT - used, 0)
        g.rate = {"limit": RATE_LIMIT, "remaining": remaining, "used": used, "reset": reset}

    @app.after_request
    def say(answer: Response) -> Response:
        if request.path.startswith("/api/"):
            for key, value in g.get("rate", {}).items():
                # An injected answer may say that nothing is left.
                answer.headers.setdefault(f"X-RateLimit-{key.capitalize()}", str(value))
            answer.headers["X-RateLimit-Resource"] = "core"
            answer.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
            answer.headers["X-GitHub-Request-Id"] = f"{context.state.new_id():X}"
        return answer


def _answer_errors(app: Flask) -> None:
    """Refusals in GitHub's shape; a path that the stand-in does not serve is named."""

    @app.errorhandler(HttpRefusal)
    def refuse(refusal: HttpRefusal) -> tuple[Response, int]:
        return jsonify(refusal.body), refusal.status

    @app.errorhandler(HTTPException)
    def unknown(error: HTTPException) -> tuple[Response, int]:
        status = error.code or 500
        message = f"The stand-in does not serve {request.method} {request.path}: {error.name}"
        body = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
        return jsonify(body), status


def _inject(app: Flask, exchanges: Exchanges, faults: Faults) -> None:
    """Injects faults before and after the endpoints; the log records what the caller saw."""

    @app.before_request
    def fail() -> Response | None:
        fault = faults.take(request.method, request.path)
        g.fault = fault
        if fault is None:
            return None
        time.sleep(fault.delay)
        return None if fault.lost else _failure(fault)

    @app.after_request
    def record(answer: Response) -> Response:
        fault: Fault | None = g.get("fault")
        if fault is not None and fault.lost:
            answer = _failure(fault) or answer
        injected = fault is not None and fault.status is not None
        exchanges.record(request, answer, injected=injected)
        return answer


def _failure(fault: Fault) -> Response | None:
    if fault.status is None:
        return None
    answer = jsonify(fault.body)
    answer.status_code = fault.status
    answer.headers.update(fault.headers)
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = str(fault.retry_after)
    return answer


class _ById:
    """Repositories by their ids and former names: `/repositories/{id}/...` is `/repos/...`.

    GitHub serves both everywhere and describes only the second.
    """

    def __init__(self, app: WSGIApplication, state: GitHubState) -> None:
        self._app = app
        self._state = state

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """The answer of the path by name."""
        match = _BY_ID.match(environ["PATH_INFO"])
        if match:
            repository = self._state.repositories.get(int(match[1]))
            name = repository.full_name if repository else f"-/{match[1]}"
            environ["PATH_INFO"] = f"{API}/repos/{name}{match[2]}"
        moved = self._moved(environ)
        if moved:
            # As GitHub: what reads is moved for good, what writes must be sent again.
            reads = environ["REQUEST_METHOD"] in {"GET", "HEAD"}
            status = "301 Moved Permanently" if reads else "307 Temporary Redirect"
            body = json.dumps({"message": status[4:], "url": moved, "documentation_url": ""})
            start(status, [("Location", moved), ("Content-Type", "application/json")])
            return [body.encode()]
        return self._app(environ, start)

    def _moved(self, environ: WSGIEnvironment) -> str | None:
        """Where the repository of a former name is now, unless another has taken the name."""
        match = _BY_NAME.match(environ["PATH_INFO"])
        if match is None or self._state.repository(match[1], match[2]):
            return None
        number = self._state.former_names.get(f"{match[1]}/{match[2]}".lower())
        query = environ.get("QUERY_STRING", "")
        place = f"{self._state.api}/repositories/{number}{match[3]}"
        return (f"{place}?{query}" if query else place) if number else None


class _Quiet(WSGIRequestHandler):
    """A request handler that writes no log; the exchanges are the log."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Nothing."""


class Server:
    """The application on a free port of the loopback, in a thread."""

    def __init__(self, app: Flask, port: int = 0) -> None:
        self._server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        # How often it looks whether it shall stop: what every test waits for at its end.
        self._server.serve_forever(poll_interval=0.02)

    def start(self) -> None:
        """It serves."""
        self._thread.start()

    def stop(self) -> None:
        """It no longer serves, and the port is free."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
