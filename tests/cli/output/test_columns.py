"""Tables of text at the width of a terminal."""

from __future__ import annotations

import pytest

from bot.cli.output.columns import text_table

ROWS = [("a", "configmaps, pods, secrets, services"), ("bb", "a-name-that-is-never-cut")]


@pytest.mark.parametrize(
    ("width", "cut"),
    [
        (None, "configmaps, pods, secrets, services"),
        (80, "configmaps, pods, secrets, services"),
        (32, "configmaps, pods and 2 more"),
        (31, "configmaps and 3 more"),
        (1, "configmaps and 3 more"),
    ],
)
def test_only_lists_are_cut_to_the_width_of_a_terminal(width: int | None, cut: str) -> None:
    lines = [line.split(maxsplit=1) for line in text_table(("WHO", "ON"), ROWS, width)]

    assert lines == [["WHO", "ON"], ["a", cut], ["bb", "a-name-that-is-never-cut"]]
