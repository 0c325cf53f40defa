"""`fairlead policy init`: a first policy from what a commit holds."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from bot.cli import output
from bot.errors import UsageError

EPILOG: Final = """\b
Examples:
  fairlead policy init
  fairlead policy init origin/main --repo ~/src/gitops --write"""


@click.command("init", epilog=EPILOG)
@click.argument("commit", default="HEAD")
@click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    show_default="here",
    help="The repository that has the commit.",
)
@click.option(
    "--write", is_flag=True, help="Write .github/fairlead.yml of the repository, if there is none."
)
def init(*, commit: str, repo: Path, write: bool) -> None:
    """Propose a policy from what COMMIT holds, and print it.

    It approves the registries and first path segments that images come from today, rendered ones
    among them, and names the owners of namespaces by CODEOWNERS. It begins with `mode: observe`.
    COMMIT is a commit of the repository, or else a directory.
    """
    from bot.catalog import rule_options  # noqa: PLC0415 - not for --help
    from bot.cli.comparison import open_sides  # noqa: PLC0415 - not for --help
    from bot.cli.in_use import in_use  # noqa: PLC0415 - not for --help
    from bot.cli.pairs import pairs_at  # noqa: PLC0415 - not for --help
    from bot.core.adoption.proposal import proposal, proposed_policy  # noqa: PLC0415 - not for --help
    from bot.core.codeowners import LOCATIONS, Codeowners, parse_codeowners  # noqa: PLC0415 - same
    from bot.core.policy.model import POLICY_PATH  # noqa: PLC0415 - not for --help
    from bot.core.policy.reading import parse_policy  # noqa: PLC0415 - not for --help
    from bot.git.repository import working_tree  # noqa: PLC0415 - not for --help

    target = working_tree(repo) / POLICY_PATH if write else None
    if target is not None and target.exists():
        raise UsageError(f"{target} is there already: without --write the proposal is printed")
    with open_sides(commit, commit, repo) as sides:
        held = (sides.at_head(path) for path in LOCATIONS)
        data = next((found for found in held if found is not None), None)
    owners = Codeowners() if data is None else parse_codeowners(data.decode("utf-8", "replace"))
    states = [pair.before for pair in pairs_at(commit, repo, None)]
    with output.progress("Looking for images"):
        found = in_use(commit, repo)
    if found.unseen:
        things = "1 thing" if found.unseen == 1 else f"{found.unseen} things"
        click.echo(
            f"fairlead: warning: {things} could not be looked at, such as remote bases: add the "
            "registries of their images",
            err=True,
        )
    text = proposed_policy(proposal(states, found.origins, owners))
    parse_policy(text, rule_options())
    if target is None:
        output.write(text, None)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    output.write(text, target)
    output.write(f"wrote {target}\n", None)
