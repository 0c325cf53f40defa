"""The set-up page: who gets in, what is asked of GitHub, and where the credentials go."""

from __future__ import annotations

import html
import json
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.errors import UsageError
from bot.github.app.registration import EVENTS, PERMISSIONS
from bot.settings import read_settings
from bot.setup.credentials import Credentials, read_credentials, store
from bot.setup.manifest import Registration, parse_registration, registration_url, web_address
from bot.setup.registration import SetUp
from bot.setup.web import create_setup_app
from bot.standin import StandIn
from tests.patience import PATIENCE

HELD = Credentials("7", "-----BEGIN RSA PRIVATE KEY-----", "hush")


@dataclass
class Page:
    """The set-up page of a service, as a browser sees it."""

    setup: SetUp
    client: FlaskClient
    kept: list[Credentials] = field(default_factory=list)
    begun: list[bool] = field(default_factory=list)
    seconds: float = 0.0

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def describe(self, **given: str) -> TestResponse:
        """The form, sent."""
        asked = {
            "token": self.setup.token,
            "name": "Fairlead",
            "organisation": "",
            "address": "http://localhost",
            "keep": "keep",
            **given,
        }
        return self.client.post("/setup", data=asked)


def page_of(api_url: str, *, refuse: bool = False) -> Page:
    def keep(held: Credentials) -> None:
        if refuse:
            raise PermissionError(13, "Permission denied")
        shown.kept.append(held)

    setup = SetUp(
        api_url=api_url,
        store=keep,
        on_stored=lambda: shown.begun.append(True),
        clock=lambda: shown.seconds,
    )
    shown = Page(setup, create_setup_app(setup).test_client())
    return shown


@pytest.fixture
def page() -> Page:
    return page_of("https://api.github.com")


def posted(answer: TestResponse) -> tuple[str, dict[str, Any]]:
    """Where the confirmation posts to, and the manifest that it posts."""
    text = answer.get_data(as_text=True)
    action = re.search(r'<form method="post" action="([^"]+)">', text)
    manifest = re.search(r'name="manifest" value="([^"]+)"', text)
    assert action
    assert manifest
    return html.unescape(action[1]), json.loads(html.unescape(manifest[1]))


def through_github(answer: TestResponse) -> str:
    """The path to which GitHub leads the browser back."""
    action, manifest = posted(answer)
    sent = requests.post(
        action, data={"manifest": json.dumps(manifest)}, allow_redirects=False, timeout=PATIENCE
    )
    assert sent.status_code == 302
    return sent.headers["Location"].removeprefix("http://localhost")


@pytest.mark.parametrize("path", ["/", "/setup", "/setup?token=guess", "/setup?token=%C3%A9"])
def test_a_stranger_sees_where_the_way_in_is_and_no_more(page: Page, path: str) -> None:
    answer = page.get(path)

    assert (answer.status_code, page.setup.token in answer.get_data(as_text=True)) == (403, False)
    assert "is not set up yet" in answer.get_data(as_text=True)
    assert page.client.post("/setup", data={"token": "guess"}).status_code == 403


def test_every_answer_forbids_scripts_frames_and_memory(page: Page) -> None:
    for path in ("/setup", f"/setup?token={page.setup.token}", "/setup/style.css", "/nothing"):
        headers = page.get(path).headers
        assert headers["Content-Security-Policy"] == (
            "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            "form-action 'self' https://github.com"
        )
        assert (headers["Referrer-Policy"], headers["Cache-Control"]) == (
            "strict-origin",
            "no-store",
        )


def test_no_page_has_a_script_or_a_style_of_its_own(page: Page) -> None:
    shown = [page.get(f"/setup?token={page.setup.token}"), page.describe(address="https://a.b")]

    for answer in shown:
        assert re.search(r"<script|<style|style=|\son\w+=", answer.get_data(as_text=True)) is None


def test_what_is_asked_of_github_is_what_the_app_needs(page: Page) -> None:
    answer = page.describe(organisation="example", address="https://fairlead.example.com/")

    action, manifest = posted(answer)
    assert manifest == {
        "name": "Fairlead",
        "url": "https://fairlead.example.com",
        "hook_attributes": {"url": "https://fairlead.example.com/webhook", "active": True},
        "redirect_url": "http://localhost/setup/created",
        "callback_urls": ["https://fairlead.example.com/login/callback"],
        "public": False,
        "default_permissions": dict(PERMISSIONS),
        "default_events": list(EVENTS),
    }
    assert action.startswith("https://github.com/organizations/example/settings/apps/new?state=")
    assert "HttpOnly" in answer.headers["Set-Cookie"]


def test_without_a_name_the_app_is_called_after_its_organisation(page: Page) -> None:
    answer = page.describe(name="", organisation="example", address="https://fairlead.example.com/")

    assert posted(answer)[1]["name"] == "fairlead-example"


def test_behind_a_proxy_the_browser_comes_back_as_it_came(page: Page) -> None:
    answer = page.client.post(
        "/setup",
        data={"token": page.setup.token, "name": "F", "address": "https://fairlead.example.com"},
        headers={"Host": "fairlead.example.com"},
    )

    assert posted(answer)[1]["redirect_url"] == "https://fairlead.example.com/setup/created"
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "Enter a name: it can be left empty only for an organisation's App."),
        ({"name": "x" * 35}, "The name must have 1 to 34 characters."),
        ({"organisation": "a/b"}, "Enter the organisation as in its address"),
        ({"address": "http://fairlead.example.com"}, "The public address must begin with https://"),
        ({"address": "https://localhost"}, "GitHub cannot reach this machine by that name"),
        ({"address": "https://10.0.0.7"}, "GitHub cannot reach this machine by that name"),
        ({"address": "https://fairlead"}, "GitHub cannot reach this machine by that name"),
        ({"address": "https://fairlead.tools.svc"}, "GitHub cannot reach this machine by that"),
        ({"address": "https://a.example:99999"}, "The public address must look like"),
        ({"address": "https://a@b.example"}, "The public address must look like"),
        ({"address": "https://[::1"}, "The public address must look like"),
        ({"address": "fairlead"}, "The public address must look like"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_written_stays(
    page: Page, given: dict[str, str], said: str
) -> None:
    answer = page.describe(**{"address": "https://fairlead.example.com", **given})

    text = html.unescape(answer.get_data(as_text=True))
    assert (answer.status_code, said in text) == (422, True)
    assert all(f'value="{value}"' in text for value in given.values())


@pytest.mark.parametrize(
    ("host", "address"),
    [("localhost:3000", ""), ("fairlead.example.com", "https://fairlead.example.com")],
)
def test_the_address_is_offered_where_github_could_reach_it(
    page: Page, host: str, address: str
) -> None:
    answer = page.client.get(f"/setup?token={page.setup.token}", headers={"Host": host})

    assert f'type="url" value="{address}"' in answer.get_data(as_text=True)


def test_what_was_written_is_escaped(page: Page) -> None:
    answer = page.describe(name='"><b>x', address="javascript:alert(1)")

    assert "<b>" not in answer.get_data(as_text=True)
    assert "&#34;&gt;&lt;b&gt;x" in answer.get_data(as_text=True)


@pytest.mark.parametrize("organisation", ["", "example"])
def test_an_app_is_made_and_its_credentials_are_kept(stand_in: StandIn, organisation: str) -> None:
    page = page_of(stand_in.api_url)

    back = through_github(page.describe(organisation=organisation))
    answer = page.get(back)

    (app,) = stand_in.state.apps.values()
    assert answer.status_code == 200
    assert page.kept == [
        Credentials(
            str(app.id),
            app.private_key,
            app.webhook_secret,
            app.client_id,
            app.client_secret,
            "http://localhost",
        )
    ]
    assert (page.begun, app.webhook_url) == ([True], "http://localhost/webhook")
    assert (app.permissions, app.events) == (dict(PERMISSIONS), list(EVENTS))
    text = answer.get_data(as_text=True)
    assert app.private_key.splitlines()[1] not in text
    assert "/installations/new" in text


def test_the_page_is_closed_once_an_app_is_made(stand_in: StandIn) -> None:
    page = page_of(stand_in.api_url)
    other = page.setup.begin(keep=True)
    page.get(through_github(page.describe()))

    closed = page.get(f"/setup?token={page.setup.token}")
    page.client.set_cookie("fairlead_setup", other, path="/setup")
    late = page.get(f"/setup/created?code={'a' * 40}&state={other}")

    assert (closed.status_code, "is set up" in closed.get_data(as_text=True)) == (403, True)
    assert (late.status_code, len(page.kept)) == (400, 1)


@pytest.mark.parametrize("refuse", [False, True])
def test_credentials_are_shown_once_where_asked_or_where_they_cannot_be_kept(
    stand_in: StandIn, *, refuse: bool
) -> None:
    page = page_of(stand_in.api_url, refuse=refuse)

    back = through_github(page.describe(keep="keep" if refuse else "show"))
    first, second = page.get(back), page.get(back)

    (app,) = stand_in.state.apps.values()
    text = html.unescape(first.get_data(as_text=True))
    shown = (app.private_key, app.webhook_secret, str(app.id), "FAIRLEAD_URL", "http://localhost")
    assert all(value in text for value in shown)
    assert (page.kept, page.begun) == ([], [])
    assert (second.status_code, app.webhook_secret in second.get_data(as_text=True)) == (400, False)


def test_a_browser_that_did_not_begin_is_refused(stand_in: StandIn) -> None:
    """Else somebody could lead the operator to an App of theirs."""
    page = page_of(stand_in.api_url)
    back = through_github(page.describe())
    page.client.delete_cookie("fairlead_setup", path="/setup")

    answer = page.get(back)

    assert (answer.status_code, page.kept) == (400, [])


def test_a_state_that_was_not_given_out_or_is_old_is_refused(stand_in: StandIn) -> None:
    page = page_of(stand_in.api_url)
    back = through_github(page.describe())
    code = parse_qs(urlsplit(back).query)["code"][0]

    wrong = page.get(f"/setup/created?code={code}&state=guess")
    page.seconds = 3601
    old = page.get(back)

    assert (wrong.status_code, old.status_code, page.kept) == (400, 400, [])


def test_a_code_that_github_does_not_know_is_said(refusing_stand_in: StandIn) -> None:
    page = page_of(refusing_stand_in.api_url)
    action, _ = posted(page.describe())
    (state,) = parse_qs(urlsplit(action).query)["state"]

    answer = page.get(f"/setup/created?code={'0' * 40}&state={state}")

    assert (answer.status_code, page.setup.done) == (502, False)
    assert "GitHub answered 404" in answer.get_data(as_text=True)


def test_a_webhook_before_the_end_is_to_come_again(page: Page) -> None:
    assert page.client.post("/webhook", data=b"{}").status_code == 503
    assert page.get("/healthz").status_code == 200


def test_only_the_newest_registrations_are_remembered(page: Page) -> None:
    states = [page.setup.begin(keep=True) for _ in range(101)]

    assert page.setup.take_pending(states[0], states[0]) is None
    assert page.setup.take_pending(states[100], states[100]) is not None


@pytest.mark.parametrize(
    ("api", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://github.example.com/api/v3", "https://github.example.com"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com"),
    ],
)
def test_every_kind_of_github_has_its_page(api: str, web: str) -> None:
    wish = parse_registration("Fairlead", "", "https://fairlead.example.com")

    assert web_address(api) == web
    assert registration_url(wish, api, "a b") == f"{web}/settings/apps/new?state=a%20b"


def test_a_github_on_this_machine_may_be_told_of_this_machine() -> None:
    wish = parse_registration(" F ", "", "http://127.0.0.1:3000", local=True)

    assert wish == Registration("F", "", "http://127.0.0.1:3000")


def test_what_is_stored_is_its_owner_s_alone_and_is_read_again(tmp_path: Path) -> None:
    path = store(tmp_path / "data", HELD)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [held.name for held in path.parent.iterdir()] == ["app.json"]
    assert read_credentials(path.parent) == HELD
    settings = read_settings({"DATA_DIR": str(path.parent)})
    assert (
        settings.app_id,
        settings.private_key,
        settings.webhook_secrets,
        settings.missing(),
    ) == (
        "7",
        HELD.private_key,
        ("hush",),
        (),
    )


def test_what_the_environment_says_counts_more(tmp_path: Path) -> None:
    store(tmp_path, HELD)

    settings = read_settings({"DATA_DIR": str(tmp_path), "APP_ID": "8"})

    assert (settings.app_id, settings.missing()) == ("8", ("PRIVATE_KEY", "WEBHOOK_SECRET"))


def test_nothing_stored_is_ever_overwritten(tmp_path: Path) -> None:
    store(tmp_path, HELD)

    with pytest.raises(FileExistsError):
        store(tmp_path, Credentials("8", "other", "other"))
    assert (read_credentials(tmp_path), len(list(tmp_path.iterdir()))) == (HELD, 1)


def test_a_stored_key_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    store(tmp_path, HELD).chmod(0o644)

    with pytest.raises(UsageError, match="every user can read it: run chmod 600"):
        read_credentials(tmp_path)


def test_a_file_that_is_none_of_ours_is_refused_without_showing_it(tmp_path: Path) -> None:
    path = tmp_path / "app.json"
    path.write_text('{"private_key": "hush"')
    path.chmod(0o600)

    with pytest.raises(UsageError, match="is damaged: remove it and set up again") as caught:
        read_credentials(tmp_path)
    assert "hush" not in str(caught.value)


def test_secrets_stay_out_of_what_is_printed() -> None:
    assert "hush" not in repr(HELD)
