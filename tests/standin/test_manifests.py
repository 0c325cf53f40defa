"""An App made by GitHub's manifest flow."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from github import Auth, Github, GithubException, GithubIntegration

from bot.standin import StandIn


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        """No redirect is followed."""


def _register(stand_in: StandIn, manifest: dict[str, Any]) -> tuple[int, str]:
    form = urlencode({"manifest": json.dumps(manifest)}).encode()
    url = f"{stand_in.url}/organizations/example/settings/apps/new?state=abc"
    try:
        urllib.request.build_opener(_Stay).open(url, form)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers.get("Location", "")
    raise AssertionError("a form is answered by a redirect or a refusal")


def test_a_code_becomes_an_app_once(stand_in: StandIn) -> None:
    manifest = {
        "name": "My Fairlead",
        "redirect_url": "http://127.0.0.1:9/setup",
        "hook_attributes": {"url": "http://127.0.0.1:9/webhook"},
        "default_permissions": {"checks": "write"},
        "default_events": ["push"],
    }
    status, location = _register(stand_in, manifest)
    given = parse_qs(urlsplit(location).query)
    path = f"/app-manifests/{given['code'][0]}/conversions"
    requester = Github(base_url=stand_in.api_url, retry=None).requester

    made = requester.requestJsonAndCheck("POST", path)[1]
    with pytest.raises(GithubException) as refused:
        requester.requestJsonAndCheck("POST", path)
    auth = Auth.AppAuth(made["client_id"], made["pem"])
    app = GithubIntegration(auth=auth, base_url=stand_in.api_url).get_app()

    assert (status, given["state"], refused.value.status) == (302, ["abc"], 404)
    assert (app.slug, app.permissions, app.events) == (
        "my-fairlead",
        {"metadata": "read", "checks": "write"},
        ["push"],
    )
    assert stand_in.state.apps[made["id"]].webhook_url == "http://127.0.0.1:9/webhook"


def test_a_manifest_without_an_address_is_refused(stand_in: StandIn) -> None:
    assert _register(stand_in, {"name": "My Fairlead"}) == (422, "")
