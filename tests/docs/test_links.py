"""Links between the pages, their place in the site, and what the pages say of the commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "rules/*.md", "deploy/**/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def prose(path: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", path.read_text("utf-8"))


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {text.strip().replace(" ", "-") for text in plain}


def dead_links(page: Path) -> Iterator[str]:
    text = re.sub(r"`[^`]*`", "", prose(page))
    for target in LINK.findall(text):
        parts = urlsplit(target)
        if parts.scheme:
            continue
        path = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
        if (
            not path.exists()
            or not path.is_relative_to(ROOT)
            or (parts.fragment and parts.fragment not in anchors(path))
        ):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(dead_links(page)) == []


def leaves(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    else:
        for child in node.values() if isinstance(node, dict) else node:
            yield from leaves(child)


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    listed = list(leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert len(listed) == len(set(listed))
    assert pages <= set(listed)
    assert all((ROOT / "docs" / name).is_file() or (ROOT / name).is_file() for name in listed)


def test_the_tutorial_is_what_the_commands_do() -> None:
    """Its commands are those of this version: each option and command that it names exists."""
    from bot.cli import cli  # noqa: PLC0415 - the commands

    text = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
    commands = re.findall(r"uvx (?:--from \S+ )?fairlead ([a-z-]+)", text)
    assert {"tools", "review", "policy", "demo", "backtest", "explain"} <= set(commands)
    context = cli.make_context("fairlead", [], resilient_parsing=True)
    assert set(commands) <= set(cli.list_commands(context))
