"""Takes the pictures of the documentation, of the demonstration's pull request and its page.

`python -m tests.browser.pictures` writes those of `docs/`; with `--all DIRECTORY` it also takes
every page in both schemes and on a phone, to be looked at.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from bot.cli.demo import _settings
from bot.standin.demo import APPROVER, Demonstration, demonstration
from tests.browser.conftest import chromium
from tests.browser.test_walk import opened, signed_in

DOCS: Final = Path(__file__).parents[2] / "docs"
LOOKS: Final = (("light", False), ("dark", False), ("light", True), ("dark", True))


@contextmanager
def _demo() -> Iterator[Demonstration]:
    with (
        tempfile.TemporaryDirectory() as directory,
        demonstration(Path(directory), _settings()) as running,
    ):
        running.open_bad("storefront-uploads")
        running.open_wish("metrics")
        yield running


def _documented(browser: Browser, demo: Demonstration) -> None:
    """The pictures that the README and docs/pages.md show."""
    page = opened(browser)
    _sized(page, 1150, 1180)
    page.goto(demo.page(1))
    page.screenshot(path=DOCS / "picture.png")
    page.context.close()
    for name, scheme, phone in (
        ("page", "light", False),
        ("page-dark", "dark", False),
        ("page-phone", "light", True),
    ):
        page = opened(browser, scheme=scheme, phone=phone)  # type: ignore[arg-type]  # each is one
        signed_in(page, demo, APPROVER)
        if not phone:
            _sized(page, 1100, 1000)
        page.screenshot(path=DOCS / f"{name}.png")
        page.context.close()


def _sized(page: Page, width: int, height: int) -> None:
    page.set_viewport_size(ViewportSize(width=width, height=height))


def _everything(browser: Browser, demo: Demonstration, directory: Path) -> None:
    """Every page as a whole, in each look."""
    directory.mkdir(parents=True, exist_ok=True)
    demo.accept(2)
    for scheme, phone in LOOKS:
        page = opened(browser, scheme=scheme, phone=phone)  # type: ignore[arg-type]  # each is one
        signed_in(page, demo, APPROVER)
        accepted = demo.repository.pulls[2].head_sha
        addresses = {
            "review": page.url,
            "pull": demo.page(1),
            "home": f"{demo.service.url}/",
            "rules": f"{demo.service.url}/rules",
            "rule": f"{demo.service.url}/rules/rbac-privilege-added",
            "overview": f"{demo.service.admin_url}/",
            "accepted": f"{demo.service.url}/r/example/gitops/2/{accepted}",
            "accepted-pull": demo.page(2),
            "missing": f"{demo.service.url}/r/example/gitops/9/{'0' * 40}",
            "nowhere": f"{demo.service.url}/nowhere",
            "refused": f"{demo.service.url}/login/callback?state=s&code=c",
        }
        for name, address in addresses.items():
            page.goto(address)
            look = f"{name}-{scheme}{'-phone' if phone else ''}.png"
            page.screenshot(path=directory / look, full_page=True)
        page.context.close()


def main() -> None:
    """Takes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="DIRECTORY")
    chosen = parser.parse_args()
    with sync_playwright() as playwright, _demo() as demo:
        browser = chromium(playwright, shutil.which("chromium") or "chromium")
        _documented(browser, demo)
        if chosen.all:
            _everything(browser, demo, chosen.all)
        browser.close()


if __name__ == "__main__":
    main()
