"""Tables of text, whose lists are shortened where a terminal is too narrow for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len

from bot.core.publish.markdown import visible

_GAP: Final = "  "
_SEPARATOR: Final = ", "


def text_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None
) -> Iterator[str]:
    """The lines of a table with its header, cut to `width` columns of a terminal where possible.

    A name that is wrapped cannot be copied, so only lists lose items: `get, list and 54 more`.
    With None, for a file or a pipe, nothing is cut.
    """
    cells = [[visible(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=False)]
    excess = 0 if width is None else sum(widths) + len(_GAP) * (len(widths) - 1) - width
    if excess > 0:
        widest = widths.index(max(widths))
        room = max(0, widths[widest] - excess)
        for row in cells:
            row[widest] = _cut(row[widest], room)
        widths[widest] = max(cell_len(row[widest]) for row in cells)
    for row in cells:
        padded = (
            cell + " " * (column - cell_len(cell))
            for cell, column in zip(row, widths, strict=False)
        )
        yield _GAP.join(padded).rstrip()


def _cut(cell: str, room: int) -> str:
    """The first items of a list that fit, at least one, and how many more there are."""
    items = cell.split(_SEPARATOR)
    if cell_len(cell) <= room or len(items) == 1:
        return cell
    for count in range(len(items) - 1, 1, -1):
        shorter = f"{_SEPARATOR.join(items[:count])} and {len(items) - count} more"
        if cell_len(shorter) <= room:
            return shorter
    return f"{items[0]} and {len(items) - 1} more"
