"""Where a command writes: a file, standard output, a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
        no_color=None if terminal else True,  # None: rich looks at NO_COLOR
        highlight=False,
        markup=False,
        emoji=False,
    )


def trimmed(text: str) -> str:
    """The text without the spaces by which tables fill the width of a terminal."""
    return "".join(f"{row.rstrip()}\n" for row in text.splitlines())


@contextmanager
def progress(doing: str) -> Iterator[Callable[[str], None]]:
    """Shows on standard error that something is being done, where that is a terminal.

    Gives what says more of it: there as well, and in lines of its own where there is no terminal.
    """
    if not sys.stderr.isatty():
        yield lambda more: click.echo(f"fairlead: {more}", err=True)
        return
    from rich.console import Console as RichConsole  # noqa: PLC0415 - slow, and not for --help
    from rich.text import Text  # noqa: PLC0415 - slow, and not for --help

    with RichConsole(stderr=True).status(Text(doing)) as status:
        yield lambda more: status.update(Text(more))
