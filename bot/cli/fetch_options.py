"""How commands fetch what lies elsewhere: as the environment says, and not at all if asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.settings import FetchSettings, read_fetch_settings

if TYPE_CHECKING:
    from bot.fetch import Fetching

F = TypeVar("F", bound=Callable[..., Any])


def may_fetch(command: F) -> F:
    """A command that may fetch, with the option by which it does not."""
    return click.option(
        "--no-fetch",
        is_flag=True,
        help="Fetch nothing from elsewhere: remote bases and charts are named, never read.",
    )(command)


def fetching_here(cache: Path | None, *, no_fetch: bool) -> Fetching | None:
    """Fetching as the environment states it; None where nothing is fetched."""
    return None if no_fetch else fetching_by(read_fetch_settings(), cache, confined=True)


def fetching_by(settings: FetchSettings, folder: Path | None, *, confined: bool) -> Fetching | None:
    """Fetching by these settings, what came kept below a folder; None where nothing is fetched.

    `confined` refuses to fetch without a complete sandbox.
    """
    from bot.fetch import Fetching  # noqa: PLC0415 - not for --help

    if not settings.enabled:
        return None
    return Fetching(
        store=None if folder is None else folder / "fetched",
        enabled=True,
        hosts=settings.hosts,
        surroundings=settings.surroundings,
        confined=confined,
    )
