"""Where a command writes: a file, standard output, a terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 100
"""How wide text is where there is no terminal to ask."""


def write(text: str, target: Path | None) -> None:
    """Write a result: to the file, else to standard output."""
    if target is None:
        # The bytes are the same whatever the locale says; a name may hold anything.
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
        return
    try:
        target.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise click.ClickException(f"cannot write {str(target)!r}: {error.strerror}") from error


def console(target: Path | None = None) -> Console:
    """A console for this target: colour only for a terminal, and never with NO_COLOR."""
    from rich.console import Console as RichConsole  # noqa: PLC0415 - slow, and not for --help

    terminal = target is None and sys.stdout.isatty()
    return RichConsole(
        width=None if terminal else PIPE_WIDTH,
        force_terminal=terminal,
        no_color=True if not terminal or os.environ.get("NO_COLOR") else None,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )
