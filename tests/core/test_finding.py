"""What findings show."""

from __future__ import annotations

from bot.core.finding import Table


def test_a_table_is_shown_without_columns_that_are_empty() -> None:
    table = Table(("Who", "On", "Named"), (("a", "pods", ""), ("b", "", "")))

    assert table.filled == Table(("Who", "On"), (("a", "pods"), ("b", "")))
    assert table.filled.filled == table.filled
