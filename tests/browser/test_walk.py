"""What people see in a browser: the walk from the check to the page, and how it reads."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from bot.standin.demo import APPROVER, Demonstration
from bot.standin.service_process import wait_until

AXE = gzip.decompress(
    (Path(__file__).parents[1] / "data" / "axe" / "axe.min.js.gz").read_bytes()
).decode()
SERIOUS = {"serious", "critical"}
PHONE: ViewportSize = {"width": 390, "height": 844}

Scheme: TypeAlias = Literal["light", "dark"]


def opened(
    browser: Browser, *, scheme: Scheme = "light", phone: bool = False, scripts: bool = True
) -> Page:
    """A new browser's page. The tests' own script may run in it, in spite of the pages' policy."""
    context = browser.new_context(
        bypass_csp=True,
        color_scheme=scheme,
        java_script_enabled=scripts,
        viewport=PHONE if phone else {"width": 1200, "height": 900},
    )
    context.set_default_timeout(20_000)
    return context.new_page()


def signed_in(page: Page, demo: Demonstration, login: str, number: int = 1) -> None:
    """From the pull request by "details" and GitHub's question to the review's page."""
    page.goto(demo.page(number))
    page.click("a:text-is('details')")
    page.click(f"button:text-is('Continue as {login}')")
    page.wait_for_url(f"{demo.service.url}/r/**")
    page.wait_for_load_state()


def serious_violations(page: Page) -> list[str]:
    """The ids of what axe finds serious on the page that is shown."""
    page.evaluate(AXE)
    result: dict[str, Any] = page.evaluate("axe.run()")
    return [violation["id"] for violation in result["violations"] if violation["impact"] in SERIOUS]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = opened(browser)
    yield page
    page.context.close()


def test_details_leads_to_the_review_after_signing_in(page: Page, demo: Demonstration) -> None:
    signed_in(page, demo, APPROVER)

    head = demo.repository.pulls[1].head_sha
    assert page.url == f"{demo.service.url}/r/example/gitops/1/{head}"
    assert page.locator("h1").inner_text().startswith("Blocked ")
    assert page.locator(".finding.error").count() == 5
    assert page.locator("#changes").is_visible()
    assert page.locator("svg[role=img]").count() == 1
    assert f"/fairlead approve {page.locator('.accept .copy').first.inner_text()[18:26]}" in (
        page.locator(".accept").first.inner_text()
    )


def test_who_may_not_read_the_repository_sees_nothing(page: Page, demo: Demonstration) -> None:
    demo.github.state.account("stranger")

    signed_in(page, demo, "stranger")

    assert page.locator("h1").inner_text() == "Not found"
    assert "storefront" not in page.locator("body").inner_text()


def test_a_finding_leads_to_the_line_and_to_its_rule(page: Page, demo: Demonstration) -> None:
    signed_in(page, demo, APPROVER)

    where = page.locator("a.where").first.get_attribute("href") or ""
    page.click(".finding.error .meta a[href^='/rules/']")

    head = demo.repository.pulls[1].head_sha
    assert where.startswith(f"{demo.github.url}/example/gitops/blob/{head}/platform/rbac/")
    assert page.locator("h1").inner_text() == page.url.rpartition("/")[2]


def test_an_approver_accepts_in_a_comment_and_the_check_turns_green(
    page: Page, demo: Demonstration
) -> None:
    page.goto(demo.page(2))
    command = page.locator("td code:has-text('/fairlead approve')").first.inner_text()
    page.select_option("#login", APPROVER)
    page.fill("#body", command.replace("REASON", "agreed in the weekly meeting"))
    with page.expect_navigation():
        page.click("form button:text-is('Comment')")

    def green() -> bool:
        page.goto(demo.page(2))
        return page.locator(".merge.green").count() == 1

    assert wait_until(green)
    assert "accepted by" in page.locator(".markdown:has-text('Accepted')").last.inner_text()


def test_everything_is_readable_without_scripts_and_by_keyboard(
    browser: Browser, demo: Demonstration
) -> None:
    page = opened(browser, scripts=False)
    signed_in(page, demo, APPROVER)

    page.keyboard.press("Tab")
    assert page.locator(".skip").is_visible()
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    assert "spec.template.spec.containers" in page.locator("#changes ~ details").last.inner_text()
    page.context.close()


@pytest.mark.parametrize(
    "address", ["/", "/rules", "/rules/rbac-privilege-added", "/nowhere", "overview", "review"]
)
def test_nothing_is_wider_than_a_phone(browser: Browser, demo: Demonstration, address: str) -> None:
    page = opened(browser, phone=True)
    if address == "review":
        signed_in(page, demo, APPROVER)
    elif address == "overview":
        page.goto(f"{demo.service.admin_url}/")
    else:
        page.goto(f"{demo.service.url}{address}")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, demo: Demonstration, scheme: Scheme) -> None:
    page = opened(browser, scheme=scheme)
    signed_in(page, demo, APPROVER)
    review = page.url
    addresses = [
        review,
        f"{demo.service.url}/r/example/gitops/2/{demo.repository.pulls[2].head_sha}",
        *(f"{demo.service.url}{path}" for path in ("/", "/rules", "/rules/rbac-privilege-added")),
        *(f"{demo.service.url}{path}" for path in ("/nowhere", "/login/callback?state=s&code=c")),
        f"{demo.service.admin_url}/",
    ]

    serious: list[tuple[str, str]] = []
    for address in addresses:
        page.goto(address)
        serious += [(address, violation) for violation in serious_violations(page)]

    assert serious == []
    page.context.close()
