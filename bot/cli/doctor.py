"""`fairlead doctor`: what is wrong between this machine and GitHub, and what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from bot.cli.group import BLOCKED, PASS
from bot.cli.output import terminal
from bot.cli.output.options import format_option

EPILOG: Final = """\b
Examples:
  fairlead doctor
  fairlead doctor --repository example/gitops --format json
  fairlead doctor --offline --clone ~/src/gitops

\b
Exit status: 0 no problem (warnings included), 1 at least one problem, 2 wrong use."""

_MARKS: Final = {"ok": "ok     ", "warning": "warning", "problem": "PROBLEM"}


@click.command(epilog=EPILOG)
@click.option("--repository", metavar="OWNER/NAME", help="Check only this repository.")
@click.option(
    "--repositories",
    type=click.IntRange(1, 100),
    default=20,
    show_default=True,
    help="How many repositories of each installation to check.",
)
@click.option(
    "--clone",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Fetch the remote sources of this clone's default branch, as a review would.",
)
@click.option("--offline", is_flag=True, help="Check only this machine.")
@format_option("text", "json", meaning="text for people, json for machines.")
@click.pass_context
def doctor(  # noqa: PLR0913 - one parameter an option, all by name
    ctx: click.Context,
    *,
    repository: str | None,
    repositories: int,
    clone: Path | None,
    offline: bool,
    form: str,
) -> None:
    """Check settings, this machine, the App on GitHub and the rules of the branches.

    It takes the settings of the service from the environment and changes nothing. Each line is ok,
    warning or PROBLEM; where something is wrong, the next line says what to do.
    """
    from bot.cli.diagnosis.github import look_at_github  # noqa: PLC0415 - not for --help
    from bot.cli.diagnosis.here import look_here  # noqa: PLC0415 - not for --help
    from bot.settings import read_settings  # noqa: PLC0415 - not for --help

    settings = read_settings()
    lines = list(look_here(settings))
    if not offline:
        with terminal.progress("Asking GitHub"):
            lines += look_at_github(settings, repository, repositories)
    if clone is not None:
        from bot.cli.diagnosis.sources import look_at_sources  # noqa: PLC0415 - only where asked

        with terminal.progress("Fetching remote sources"):
            lines += look_at_sources(settings, clone, repository)
    if form == "json":
        document = {"schema": "fairlead.doctor/2", "lines": [line.document() for line in lines]}
        terminal.write(json.dumps(document, indent=2) + "\n", None)
    else:
        for line in lines:
            terminal.write(f"{_MARKS[line.status]}  {line.subject}: {line.message}\n", None)
            if line.advice:
                terminal.write(f"           -> {line.advice}\n", None)
    ctx.exit(BLOCKED if any(line.status == "problem" for line in lines) else PASS)
