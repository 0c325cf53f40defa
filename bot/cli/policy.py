"""`fairlead policy`: check a policy file, propose one, print the schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import click

from bot.cli import output
from bot.cli.policy_init import init
from bot.core.policy.model import Policy, Waiver
from bot.errors import UsageError

CHECK_EPILOG: Final = """\b
Examples:
  fairlead policy check
  fairlead policy check drafts/fairlead.yml
  fairlead policy check --at origin/main
  fairlead policy check --organisation ../.github/fairlead.yml"""

SCHEMA_EPILOG: Final = """\b
Examples:
  fairlead policy schema > .vscode/fairlead.schema.json
  fairlead policy schema --organisation"""


@click.group()
def policy() -> None:
    """Check a policy file, propose a first one, or print the schema."""


policy.add_command(init)


@policy.command(epilog=CHECK_EPILOG)
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@click.option(
    "--organisation",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The organisation's policy, which lies under it; without FILE it is checked by itself.",
)
@click.option(
    "--at",
    "commit",
    metavar="COMMIT",
    help="Also say which waivers match nothing that stands in this commit or directory.",
)
@click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    show_default="here",
    help="The repository that has the commit.",
)
def check(file: Path | None, organisation: Path | None, commit: str | None, repo: Path) -> None:
    """Say everything that is wrong with a policy.

    FILE is by default .github/fairlead.yml of the repository. A waiver that has expired, or that
    nothing needs, is said as well; it is no error.
    """
    from bot.cli.comparison import policies_of, read_policy  # noqa: PLC0415 - not for --help

    file = _default(repo, needed=organisation is None) if file is None else file
    policies = policies_of(file, organisation)
    today = datetime.now(UTC).date()
    for waiver in dict.fromkeys(held for one in policies.values() for held in one.waivers):
        if waiver.expires < today:
            _say(waiver, f"has expired on {waiver.expires}")
    if commit is not None:

        def at(branch: str | None) -> Policy:
            return read_policy(file, None, branch, organisation)

        _say_unused(at, commit, repo, today)
    for checked in (organisation, file):
        if checked is not None:
            output.write(f"{checked} is valid\n", None)


def _default(repo: Path, *, needed: bool) -> Path | None:
    """The policy where the App looks for it. Raises UsageError where it is needed and not there."""
    from bot.core.policy.model import MISNAMED, POLICY_PATH  # noqa: PLC0415 - not for --help

    found, wrong = repo / POLICY_PATH, repo / MISNAMED
    if found.is_file():
        return found
    if needed and wrong.is_file():
        raise UsageError(f"nobody reads {wrong}: name it {found}")
    if needed:
        raise UsageError(f"there is no {found}: name a file, or begin with `fairlead policy init`")
    return None


def _say_unused(
    policy_at: Callable[[str | None], Policy], commit: str, repo: Path, today: date
) -> None:
    from bot.cli.waivers import unused  # noqa: PLC0415 - slow, and not for --help

    found = unused(policy_at, commit, repo, today)
    for waiver in found.waivers:
        _say(waiver, f"matches nothing that stands in {commit}")
    if found.waivers and found.unseen:
        things = "1 thing" if found.unseen == 1 else f"{found.unseen} things"
        output.write(f"{things} of {commit} could not be looked at and may need them\n", None)


def _say(waiver: Waiver, what: str) -> None:
    named = " for ".join(
        name for name in (waiver.rule or waiver.fingerprint, waiver.resource) if name
    )
    output.write(f"the waiver of {named} {what}\n", None)


@policy.command(epilog=SCHEMA_EPILOG)
@click.option("--organisation", is_flag=True, help="Of the organisation's policy, with `locked`.")
def schema(*, organisation: bool) -> None:
    """Print the JSON Schema of the policy, for editors."""
    from bot.catalog import rule_options  # noqa: PLC0415 - not for --help
    from bot.core.policy.organisation import organisation_schema  # noqa: PLC0415 - not for --help
    from bot.core.policy.schema import policy_schema  # noqa: PLC0415 - not for --help

    found = (organisation_schema if organisation else policy_schema)(rule_options())
    output.write(json.dumps(found, indent=2) + "\n", None)
