"""`fairlead demo`: the whole App on this machine, without a GitHub account."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.analysis.sandbox import sandbox_state
from bot.cli.group import INCOMPLETE
from bot.cli.output import console
from bot.demo import Demonstration, Shown, Unexpected, demonstration
from bot.demo import unexpected_of_bad, unexpected_of_fix

if TYPE_CHECKING:
    from rich.console import Console


@click.command()
@click.option("--once", is_flag=True, help="End when everything was shown.")
def demo(*, once: bool) -> int:
    """Show the App at work: a pull request, its review, and the fix that turns it green.

    A stand-in for GitHub and the real service run on this machine, with real webhooks and real
    git, in a temporary directory. No account and no network are needed.
    """
    out = console()
    with tempfile.TemporaryDirectory(prefix="fairlead-demo-") as directory:
        try:
            with demonstration(Path(directory), _settings()) as running:
                wrong = [*_blocked(out, running), *_fixed(out, running)]
                if not wrong and not once:
                    _stay(out, running)
        except Unexpected as error:
            wrong = [str(error)]
    for line in wrong:
        click.echo(f"fairlead: not as expected: {line}", err=True)
    if not wrong:
        _progress("Everything was as expected.")
    return INCOMPLETE if wrong else 0
