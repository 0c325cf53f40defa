"""`fairlead staged`: the review of what is staged for the next commit, as a pre-commit hook."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

EPILOG: Final = """\b
Examples:
  fairlead staged
  fairlead staged --format json

\b
Exit status: as that of `fairlead review`."""


@click.command(
    epilog=EPILOG,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[REVIEW OPTIONS]")
@click.pass_context
def staged(ctx: click.Context, options: tuple[str, ...]) -> None:
    """Review what is staged for the next commit, compared with HEAD.

    Takes the options of `fairlead review`. It creates a commit object that no branch refers to, and
    changes neither the index nor the working tree.
    """
    from bot.cli.review import review  # noqa: PLC0415 - not for --help
    from bot.git.staged import staged_commits  # noqa: PLC0415 - not for --help

    repo = _repository(options)
    base, head = staged_commits(repo)
    status = review.main([base, head, *options], prog_name="fairlead review", standalone_mode=False)
    ctx.exit(status or 0)


def _repository(options: tuple[str, ...]) -> Path:
    """The value of `--repo` among the options, which the review reads as well."""
    for number, option in enumerate(options):
        if option.startswith("--repo="):
            return Path(option.partition("=")[2])
        if option == "--repo" and number + 1 < len(options):
            return Path(options[number + 1])
    return Path()
