"""Prints grants as a table or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from bot.cli.output import terminal

_CLUSTER: Final = "*"
"""The scope of a grant in the whole cluster, as in the JSON."""


def print_grants(form: str, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """Print the rows as a table or as JSON.

    A table omits the environment where all rows have the same, and columns that no row fills.
    """
    if form == "json":
        import json  # noqa: PLC0415 - not for --help

        terminal.write(json.dumps(list(rows), indent=2) + "\n", None)
        return
    if not rows:
        terminal.write("Nobody and nothing.\n", None)
        return
    shown = [
        column
        for column in columns
        if any(row[column] for row in rows)
        and (column != "environment" or len({row[column] for row in rows}) > 1)
    ]
    cells = [[_cell(column, row[column]) for column in shown] for row in rows]
    terminal.write_table([column.upper() for column in shown], cells)


def _cell(column: str, value: Any) -> str:
    if column == "scope" and value == _CLUSTER:
        return "whole cluster"
    return ", ".join(value) if isinstance(value, list) else str(value)
