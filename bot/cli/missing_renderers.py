"""Says which renderers a review lacked, and offers to install them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from bot.settings import tool_folders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.core.engine.review import Problem

_MARK: Final = " is not installed: run `fairlead tools fetch`"
"""The end of the message with which a missing renderer is reported, after its name."""


def offer_renderers(problems: Sequence[Problem]) -> bool:
    """Offer to install the renderers that these problems name; whether they were installed.

    At a terminal it asks; elsewhere it says the command. Nothing is said where no problem is about
    a renderer that is missing.
    """
    if not any(_MARK in problem.message for problem in problems):
        return False
    from bot.cli.tools import install_renderers  # noqa: PLC0415 - only where one is missing
    from bot.render.programs import pinned_tools  # noqa: PLC0415 - only where one is missing
    from bot.render.tools import find  # noqa: PLC0415 - only where one is missing

    missing = [
        tool.name
        for tool in pinned_tools()
        if any(f"{tool.name}{_MARK}" in problem.message for problem in problems)
        and find(tool.name, tool_folders()) is None
    ]
    folder = next(iter(tool_folders()), None)
    if not missing or folder is None:
        return False
    names = " and ".join(missing)
    verb = "is" if len(missing) == 1 else "are"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        click.echo(
            f"fairlead: {names} {verb} not installed, so the review is incomplete; "
            "`fairlead tools fetch` installs the pinned versions",
            err=True,
        )
        return False
    question = f"{names} {verb} not installed, so the review is incomplete. Install into {folder}?"
    if not click.confirm(question, default=True, err=True):
        return False
    install_renderers(folder)
    return True
