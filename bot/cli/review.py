"""`fairlead review`: the review that the App would post, on this machine."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bot.cli.group import BLOCKED, INCOMPLETE, PASS
from bot.cli.output import terminal
from bot.cli.output.options import OutputOptions, output_options
from bot.cli.repository_options import RepositoryOptions, repository_options
from bot.errors import AnalysisError
from bot.settings import cache_directory, tool_folders

if TYPE_CHECKING:
    from bot.analysis.process.parent import AnalysisOptions
    from bot.cli.comparison import Sides
    from bot.core.engine.review import Review
    from bot.core.policy.model import Policy

FORMATS: Final = ("text", "json", "markdown", "sarif", "github")

STATUS: Final[Mapping[str, int]] = {
    "pass": PASS,
    "blocked": BLOCKED,
    "incomplete": INCOMPLETE,
}

EPILOG: Final = """\b
Examples:
  fairlead review origin/main HEAD
  fairlead review main feature --repo ~/src/gitops --format markdown
  fairlead review before/ after/ --policy fairlead.yml
  fairlead review origin/main HEAD --format sarif --output fairlead.sarif
  fairlead review origin/main HEAD --format github --report json=review.json
  fairlead review origin/main HEAD --fix

\b
Exit status: 0 pass, 1 blocked, 2 wrong use or an invalid policy,
3 incomplete (something could not be reviewed)."""


def _parse_reports(
    _: click.Context, __: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, Path], ...]:
    parsed = [value.partition("=") for value in values]
    for value, (form, _equals, path) in zip(values, parsed, strict=True):
        if form not in FORMATS or not path:
            legal = ", ".join(FORMATS)
            raise click.BadParameter(f"{value!r} is not FORMAT=FILE with one of {legal}")
    return tuple((form, Path(path)) for form, _equals, path in parsed)


@click.command(epilog=EPILOG)
@click.argument("base")
@click.argument("head")
@repository_options("repo", "policy", "organisation", "branch", "no_fetch", policy_of="BASE")
@output_options(FORMATS, "text for a terminal, markdown as on GitHub, github for a workflow's log.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORMAT=FILE",
    callback=_parse_reports,
    help="Also write the review to a file in this format. May be repeated.",
)
@click.option(
    "--fix",
    is_flag=True,
    help="Apply the fixes that are certain to the working tree, and show each as a diff.",
)
@click.pass_context
def review(  # noqa: PLR0913 - one parameter an option, all by name
    ctx: click.Context,
    *,
    base: str,
    head: str,
    where: RepositoryOptions,
    output: OutputOptions,
    reports: tuple[tuple[str, Path], ...],
    fix: bool,
) -> None:
    """Report what the change from BASE to HEAD would newly grant, run, expose or break.

    BASE and HEAD are each a commit of the repository or a directory. If both are commits, HEAD is
    compared with their merge base, as on GitHub.
    """
    # One review, then the process ends: what it makes is never garbage before that.
    gc.disable()
    # The engine is imported here, so that `fairlead --help` starts quickly.
    from bot.analysis.process.parent import AnalysisOptions  # noqa: PLC0415
    from bot.analysis.process.renders import renders_here  # noqa: PLC0415
    from bot.analysis.process.start import fork  # noqa: PLC0415
    from bot.cli.comparison import open_sides  # noqa: PLC0415
    from bot.cli.fix import apply_fixes, fixed_tree  # noqa: PLC0415
    from bot.cli.missing_renderers import offer_renderers  # noqa: PLC0415
    from bot.cli.output.formats import write_review  # noqa: PLC0415

    _warn_without_sandbox()
    cache = cache_directory()
    options = AnalysisOptions(
        namespace=output.namespace or "default",
        cache=cache,
        tenant=where.tenant,
        difference=output.form == "markdown",
        start=fork,
        renders=renders_here(tool_folders()),
        fetching=where.fetching(cache),
    )
    with open_sides(base, head, where.repo) as sides:
        policy = where.policy_for(sides)
        title = f"Comparing {base} with {head}"
        result, complete = _compare(sides, policy, options, output.form, title)
        if offer_renderers(result.problems):
            rendering = replace(options, renders=renders_here(tool_folders()))
            result, complete = _compare(sides, policy, rendering, output.form, title)
        # The output last: where a report cannot be written, JSON is the error alone.
        for name, path in (*reports, (output.form, output.target)):
            write_review(result, policy, sides.line, name, path)
        if fix and complete:
            apply_fixes(result, sides.at_head, fixed_tree(sides.head.name, where.repo))
    ctx.exit(STATUS[result.verdict])


def _compare(
    sides: Sides, policy: Policy, options: AnalysisOptions, form: str, title: str
) -> tuple[Review, bool]:
    """The review, and whether the analysis came to its end.

    Raises AnalysisError where it did not, but for JSON, which always gets a review.
    """
    from bot.analysis.review import failed_review  # noqa: PLC0415 - not for --help
    from bot.cli.comparison import compare  # noqa: PLC0415 - not for --help

    today = datetime.now(UTC).date()
    with terminal.progress(title) as report:
        try:
            return compare(sides, policy, today, replace(options, on_fetch=report)), True
        except AnalysisError as error:
            if form != "json":
                raise
            click.echo(f"fairlead: {error}", err=True)
            return failed_review(sides.base, sides.head, error), False


def _warn_without_sandbox() -> None:
    from bot.sandbox import sandbox_state  # noqa: PLC0415 - not for --help

    state = sandbox_state()
    if not state.complete:
        click.echo(f"fairlead: warning: manifests are read without a sandbox: {state}", err=True)
