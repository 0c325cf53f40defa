"""The command line: which commands there are. Each is imported when it is called."""

from __future__ import annotations

import sys
from typing import Final

import click

from bot.cli.group import CommandEntry, CommandLine

COMMANDS: Final = (
    CommandEntry("demo", "bot.cli.demo:demo", "The whole App on this machine, without GitHub."),
    CommandEntry("review", "bot.cli.review:review", "What a change would do in the cluster."),
    CommandEntry("backtest", "bot.cli.backtest:backtest", "What the last merges would have got."),
    CommandEntry(
        "read", "bot.cli.read:read", "The resources of a file, as the cluster reads them."
    ),
    CommandEntry("map", "bot.cli.map:map_", "Who reaches whom on which port."),
    CommandEntry("rules", "bot.cli.rules:rules", "Every rule, with its default severity."),
    CommandEntry("explain", "bot.cli.rules:explain", "The page of a rule."),
    CommandEntry("who-can", "bot.cli.rbac:who_can", "Who may do something, as the manifests say."),
    CommandEntry("grants", "bot.cli.rbac:grants", "What a subject may do, or gains by a change."),
    CommandEntry(
        "tools", "bot.cli.tools:tools", "The renderers: what is here, and how to bring them."
    ),
    CommandEntry("policy", "bot.cli.policy:policy", "Check a policy file, or propose one."),
    CommandEntry("new-rule", "bot.cli.scaffold:new_rule", "Write the two files of a new rule."),
    CommandEntry("docs", "bot.cli.docs:docs", "Regenerate what is generated."),
    CommandEntry("serve", "bot.cli.serve:serve", "Take webhooks and review pull requests."),
    CommandEntry("worker", "bot.cli.serve:worker", "Review what other replicas took in."),
    CommandEntry("doctor", "bot.cli.doctor:doctor", "What is wrong between here and GitHub."),
    CommandEntry("replay", "bot.cli.replay:replay", "One delivery through the door again."),
)
"""In the order in which `fairlead --help` shows them."""


@click.group(
    "fairlead",
    cls=CommandLine,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`fairlead COMMAND --help` shows a command's options and examples.",
)
@click.version_option(package_name="fairlead", message="%(prog)s %(version)s")
def cli() -> None:
    """Review GitOps changes: what would this change newly grant, run, expose or break?"""


def main() -> None:
    """The entry point of the command `fairlead`."""
    sys.exit(cli.main(prog_name="fairlead"))
