"""An App made from a manifest: the form that a set-up page posts, and the code that it yields.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as Answer

from bot.standin.acts.apps import register_app
from bot.standin.bodies import accounts
from bot.standin.calls import state
from bot.standin.errors import HttpRefusal, not_found
from bot.standin.repositories import Body

manifests = Blueprint("manifests", __name__)
CODE_LIFETIME = timedelta(hours=1)


@manifests.post("/settings/apps/new", defaults={"owner": "octocat"})
@manifests.post("/organizations/<owner>/settings/apps/new")
def register(owner: str) -> Answer:
    """Back to the set-up page with a code, as after a person's click on "Create GitHub App"."""
    try:
        manifest: Body = json.loads(request.form["manifest"])
        target, hook = manifest["redirect_url"], manifest["hook_attributes"]["url"]
    except (ValueError, KeyError) as error:
        raise HttpRefusal(422, f"The manifest is not valid: {error!r}") from error
    kind = "User" if request.path.startswith("/settings") else "Organization"
    with state().lock:
        account = state().account(owner, kind)
        app = register_app(state(), manifest.get("name") or "Fairlead", account, hook)
        app.permissions = {"metadata": "read", **manifest.get("default_permissions", {})}
        app.external_url = manifest.get("url", "")
        app.callback_urls = tuple(manifest.get("callback_urls", [])) or ("",)
        app.events = list(manifest.get("default_events", []))
        code = secrets.token_hex(20)
        state().codes[code] = app, state().clock() + CODE_LIFETIME
    query = {"code": code, "state": request.args.get("state", "")}
    return redirect(f"{target}?{urlencode(query)}")


@manifests.post("/api/v3/app-manifests/<code>/conversions")
def convert(code: str) -> tuple[Response, int]:
    """The App with its secrets; a code serves once and for an hour."""
    app, until = state().codes.pop(code, (None, state().clock()))
    if app is None or until <= state().clock():
        raise not_found()
    secret = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "webhook_secret": app.webhook_secret,
        "pem": app.private_key,
    }
    return jsonify(accounts.app(state(), app) | secret), 201
