"""`fairlead policy`: check a policy file, propose one, print the schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import click

from bot.cli.output import terminal
from bot.cli.policy_init import init, service_address
from bot.cli.repository_options import RepositoryOptions, repository_options
from bot.core.policy.model import Policy, Waiver
from bot.core.words import counted
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
    """Check a policy file, propose a first one, or print its JSON Schema."""


policy.add_command(init)


@policy.command(epilog=CHECK_EPILOG)
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@click.option(
    "--at",
    "commit",
    metavar="COMMIT",
    help="Also report waivers that match nothing in this commit or directory.",
)
@repository_options("repo", "organisation")
def check(file: Path | None, commit: str | None, where: RepositoryOptions) -> None:
    """Report every error in a policy file.

    FILE defaults to .github/fairlead.yml of the repository. With --organisation and no FILE, the
    organisation's policy is checked by itself. Waivers that have expired or match nothing are
    reported too, and so are values that are legal and rarely meant, such as an approved image with
    a tag; they are not errors.
    """
    from bot.cli.policies import policies_of, read_policy, warnings_of  # noqa: PLC0415 - not for --help

    organisation = where.organisation
    file = _default(where.repo, needed=organisation is None) if file is None else file
    policies = policies_of(file, organisation)
    today = datetime.now(UTC).date()
    for waiver in dict.fromkeys(
        listed for branch_policy in policies.values() for listed in branch_policy.waivers
    ):
        if waiver.expires < today:
            _say(waiver, f"expired on {waiver.expires}")
    if commit is not None:

        def at(branch: str | None) -> Policy:
            return read_policy(file, None, branch, organisation)

        _say_unused(at, commit, where.repo, today)
    for checked in (organisation, file):
        if checked is not None:
            for warning in warnings_of(checked, today):
                terminal.write(f"{checked}:{warning.line}: warning: {warning.message}\n", None)
            terminal.write(f"{checked} is valid\n", None)


def _default(repo: Path, *, needed: bool) -> Path | None:
    """The path where the App reads the policy. Raises UsageError where it is needed but missing."""
    from bot.core.policy.model import MISNAMED, POLICY_PATH  # noqa: PLC0415 - not for --help

    path, wrong = repo / POLICY_PATH, repo / MISNAMED
    if path.is_file():
        return path
    if needed and wrong.is_file():
        raise UsageError(f"Fairlead does not read {wrong}: rename it to {path}")
    if needed:
        raise UsageError(
            f"{path} does not exist: name a file, or start with `fairlead policy init`"
        )
    return None


def _say_unused(
    policy_at: Callable[[str | None], Policy], commit: str, repo: Path, today: date
) -> None:
    from bot.cli.waivers import unused  # noqa: PLC0415 - slow, and not for --help

    result = unused(policy_at, commit, repo, today)
    for waiver in result.waivers:
        _say(waiver, f"matches nothing in {commit}")
    if result.waivers and result.unseen:
        things = counted(result.unseen, "thing")
        terminal.write(
            f"{things} in {commit} could not be reviewed and may need these waivers\n", None
        )


def _say(waiver: Waiver, what: str) -> None:
    named = " for ".join(
        name for name in (waiver.rule or waiver.fingerprint, waiver.resource) if name
    )
    terminal.write(f"the waiver of {named} {what}\n", None)


@policy.command(epilog=SCHEMA_EPILOG)
@click.option(
    "--organisation",
    is_flag=True,
    help="Print the schema of the organisation's policy, which has `locked`.",
)
@click.option(
    "--service",
    metavar="URL",
    callback=service_address,
    help="The address of the Fairlead that publishes it, as its `$id`.",
)
def schema(*, organisation: bool, service: str | None) -> None:
    """Print the JSON Schema of the policy, for editors."""
    from bot.catalog import rule_options  # noqa: PLC0415 - not for --help
    from bot.core.policy.organisation import organisation_schema  # noqa: PLC0415 - not for --help
    from bot.core.policy.schema import policy_schema, published  # noqa: PLC0415 - not for --help

    if organisation and service:
        raise UsageError("a service publishes the repositories' schema: use one of the two options")
    document = (organisation_schema if organisation else policy_schema)(rule_options())
    document = published(document, service) if service else document
    terminal.write(json.dumps(document, indent=2) + "\n", None)
