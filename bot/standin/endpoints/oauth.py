"""Signing in as a person: the web flow of a GitHub App, with PKCE.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import timedelta
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from bot.standin.accounts import App, PendingCode, UserToken
from bot.standin.auth import USER_TOKEN_LIFETIME, person_of
from bot.standin.bodies import accounts
from bot.standin.calls import credential, state
from bot.standin.errors import HttpRefusal, not_found

oauth = Blueprint("oauth", __name__)
CODE_LIFETIME = timedelta(minutes=10)


@oauth.get("/login/oauth/authorize")
def ask() -> str:
    """The page on which GitHub asks who is there. Here, any person may be chosen."""
    app = _app(request.args.get("client_id", ""))
    people = sorted(
        account.login for account in state().accounts.values() if account.type == "User"
    )
    return render_template("authorize.html", app=app, people=people, query=request.args)


@oauth.post("/login/oauth/authorize")
def allow() -> Answer:
    """Back to the App with a code, as after a click on "Authorize"."""
    app = _app(request.form.get("client_id", ""))
    back = request.form.get("redirect_uri", "")
    if not back.startswith(tuple(app.callback_urls)):
        raise HttpRefusal(422, "The redirect_uri is not associated with this application.")
    code = secrets.token_hex(10)
    with state().lock:
        state().login_codes[code] = PendingCode(
            app,
            state().account(request.form["login"]),
            back,
            request.form.get("code_challenge", ""),
            state().clock() + CODE_LIFETIME,
        )
    return redirect(f"{back}?{urlencode({'code': code, 'state': request.form.get('state', '')})}")


@oauth.post("/login/oauth/access_token")
def exchange() -> Response:
    """A user access token for a code, which serves once; a refusal is a 200 with an error."""
    app = _app(request.form.get("client_id", ""))
    pending = state().login_codes.pop(request.form.get("code", ""), None)
    if not secrets.compare_digest(request.form.get("client_secret", ""), app.client_secret):
        return jsonify(error="incorrect_client_credentials")
    if pending is None or pending.app is not app or pending.until <= state().clock():
        return jsonify(error="bad_verification_code")
    if pending.back != request.form.get("redirect_uri"):
        return jsonify(error="redirect_uri_mismatch")
    digest = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    if pending.challenge and pending.challenge != challenge:
        return jsonify(error="bad_verification_code")
    token = f"ghu_{secrets.token_hex(18)}"
    state().user_tokens[token] = UserToken(
        app, pending.person, state().clock() + USER_TOKEN_LIFETIME
    )
    return jsonify(access_token=token, token_type="bearer", scope="")  # noqa: S106 - a word of OAuth


@oauth.get("/api/v3/user")
def get_user() -> Response:
    """The person whose token calls."""
    return jsonify(accounts.public_user(state(), person_of(state(), credential()).person))


def _app(client_id: str) -> App:
    for app in state().apps.values():
        if app.client_id == client_id:
            return app
    raise not_found()
