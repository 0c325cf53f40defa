"""`fairlead policy init`: propose a first policy from the contents of a commit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

from bot.cli.output import terminal
from bot.cli.repository_options import RepositoryOptions, repository_options
from bot.core.words import counted
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.core.policy.model import Policy

_SECONDS: Final = 300
"""After this long, no further merge is reviewed."""

_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~/-]*)?")

EPILOG: Final = """\b
Examples:
  fairlead policy init
  fairlead policy init origin/main --repo ~/src/gitops --write
  fairlead policy init --service https://fairlead.example.com --write"""


def service_address(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    """The address of a service, checked. Raises BadParameter for what a browser could not open."""
    if value is None or _ADDRESS.fullmatch(value):
        return value
    raise click.BadParameter(
        f"{value!r} is not an address such as https://fairlead.example.com", context, parameter
    )


@click.command("init", epilog=EPILOG)
@click.argument("commit", default="HEAD")
@repository_options("repo", "no_fetch")
@click.option(
    "--last",
    type=click.IntRange(0, 5000),
    default=20,
    show_default=True,
    help="How many of the last merges to review, to tell which would have been incomplete.",
)
@click.option(
    "--write",
    is_flag=True,
    help="Write the proposal to .github/fairlead.yml, unless that file exists.",
)
@click.option(
    "--service",
    metavar="URL",
    callback=service_address,
    help="The address of your Fairlead, from which editors take the policy's schema.",
)
def init(
    *, commit: str, where: RepositoryOptions, last: int, write: bool, service: str | None
) -> None:
    """Propose a policy from the contents of COMMIT, and print it.

    The proposal approves the registries and first path segments that images come from today,
    including rendered ones, takes the owners of namespaces from CODEOWNERS, and starts with
    `mode: observe`. COMMIT is a commit of the repository or a directory. Of a commit, the last
    merges are reviewed: how many would have been incomplete, why, and what would help.
    """
    from bot.catalog import rule_options  # noqa: PLC0415 - not for --help
    from bot.cli.comparison import open_sides  # noqa: PLC0415 - not for --help
    from bot.cli.in_use import in_use  # noqa: PLC0415 - not for --help
    from bot.cli.pairs import pairs_at  # noqa: PLC0415 - not for --help
    from bot.core.adoption.proposal import proposal, proposed_policy  # noqa: PLC0415 - not for --help
    from bot.core.codeowners import LOCATIONS, Codeowners, parse_codeowners  # noqa: PLC0415 - same
    from bot.core.policy.model import POLICY_PATH  # noqa: PLC0415 - not for --help
    from bot.core.policy.reading import parse_policy  # noqa: PLC0415 - not for --help
    from bot.core.policy.schema import schema_url  # noqa: PLC0415 - not for --help
    from bot.git.repository import working_tree  # noqa: PLC0415 - not for --help

    target = working_tree(where.repo) / POLICY_PATH if write else None
    if target is not None and target.exists():
        raise UsageError(f"{target} already exists: run without --write to print the proposal")
    with open_sides(commit, commit, where.repo) as sides:
        contents = (sides.at_head(path) for path in LOCATIONS)
        data = next((content for content in contents if content is not None), None)
    owners = Codeowners() if data is None else parse_codeowners(data.decode("utf-8", "replace"))
    states = [pair.before for pair in pairs_at(commit, where)]
    with terminal.progress("Looking for images"):
        content = in_use(commit, where.repo)
    if content.unseen:
        things = counted(content.unseen, "thing")
        click.echo(
            f"fairlead: warning: {things} could not be reviewed, such as remote bases: add the "
            "registries of their images yourself",
            err=True,
        )
    schema = schema_url(service) if service else None
    text = proposed_policy(proposal(states, content.origins, owners), schema)
    policy = parse_policy(text, rule_options())
    incomplete = list(_incomplete(commit, where, last, policy))
    for line in (*incomplete, "") if incomplete else ():
        click.echo(line, err=True)
    if target is None:
        terminal.write(text, None)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    terminal.write(text, target)
    terminal.write(f"wrote {target}\n", None)


def _incomplete(commit: str, where: RepositoryOptions, last: int, policy: Policy) -> Iterator[str]:
    """How many of the last merges would have been incomplete under the proposal, and why."""
    from bot.cli.commits import named_commit, repository_at  # noqa: PLC0415 - not for --help
    from bot.cli.past_merges import incomplete_lines, reviews_of  # noqa: PLC0415 - not for --help

    repository = repository_at(where.repo)
    tip = named_commit(repository, commit, where.repo)
    if repository is None or tip is None or not last:
        return
    merges = repository.first_parents(tip, last)
    outcomes = list(reviews_of(repository, merges, policy, where, _SECONDS))
    yield from incomplete_lines(outcomes)
