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
        (29, "configmaps and 3 more"),
    ],
)
def test_only_lists_are_cut_to_the_width_of_a_terminal(width: int | None, cut: str) -> None:
    lines = [line.split(maxsplit=1) for line in text_table(("WHO", "ON"), ROWS, width)]

    assert lines == [["WHO", "ON"], ["a", cut], ["bb", "a-name-that-is-never-cut"]]


def test_of_several_lists_the_widest_is_cut_first() -> None:
    rows = [("get, list, patch, watch", "configmaps, pods, secrets, services")]

    tables = [list(text_table(("MAY", "ON"), rows, width))[1] for width in (46, 45, 37)]

    assert tables == [
        "get, list, patch, watch  configmaps and 3 more",
        "get, list and 2 more  configmaps and 3 more",
        "get and 3 more  configmaps and 3 more",
    ]


def test_a_short_list_that_would_not_get_shorter_stays_whole() -> None:
    assert next(text_table(("ON", "MAY"), [("a, b", "x")], 5)) == "a, b"


def test_a_table_that_is_still_too_wide_has_a_block_for_each_row() -> None:
    rows = [("Deployment/shop/api", "registry.example.com/api:1", "get, list, watch, patch", "")]

    assert list(text_table(("CONTAINER", "BEFORE", "MAY", "NAMES"), rows, 20)) == [
        "Deployment/shop/api",
        "  BEFORE  registry.example.com/api:1",
        "  MAY     get and 3 more",
    ]
