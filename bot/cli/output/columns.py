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
    """The lines of a table with its header, for a terminal of `width` columns.

    A name that is wrapped cannot be copied. So where a table is too wide, its lists lose items,
    those of the widest column first: `get, list and 54 more`. If it is still too wide, each row
    becomes a block of lines: its first cell, and below it the others with their headers.
    With None, for a file or a pipe, the table stays as it is.
    """
    cells = [[visible(cell) for cell in row] for row in (columns, *rows)]
    if width is None:
        return _aligned(cells)
    excess = sum(_widths(cells)) + len(_GAP) * (len(columns) - 1) - width
    shorter = [row[:] for row in cells]
    for column, before in sorted(enumerate(_widths(cells)), key=lambda item: -item[1]):
        if excess > 0:
            for row in shorter:
                row[column] = _cut(row[column], max(0, before - excess))
            excess -= before - max(cell_len(row[column]) for row in shorter)
    return _aligned(shorter) if excess <= 0 else _blocks(cells, width)


def _widths(cells: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(*cells, strict=True)]


def _aligned(cells: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = _widths(cells)
    for row in cells:
        padded = (
            cell + " " * (column - cell_len(cell)) for cell, column in zip(row, widths, strict=True)
        )
        yield _GAP.join(padded).rstrip()


def _blocks(cells: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    (_, *headers), *rows = cells
    room = max(map(cell_len, headers), default=0)
    for first, *others in rows:
        yield first
        for header, cell in zip(headers, others, strict=True):
            if cell:
                label = f"{_GAP}{header}{' ' * (room - cell_len(header))}{_GAP}"
                yield f"{label}{_cut(cell, width - cell_len(label))}"


def _cut(cell: str, room: int) -> str:
    """The first items of a list that fit, at least one, and how many more there are.

    A list that would not get shorter stays whole.
    """
    items = cell.split(_SEPARATOR)
    if cell_len(cell) <= room or len(items) == 1:
        return cell
    for count in range(len(items) - 1, 1, -1):
        shorter = f"{_SEPARATOR.join(items[:count])} and {len(items) - count} more"
        if cell_len(shorter) <= room:
            return shorter
    return min(cell, f"{items[0]} and {len(items) - 1} more", key=cell_len)
