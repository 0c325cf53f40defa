"""The set-up page: a Flask application that creates the GitHub App, once.

The page requires the token that the log shows, and closes when an App was created.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from importlib import resources
from typing import Final
from urllib.parse import urlsplit

import jinja2
import structlog
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from bot.errors import GitHubError, UsageError
from bot.github.app.registration import EVENTS, PERMISSIONS, converted
from bot.setup.manifest import (
    LOCAL,
    LONGEST_NAME,
    Registration,
    manifest,
    parse_registration,
    registration_url,
    web_address,
)
from bot.setup.registration import SetUp

log = structlog.get_logger()

CREATED: Final = "/setup/created"
COOKIE: Final = "fairlead_setup"

_LARGEST: Final = 64 * 1024
_CODE: Final = re.compile(r"[0-9A-Za-z_-]{8,128}")


def create_setup_app(setup: SetUp) -> Flask:
    """The application that is served until an App was created."""
    app = Flask("fairlead-setup", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST
    pages = _Pages(setup)
    app.add_url_rule("/", "root", pages.locked)
    app.add_url_rule("/setup", "form", pages.form)
    app.add_url_rule("/setup", "begin", pages.begin, methods=["POST"])
    app.add_url_rule(CREATED, "created", pages.created)
    app.add_url_rule("/setup/style.css", "style", _style)
    app.add_url_rule("/healthz", "healthz", lambda: jsonify(status="ok"))

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[Response, int]:
        """An error as JSON, without echoing the request; a webhook gets 503, to be redelivered."""
        if request.path in {"/webhook", "/api/github/webhooks"}:
            return jsonify(message="not set up yet"), 503
        return jsonify(message=error.name), error.code or 500

    @app.after_request
    def harden(response: Response) -> Response:
        """Forbid scripts and frames, and keep the token out of the logs of other sites."""
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
        """The page without a token: it says where the token is, and nothing else."""
        return _page("locked.html", HTTPStatus.FORBIDDEN, done=self.setup.done)

    def form(self) -> Response:
        """The form, for a request with the token."""
        token = request.args.get("token", "")
        if not self.setup.accepts(token):
            return self.locked()
        values = {
            "name": "",
            "organisation": "",
            "keep": "keep",
            "address": self._address(),
        }
        return self._form(token, values)

    def _address(self) -> str:
        """The suggested public address: the host that the browser used, unless it is local."""
        origin = urlsplit(request.url_root)
        if self.setup.local:
            return request.url_root.rstrip("/")
        # A proxy terminates TLS in front of this service.
        return "" if origin.hostname in LOCAL else f"https://{origin.netloc}"

    def _form(self, token: str, values: dict[str, str], error: str | None = None) -> Response:
        status = HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY
        return _page(
            "form.html",
            status,
            token=token,
            given=values,
            error=error,
            longest=LONGEST_NAME,
            home=web_address(self.setup.api_url),
        )

    def begin(self) -> Response:
        """The confirmation page: the permissions, and the button that posts to GitHub."""
        token = request.form.get("token", "")
        if not self.setup.accepts(token):
            return self.locked()
        names = ("name", "organisation", "address", "keep")
        values = {name: request.form.get(name, "") for name in names}
        try:
            registration = parse_registration(
                values["name"],
                values["organisation"],
                values["address"],
                local=self.setup.local,
            )
        except UsageError as error:
            return self._form(token, values, str(error))
        keep = values["keep"] != "show"
        state = self.setup.begin(keep=keep)
        app_manifest = manifest(registration, _origin(registration) + CREATED)
        response = _page(
            "confirm.html",
            wish=registration,
            keep=keep,
            action=registration_url(registration, self.setup.api_url, state),
            manifest=json.dumps(app_manifest),
            permissions=PERMISSIONS,
            events=EVENTS,
        )
        secure = _origin(registration).startswith("https:")
        # Lax: GitHub redirects the browser back by an ordinary GET.
        response.set_cookie(
            COOKIE, state, httponly=True, samesite="Lax", secure=secure, path="/setup"
        )
        return response

    def created(self) -> Response:
        """Back from GitHub: exchange the code for the App's credentials."""
        code = request.args.get("code", "")
        pending = self.setup.take_pending(
            request.args.get("state", ""), request.cookies.get(COOKIE, "")
        )
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
            self.setup.on_stored()
        return page


def _origin(registration: Registration) -> str:
    """The origin that the browser sees; behind a proxy the entered address knows its scheme."""
    origin = request.url_root.rstrip("/")
    stated = urlsplit(registration.address)
    if stated.hostname == urlsplit(origin).hostname:
        return f"{stated.scheme}://{stated.netloc}"
    return origin


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
