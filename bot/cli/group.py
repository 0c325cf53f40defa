"""A click group whose commands are imported when called, and whose errors are one sentence."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from bot.errors import AnalysisError, FairleadError

PASS: Final = 0
BLOCKED: Final = 1
WRONG_USE: Final = 2
INCOMPLETE: Final = 3

_INTERRUPTED: Final = 130
"""128 plus the number of SIGINT, as shells report it."""


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command: its name, its object (`module:object`), and its help in one line."""

    name: str
    target: str
    help: str

    def load(self) -> click.Command:
        """Import the command. Raises TypeError where the object is not a click command."""
        module, _, name = self.target.partition(":")
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.target} is not a click command")
        return command


class CommandLine(click.Group):
    """A group of the commands that `entries` lists, in that order."""

    def __init__(self, *args: Any, entries: Sequence[CommandEntry] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._entries = {entry.name: entry for entry in entries}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of the entries."""
        del ctx
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of this name; None where there is none."""
        del ctx
        entry = self._entries.get(cmd_name)
        return entry.load() if entry else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names. An unknown name fails with the nearest one."""
        name = args[0]
        if name not in self._entries and not name.startswith("-"):
            from bot.core.nearest import did_you_mean  # noqa: PLC0415 - only for a wrong name

            ctx.fail(f"unknown command {name!r}{did_you_mean(name, self._entries)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands into the help, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in self._entries.values()])

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and exit with its status."""
        kwargs["standalone_mode"] = False
        if sys.stdout is None:
            # The caller closed it (`>&-`): nothing is printed, and the status says the result.
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
        status = self._status(*args, **kwargs)
        # The interpreter looks for garbage once more when it ends, among all that was imported.
        gc.freeze()
        sys.exit(status)

    def _status(self, *args: Any, **kwargs: Any) -> int:
        try:
            status = super().main(*args, **kwargs)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            return WRONG_USE
        except BrokenPipeError:
            # The reader closed the pipe; flushing standard output at exit would fail again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PASS
        except (click.ClickException, click.Abort, FairleadError, OSError) as error:
            message, status = refusal(error)
            click.echo(f"fairlead: {message.strip()}", err=True)
        return status if isinstance(status, int) else PASS


def refusal(error: Exception) -> tuple[str, int]:
    """The message for an error, and the exit status."""
    if isinstance(error, click.ClickException):
        return _with_hint(error), WRONG_USE
    if isinstance(error, click.Abort):
        return "interrupted", _INTERRUPTED
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror}", WRONG_USE
    return str(error), INCOMPLETE if isinstance(error, AnalysisError) else WRONG_USE


def _with_hint(error: click.ClickException) -> str:
    message = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return message
    return f"{message.rstrip('.')} (see {context.command_path} --help)"
