"""The command line: the list of commands. Each is imported when it is called."""

from __future__ import annotations

import sys
from typing import Final

import click

from bot.cli.group import CommandEntry, CommandLine

COMMANDS: Final = (
    CommandEntry("demo", "bot.cli.demo:demo", "Run the whole App on this machine, without GitHub."),
    CommandEntry(
        "review", "bot.cli.review:review", "Review what a change would do in the cluster."
    ),
    CommandEntry("diff", "bot.cli.diff:diff", "Show what a change would change in the cluster."),
    CommandEntry("staged", "bot.cli.staged:staged", "Review what is staged for a commit."),
    CommandEntry("backtest", "bot.cli.backtest:backtest", "Review the last merges again."),
    CommandEntry(
        "read", "bot.cli.read:read", "Show the resources of a file as the cluster reads them."
    ),
    CommandEntry("map", "bot.cli.map:map_", "Show which pods can connect to which."),
    CommandEntry(
        "placements", "bot.cli.placements:placements", "Show what is applied where, and why."
    ),
    CommandEntry("rules", "bot.cli.rulebook.rules:rules", "List every rule."),
    CommandEntry("explain", "bot.cli.rulebook.rules:explain", "Show the page of a rule."),
    CommandEntry("who-can", "bot.cli.rbac:who_can", "List who may do something."),
    CommandEntry(
        "grants", "bot.cli.rbac:grants", "List what a subject may do, or gains by a change."
    ),
    CommandEntry("tools", "bot.cli.tools:tools", "List the renderers, or install the pinned ones."),
    CommandEntry("policy", "bot.cli.policy:policy", "Check a policy file, or propose one."),
    CommandEntry(
        "new-rule", "bot.cli.rulebook.scaffold:new_rule", "Write the two files of a new rule."
    ),
    CommandEntry("docs", "bot.cli.rulebook.docs:docs", "Regenerate the generated documents."),
    CommandEntry(
        "serve", "bot.cli.service.serve:serve", "Receive webhooks and review pull requests."
    ),
    CommandEntry(
        "worker",
        "bot.cli.service.serve:worker",
        "Review pull requests that other replicas received.",
    ),
    CommandEntry(
        "doctor", "bot.cli.doctor:doctor", "Diagnose this installation and its GitHub App."
    ),
    CommandEntry(
        "replay", "bot.cli.service.replay:replay", "Send one webhook delivery to the service again."
    ),
)
"""In the order in which `fairlead --help` shows them."""


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - as click calls it
    if not value or ctx.resilient_parsing:
        return
    from bot.version import describe  # noqa: PLC0415 - not for --help

    click.echo(f"fairlead {describe()}")
    ctx.exit()


@click.group(
    "fairlead",
    cls=CommandLine,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`fairlead COMMAND --help` shows a command's options and examples.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and the commit, and exit.",
)
def cli() -> None:
    """Review GitOps changes: what would this change newly grant, run, expose or break?"""


def main() -> None:
    """The entry point of the command `fairlead`."""
    sys.exit(cli.main(prog_name="fairlead"))
