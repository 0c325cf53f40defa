"""`fairlead rules` and `fairlead explain`: the catalogue, and one page of it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from bot.cli.completion import complete_rules
from bot.cli.output import terminal
from bot.cli.output.options import format_option
from bot.core.nearest import did_you_mean
from bot.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from bot.core.engine.rule import Rule

RULES_EPILOG: Final = """\b
Examples:
  fairlead rules
  fairlead rules --format json | jq -r '.[].id'"""

EXPLAIN_EPILOG: Final = """\b
Examples:
  fairlead explain rbac-privilege-added
  fairlead explain rbac-privilege-added > page.md"""

_MOST_HINTS: Final = 5

_SUMMARY_WIDTH: Final = 40
"""Columns that severity and summary need beside the id; in fewer, they stand below each other."""

_FINDING_ID: Final = re.compile(r"[0-9a-f]{8,}")


@click.command(epilog=RULES_EPILOG)
@format_option("text", "json")
def rules(form: str) -> None:
    """List every rule: its id, its default severity and what it finds."""
    from bot.catalog import load_rules  # noqa: PLC0415 - not for --help

    catalogue = load_rules()
    if form == "json":
        terminal.write(json.dumps([_entry(rule) for rule in catalogue], indent=2) + "\n", None)
        return
    console = terminal.console()
    longest = max(len(rule.id) for rule in catalogue)
    show = _in_columns if console.width >= longest + _SUMMARY_WIDTH else _stacked
    with console.capture() as captured:
        show(console, catalogue)
    terminal.write(terminal.trimmed(captured.get()), None)


def _in_columns(console: Console, catalogue: Sequence[Rule]) -> None:
    """Print one table. Ids and severities are never wrapped, so that they can be copied."""
    from rich.table import Table  # noqa: PLC0415 - not for --help

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(no_wrap=True)
    grid.add_column()
    for rule in catalogue:
        grid.add_row(rule.id, str(rule.severity), rule.page.headline)
    console.print(grid)


def _stacked(console: Console, catalogue: Sequence[Rule]) -> None:
    """Print what a rule finds below its rule's id and severity, for a terminal with few columns."""
    from rich.padding import Padding  # noqa: PLC0415 - not for --help
    from rich.text import Text  # noqa: PLC0415 - not for --help

    for rule in catalogue:
        title = Text.assemble((rule.id, "bold"), f" ({rule.severity})")
        console.print(title, soft_wrap=True)
        console.print(Padding(rule.page.headline, (0, 0, 0, 2)))


def _entry(rule: Rule) -> dict[str, Any]:
    """A rule for programs, with its options and their defaults as a policy spells them."""
    import msgspec  # noqa: PLC0415 - not for --help

    from bot.core.policy.releases import observed_until  # noqa: PLC0415 - not for --help

    options = msgspec.to_builtins(rule.options())
    until = observed_until(rule.id)
    return {
        "id": rule.id,
        "severity": str(rule.severity),
        "summary": rule.page.summary,
        "observes_until": until.isoformat() if until else None,
        "options": {key.replace("_", "-"): value for key, value in options.items()},
    }


@click.command(epilog=EXPLAIN_EPILOG)
@click.argument("rule", shell_complete=complete_rules)
def explain(rule: str) -> None:
    """Show the page of RULE: what it finds, why it matters and what to do."""
    from bot.catalog import load_rules  # noqa: PLC0415 - not for --help

    by_id = {known: entry for entry in load_rules() for known in (entry.id, *entry.aliases)}
    name = rule.replace("_", "-")
    if name not in by_id:
        if _FINDING_ID.fullmatch(rule):
            raise UsageError(
                f"{rule!r} is the id of a finding: name its rule, which is printed before the id"
            )
        hint = did_you_mean(name, by_id) or _containing(name, by_id)
        raise UsageError(f"unknown rule {rule!r}{hint} `fairlead rules` lists them all")
    page = by_id[name].page.text
    if not sys.stdout.isatty():
        terminal.write(page, None)
        return
    from rich.markdown import Markdown  # noqa: PLC0415 - not for --help

    terminal.console().print(Markdown(page, code_theme="ansi_dark"))


def _containing(text: str, ids: Iterable[str]) -> str:
    """The rules with this text in their ids, to follow a wrong name: `: see a, b, or`."""
    matching = [entry for entry in ids if text and text in entry][:_MOST_HINTS]
    return f": see {', '.join(matching)}, or" if matching else ":"
