"""A browser beside the demonstration: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from bot.cli.demo import _settings
from bot.standin.demo import Demonstration, demonstration

REQUIRED = "FAIRLEAD_BROWSER_REQUIRED"
"""Set where nothing may be skipped, as in CI."""


def chromium(playwright: Playwright, path: str) -> Browser:
    """Debian's Chromium, headless."""
    # It refuses its own sandbox to root, which CI containers often run as.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=path, args=arguments)


# Not for the session: Playwright keeps an event loop running, which other tests must not meet.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A headless Chromium. Skips where none is installed, unless one is required."""
    path = shutil.which("chromium")
    if path is None:
        message = "no chromium on the PATH: apt-get install chromium to run the browser tests"
        if os.environ.get(REQUIRED):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = chromium(playwright, path)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """The demonstration with a blocked pull request, 1, and one that waits for approval, 2."""
    del browser  # without one there is nothing to start
    directory: Path = tmp_path_factory.mktemp("demo")
    with demonstration(directory, _settings()) as running:
        running.open_bad("bad")
        running.open_wish("wish")
        yield running
