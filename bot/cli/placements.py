"""`fairlead placements`: what is applied where, how, and which object says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import click

from bot.cli.output import terminal
from bot.cli.output.options import format_option
from bot.cli.repository_options import RepositoryOptions, repository_options

if TYPE_CHECKING:
    from bot.cli.pairs import LocatedPlacement

EPILOG: Final = """\b
Examples:
  fairlead placements
  fairlead placements origin/main --format json
  fairlead placements --diff origin/main HEAD"""

_SIGNS: Final = {"": "", "added": "+ ", "removed": "- "}
_COLUMNS: Final = ("ROOT", "KIND", "ENVIRONMENTS", "TOOL", "SAID BY", "SETTINGS")
_MOST_ENVIRONMENTS: Final = 3


@click.command(epilog=EPILOG)
@click.argument("commit", default="HEAD")
@click.option("--diff", nargs=2, metavar="BASE HEAD", help="Show what changes from BASE to HEAD.")
@format_option("text", "json", meaning="text is a table for people.")
@repository_options("repo", "policy")
def placements(
    *, commit: str, diff: tuple[str, str] | None, form: str, where: RepositoryOptions
) -> None:
    """Show every root of COMMIT: how it is built, where it is applied, and what says so.

    COMMIT is a commit of the repository or a directory. A review judges a change by this table, so
    it shows what Fairlead takes the repository to be.
    """
    from bot.cli.pairs import placements_at, placements_between  # noqa: PLC0415 - not for --help

    rows = placements_at(commit, where) if diff is None else placements_between(*diff, where)
    if form == "json":
        terminal.write(as_json(rows), None)
    elif rows:
        terminal.write_table(_COLUMNS, list(map(_cells, rows)))
    else:
        terminal.write("No placements.\n" if diff is None else "No placement differs.\n", None)


def _cells(row: LocatedPlacement) -> tuple[str, ...]:
    placement = row.placement
    names = placement.environments
    more = len(names) - _MOST_ENVIRONMENTS
    shown = ", ".join(names[:_MOST_ENVIRONMENTS]) + (f" and {more} more" if more > 0 else "")
    return (
        f"{_SIGNS[row.change]}{placement.root}",
        placement.kind if placement.applied else "not applied",
        shown if placement.applied else "",
        placement.tool,
        " ".join(_said_by(row)),
        " ".join(f"{name}={value}" for name, value in placement.settings),
    )


def _said_by(row: LocatedPlacement) -> Iterator[str]:
    if row.placement.applied:
        yield row.placement.said_by
    if row.path:
        yield f"{row.path}:{row.line}" if row.line is not None else row.path


def as_json(rows: Sequence[LocatedPlacement]) -> str:
    """The placements for machines."""
    import json  # noqa: PLC0415 - not for --help

    listed = [
        {
            "root": row.placement.root,
            "kind": row.placement.kind,
            "applied": row.placement.applied,
            "environments": list(row.placement.environments),
            "tool": row.placement.tool,
            "said_by": row.placement.said_by,
            "owner": row.placement.owner or None,
            "path": row.path or None,
            "line": row.line,
            "settings": dict(row.placement.settings),
            "change": row.change or None,
        }
        for row in rows
    ]
    return json.dumps({"schema": "fairlead.placements/1", "placements": listed}, indent=2) + "\n"
