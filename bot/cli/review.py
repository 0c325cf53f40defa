"""`fairlead review`: what the App would say, on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from bot.cli import output
from bot.cli.fetch_options import fetching_here, may_fetch
from bot.cli.group import BLOCKED, INCOMPLETE, PASS
from bot.settings import cache_directory, tool_folders

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
  fairlead review origin/main HEAD --fix

\b
Exit status: 0 pass, 1 blocked, 2 wrong use or a policy that is not valid,
3 incomplete (something could not be looked at)."""


@click.command(epilog=EPILOG)
@click.argument("base")
@click.argument("head")
@click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    show_default="here",
    help="The repository that has the commits.",
)
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The policy file; else .github/fairlead.yml of BASE.",
)
@click.option(
    "--organisation",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The organisation's policy, which lies under it.",
)
@click.option(
    "--branch",
    metavar="NAME",
    help="The target branch, of which the policy may speak; else the one that BASE names.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "sarif", "github"]),
    default="text",
    show_default=True,
    help="text for people, markdown as on GitHub, github for a workflow's log.",
)
@click.option(
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of standard output.",
)
@click.option(
    "--default-namespace",
    metavar="NS",
    help="The namespace of resources that name none, where the policy does not say it.",
)
@click.option(
    "--fix",
    is_flag=True,
    help="Put the fixes that are certain into the working tree, showing each as a difference.",
)
@may_fetch
@click.pass_context
def review(  # noqa: PLR0913 - one parameter an option, all by name
    ctx: click.Context,
    *,
    base: str,
    head: str,
    repo: Path,
    policy_file: Path | None,
    organisation: Path | None,
    branch: str | None,
    form: str,
    target: Path | None,
    default_namespace: str | None,
    fix: bool,
    no_fetch: bool,
) -> None:
    """What the change from BASE to HEAD would newly grant, run, expose or break.

    BASE and HEAD are each a commit of the repository or else a directory. Of two commits, HEAD is
    compared with their merge base, as on GitHub.
    """
    # Everything that reasons is imported here: `fairlead --help` has no use for it.
    from bot.analysis.process.parent import AnalysisOptions  # noqa: PLC0415
    from bot.analysis.process.renders import renders_here  # noqa: PLC0415
    from bot.analysis.process.start import fork  # noqa: PLC0415
    from bot.cli.comparison import compare, open_sides, read_policy  # noqa: PLC0415
    from bot.cli.fix import apply_fixes, fixed_tree  # noqa: PLC0415
    from bot.cli.formats import write_review  # noqa: PLC0415

    _warn_without_sandbox()
    cache = cache_directory()
    options = AnalysisOptions(
        namespace=default_namespace or "default",
        cache=cache,
        tenant=str(repo.resolve()),
        start=fork,
        renders=renders_here(tool_folders()),
        fetching=fetching_here(cache, no_fetch=no_fetch),
    )
    today = datetime.now(UTC).date()
    with open_sides(base, head, repo) as sides:
        policy = read_policy(policy_file, sides.policy, branch or sides.branch, organisation)
        with output.progress(f"Comparing {base} with {head}") as told:
            found = compare(sides, policy, today, replace(options, on_fetch=told))
        write_review(found, policy, sides.line, form, target)
        if fix:
            apply_fixes(found, sides.at_head, fixed_tree(sides.head.name, repo))
    ctx.exit(STATUS[found.verdict])


def _warn_without_sandbox() -> None:
    from bot.sandbox import sandbox_state  # noqa: PLC0415 - not for --help

    state = sandbox_state()
    if not state.complete:
        click.echo(f"fairlead: warning: manifests are read without a sandbox: {state}", err=True)
