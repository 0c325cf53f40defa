"""The set-up page: a Flask application that makes an App of this installation, once.

It is open to whoever has the token that the log shows, until an App is made.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib import resources
from typing import Final, Literal
from urllib.parse import urlsplit

import jinja2
import structlog
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from bot.errors import GitHubError, UsageError
from bot.github.registration import EVENTS, PERMISSIONS, Registered, converted
from bot.setup.credentials import Credentials
from bot.setup.manifest import LOCAL, LONGEST_NAME, Wish, checked, manifest, target, web_address

log = structlog.get_logger()

BACK: Final = "/setup/created"
COOKIE: Final = "fairlead_setup"

_LIFETIME: Final = 3600.0
"""Seconds. GitHub's codes live as long."""

_MOST_PENDING: Final = 100
_LARGEST: Final = 64 * 1024
_CODE: Final = re.compile(r"[0-9A-Za-z_-]{8,128}")


@dataclass(frozen=True, slots=True)
class _Pending:
    """A registration that was begun: until when it counts, and whether its result is stored."""

    until: float
    keep: bool


@dataclass(slots=True)
class SetUp:
    """The state of one set-up. `store` keeps the credentials and may raise OSError.

    `begun` is called once they are kept: the service can start.
    """

    api_url: str
    store: Callable[[Credentials], object]
    begun: Callable[[], None]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    clock: Callable[[], float] = time.monotonic
    done: bool = False
    _pending: dict[str, _Pending] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def local(self) -> bool:
        """Whether GitHub is on this machine: settings allow http for no other."""
        return self.api_url.startswith("http:")

    def open_to(self, token: str) -> bool:
        """Whether this is the token, and nothing was set up yet."""
        given = token.encode("utf-8", "replace")
        return hmac.compare_digest(given, self.token.encode()) and not self.done

    def begin(self, *, keep: bool) -> str:
        """The state of a new registration, which only this process can have given out."""
        with self._lock:
            now = self.clock()
            held = {state: one for state, one in self._pending.items() if one.until > now}
            while len(held) >= _MOST_PENDING:
                held.pop(next(iter(held)))
            state = secrets.token_urlsafe(24)
            self._pending = {**held, state: _Pending(now + _LIFETIME, keep)}
        return state

    def ended(self, state: str, cookie: str) -> _Pending | None:
        """What was begun under this state by the browser that comes back; it counts once."""
        same = hmac.compare_digest(
            state.encode("utf-8", "replace"), cookie.encode("utf-8", "replace")
        )
        with self._lock:
            found = self._pending.pop(state, None) if same and not self.done else None
        return found if found is not None and found.until > self.clock() else None

    def finish(self, app: Registered, *, keep: bool) -> Literal["kept", "shown"]:
        """The end: the credentials are kept, or are to be shown where that was asked or fails."""
        with self._lock:
            self.done = True
        if not keep:
            return "shown"
        try:
            self.store(Credentials(app.app_id, app.private_key, app.webhook_secret))
        except OSError as error:
            log.warning("the credentials could not be stored", reason=error.strerror)
            return "shown"
        return "kept"


def create_setup_app(setup: SetUp) -> Flask:
    """The application that is served until an App is made."""
    app = Flask("fairlead-setup", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST
    pages = _Pages(setup)
    app.add_url_rule("/", "root", pages.locked)
    app.add_url_rule("/setup", "form", pages.form)
    app.add_url_rule("/setup", "begin", pages.begin, methods=["POST"])
    app.add_url_rule(BACK, "created", pages.created)
    app.add_url_rule("/setup/style.css", "style", _style)
    app.add_url_rule("/healthz", "healthz", lambda: jsonify(status="ok"))
    app.add_url_rule("/readyz", "readyz", lambda: (jsonify(status="not set up yet"), 503))

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[Response, int]:
        """An error as JSON; what was sent is not repeated. GitHub may send already: come back."""
        if request.path in {"/webhook", "/api/github/webhooks"}:
            return jsonify(message="not set up yet"), 503
        return jsonify(message=error.name), error.code or 500

    @app.after_request
    def harden(response: Response) -> Response:
        """No script at all, no frame, no trace of the token in other sites' logs."""
        home = web_address(setup.api_url)
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {home}"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "strict-origin"
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


@dataclass(frozen=True, slots=True)
class _Pages:
    setup: SetUp

    def locked(self) -> Response:
        """What a stranger sees: where the way in is, and nothing else."""
        return _page("locked.html", HTTPStatus.FORBIDDEN, done=self.setup.done)

    def form(self) -> Response:
        """The form, for whoever has the token."""
        token = request.args.get("token", "")
        if not self.setup.open_to(token):
            return self.locked()
        given = {"name": "Fairlead", "organisation": "", "keep": "keep", "address": self._address()}
        return self._form(token, given)

    def _address(self) -> str:
        """Where GitHub might reach this service: as the browser did, if that was from afar."""
        here = urlsplit(request.url_root)
        if self.setup.local:
            return request.url_root.rstrip("/")
        # A proxy ends TLS before it comes here.
        return "" if here.hostname in LOCAL else f"https://{here.netloc}"

    def _form(self, token: str, given: dict[str, str], error: str | None = None) -> Response:
        status = HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY
        return _page(
            "form.html",
            status,
            token=token,
            given=given,
            error=error,
            longest=LONGEST_NAME,
            home=web_address(self.setup.api_url),
        )

    def begin(self) -> Response:
        """What will be asked of GitHub, with the button that asks it."""
        token = request.form.get("token", "")
        if not self.setup.open_to(token):
            return self.locked()
        names = ("name", "organisation", "address", "keep")
        given = {name: request.form.get(name, "") for name in names}
        wished = given["name"], given["organisation"], given["address"]
        try:
            wish = checked(*wished, local=self.setup.local)
        except UsageError as error:
            return self._form(token, given, str(error))
        keep = given["keep"] != "show"
        state = self.setup.begin(keep=keep)
        asked = manifest(wish, _origin(wish) + BACK)
        response = _page(
            "confirm.html",
            wish=wish,
            keep=keep,
            action=target(wish, self.setup.api_url, state),
            manifest=json.dumps(asked),
            permissions=PERMISSIONS,
            events=EVENTS,
        )
        secure = _origin(wish).startswith("https:")
        # Lax: GitHub leads the browser back by an ordinary link.
        response.set_cookie(
            COOKIE, state, httponly=True, samesite="Lax", secure=secure, path="/setup"
        )
        return response

    def created(self) -> Response:
        """Back from GitHub: the code becomes the App's credentials."""
        code = request.args.get("code", "")
        pending = self.setup.ended(request.args.get("state", ""), request.cookies.get(COOKIE, ""))
        if pending is None or not _CODE.fullmatch(code):
            return _page("refused.html", HTTPStatus.BAD_REQUEST, error=None)
        try:
            app = converted(code, self.setup.api_url)
        except GitHubError as error:
            return _page("refused.html", HTTPStatus.BAD_GATEWAY, error=str(error))
        how = self.setup.finish(app, keep=pending.keep)
        log.info("set up", app_id=app.app_id, credentials=how)
        page = _page("created.html", app=app, how=how)
        page.delete_cookie(COOKIE, path="/setup")
        if how == "kept":
            self.setup.begun()
        return page


def _origin(wish: Wish) -> str:
    """Where the browser is: behind a proxy the request knows no scheme, the wish does."""
    here = request.url_root.rstrip("/")
    stated = urlsplit(wish.address)
    if stated.hostname == urlsplit(here).hostname:
        return f"{stated.scheme}://{stated.netloc}"
    return here


def _page(name: str, status: HTTPStatus = HTTPStatus.OK, **values: object) -> Response:
    text = _templates().get_template(name).render(**values)
    return Response(text, status, mimetype="text/html")


def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("templates", "setup"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _style() -> Response:
    text = (resources.files("templates") / "setup" / "style.css").read_text(encoding="utf-8")
    return Response(text, mimetype="text/css")
