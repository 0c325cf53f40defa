"""The pages beside the walk: the rules, errors, and the set-up of an App, in every look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from bot.setup.registration import SetUp
from bot.setup.web import create_setup_app
from bot.standin import StandIn
from bot.standin.server import Server
from bot.store.audit import Audit
from bot.store.reviews import Reviews
from bot.web.pages import Site, create_pages
from bot.web.rule_pages import rule_pages
from tests.browser.test_walk import PHONE, Scheme, opened, serious_violations

LOOKS = [("light", False), ("dark", False), ("light", True)]


def fail() -> NoReturn:
    raise RuntimeError("this page is broken")


@pytest.fixture
def site() -> Iterator[str]:
    """The address of the public pages, and of one that fails."""
    app = Flask("pages", static_folder=None)
    app.register_blueprint(create_pages(Site(Reviews(), Audit(), "https://github.example")))
    app.add_url_rule("/broken", "broken", fail)
    server = Server(app)
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def setup(stand_in: StandIn) -> Iterator[str]:
    """The address of a set-up page, with its token."""
    setup = SetUp(stand_in.api_url, store=lambda _: None, on_stored=lambda: None)
    server = Server(create_setup_app(setup))
    server.start()
    yield f"{server.url}/setup?token={setup.token}"
    server.stop()


def kinds_of_rules() -> list[str]:
    """One rule for each set of HTML elements that pages of rules have."""
    kinds = {frozenset(re.findall(r"<(\w+)", rule.html)): rule.id for rule in rule_pages().values()}
    return list(kinds.values())


def faults(page: Page, *, phone: bool) -> list[str]:
    """What axe finds serious, and whether the page is wider than a phone."""
    found = serious_violations(page)
    if phone and page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
        found.append("wider than a phone")
    return found


@pytest.mark.parametrize(("scheme", "phone"), LOOKS)
def test_rules_and_errors_can_be_read(
    browser: Browser, site: str, scheme: Scheme, *, phone: bool
) -> None:
    page = opened(browser, scheme=scheme, phone=phone)
    paths = ["/", "/rules", "/nowhere", "/login", f"/r/o/n/1/{'a' * 40}", "/broken"]

    for path in [*paths, *(f"/rules/{rule}" for rule in kinds_of_rules())]:
        page.goto(f"{site}{path}")
        assert page.locator("h1").count() == 1
        assert (path, faults(page, phone=phone)) == (path, [])
    page.context.close()


@pytest.mark.parametrize(("scheme", "phone"), LOOKS)
def test_every_page_of_the_set_up_can_be_read(
    browser: Browser, setup: str, scheme: Scheme, *, phone: bool
) -> None:
    """From the page without a token by the form, with a wrong address first, to the new App."""
    page = opened(browser, scheme=scheme, phone=phone)
    origin = setup.partition("/setup")[0]
    seen: list[tuple[str, list[str]]] = []

    def look() -> None:
        seen.append((page.locator("h1").inner_text(), faults(page, phone=phone)))

    for address in (origin, f"{origin}/setup/created?state=s&code=c", setup):
        page.goto(address)
        look()
    page.fill("#organisation", "example")
    for address in ("https://127.0.0.2:1/x?y", origin):
        page.fill("#address", address)
        page.click("button")
        look()
    page.click("button:text-is('Create the App on GitHub')")
    page.wait_for_url(f"{origin}/setup/created**")
    look()

    assert [fault for fault in seen if fault[1]] == []
    assert len({heading for heading, _ in seen}) == len(seen) - 1
    page.context.close()
