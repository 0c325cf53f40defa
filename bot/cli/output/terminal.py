"""Writing results and progress: to a file, standard output or a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_LINE_START = "\r\x1b[K"
"""Returns to the start of a terminal's line and erases it."""

PIPE_WIDTH = 100
"""Width of text where there is no terminal."""


def write(text: str, target: Path | None) -> None:
    """Write a result to `target`, or to standard output if that is None."""
    if target is None:
        # UTF-8 whatever the locale: names in manifests may contain any character.
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
        return
    try:
        target.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise click.ClickException(f"cannot write {str(target)!r}: {error.strerror}") from error


def console(target: Path | None = None) -> Console:
    """A console for this target. Colour is used only on a terminal and without NO_COLOR."""
    from rich.console import Console as RichConsole  # noqa: PLC0415 - slow, and not for --help

    terminal = target is None and sys.stdout.isatty()
    return RichConsole(
        width=None if terminal else PIPE_WIDTH,
        force_terminal=terminal,
        no_color=None if terminal else True,  # None: rich decides by NO_COLOR
        highlight=False,
        markup=False,
        emoji=False,
    )


def write_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table to standard output, fitted to the terminal if that is one."""
    from bot.cli.output.columns import text_table  # noqa: PLC0415 - rich is slow

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    write("".join(f"{line}\n" for line in text_table(columns, rows, width)), None)


def printed(lines: Iterable[Text], target: Path | None = None) -> str:
    """The lines as this target shows them, without wrapping: rich prints them in one step."""
    from rich.text import Text as RichText  # noqa: PLC0415 - slow, and not for --help

    text = RichText("\n").join(lines)
    target_console = console(target)
    if not target_console.is_terminal:
        return trimmed(text.plain)
    with target_console.capture() as captured:
        target_console.print(text, soft_wrap=True)
    return trimmed(captured.get())


def trimmed(text: str) -> str:
    """The text without the trailing spaces that tables pad lines with."""
    return "".join(f"{row.rstrip()}\n" for row in text.splitlines())


@contextmanager
def progress(doing: str) -> Iterator[Callable[[str], None]]:
    """Show on standard error that `doing` is under way, if that is a terminal.

    Yields a function that reports a further step: in place on a terminal, else as a line. It draws
    without a thread: the analysis forks this process, which only a process with one thread can.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda more: click.echo(f"fairlead: {more}", err=True)
        return
    try:
        _draw(doing)
        yield _draw
    finally:
        _draw("")


def _draw(text: str) -> None:
    """Replace the current line of standard error; control characters are left out."""
    printed = "".join(character for character in text if character.isprintable())
    width = shutil.get_terminal_size().columns - 1
    click.echo(f"{_LINE_START}{printed[:width]}", nl=False, err=True)
