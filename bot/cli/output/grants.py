"""Prints grants as a table or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from bot.cli.output import terminal

if TYPE_CHECKING:
    from rich.table import Table

_WIDEST: Final = 2_000
"""Columns of a table that is piped: a name that is wrapped cannot be copied."""


def print_grants(form: str, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """Print the rows as a table or as JSON. A table of one environment omits that column."""
    if form == "json":
        import json  # noqa: PLC0415 - not for --help

        terminal.write(json.dumps(list(rows), indent=2) + "\n", None)
        return
    shown = [
        column
        for column in columns
        if column != "environment" or len({row[column] for row in rows}) > 1
    ]
    out = terminal.console()
    if not out.is_terminal:
        out.width = _WIDEST
    with out.capture() as captured:
        out.print(_table(shown, rows) if rows else "Nobody and nothing.")
    terminal.write(terminal.trimmed(captured.get()), None)


def _table(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> Table:
    from rich.table import Table as RichTable  # noqa: PLC0415 - slow, and not for --help

    from bot.core.publish.markdown import visible  # noqa: PLC0415 - not for --help

    table = RichTable(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.upper(), overflow="fold")
    for row in rows:
        cells = (row[column] for column in columns)
        table.add_row(
            *(visible(", ".join(cell) if isinstance(cell, list) else str(cell)) for cell in cells)
        )
    return table
