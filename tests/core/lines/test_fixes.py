"""Suggestions are put into files so that nothing else moves."""

from __future__ import annotations

import pytest

from bot.core.engine.review import Location, ReviewFinding, Suggestion
from bot.core.finding import Severity
from bot.core.lines.fixes import Edit, edit, suggestions


def finding(path: str, suggestion: Suggestion | None, side: str = "RIGHT") -> ReviewFinding:
    return ReviewFinding(
        rule="r",
        severity=Severity.ERROR,
        message="m",
        environments=("default",),
        resource=None,
        location=Location(path, 1, "LEFT" if side == "LEFT" else "RIGHT"),
        fingerprint="f",
        suggestion=suggestion,
    )


def test_the_suggestions_of_a_review_are_grouped_by_file_each_once() -> None:
    one, two = Suggestion(1, 1, "x"), Suggestion(3, 3, "y")

    found = suggestions(
        [
            finding("b.yaml", two),
            finding("b.yaml", one),
            finding("b.yaml", one),
            finding("a.yaml", one),
            finding("a.yaml", None),
            finding("a.yaml", two, "LEFT"),
        ]
    )

    assert found == {"a.yaml": (one,), "b.yaml": (one, two)}


@pytest.mark.parametrize(
    ("text", "wanted", "new", "left"),
    [
        ("a\nb\nc\n", [(2, 2, "x")], "a\nx\nc\n", 0),
        ("a\nb\nc", [(3, 3, "x"), (1, 1, "y")], "y\nb\nx", 0),
        ("a\r\nb\r\n", [(1, 1, "x")], "x\r\nb\r\n", 0),
        ("a\nb\nc\n", [(1, 2, "x")], "x\nc\n", 0),
        ("a\nb\nc\n", [(1, 1, "x\ny")], "x\ny\nb\nc\n", 0),
        ("a\nb\n", [(1, 1, "x"), (1, 1, "y")], "x\nb\n", 1),
        ("a\n", [(2, 2, "x"), (1, 0, "y")], "a\n", 2),
        ("a\u2028b\x0c\nc\n", [(2, 2, "x")], "a\u2028b\x0c\nx\n", 0),
        ("", [(1, 1, "x")], "", 1),
    ],
)
def test_lines_are_replaced_where_they_stand(
    text: str, wanted: list[tuple[int, int, str]], new: str, left: int
) -> None:
    found = edit("a.yaml", text, [Suggestion(*held) for held in wanted])

    assert (found.new, len(found.skipped)) == (new, left)


def test_the_difference_is_shown_as_git_shows_it() -> None:
    assert Edit("a.yaml", "a\nb\nc", "a\nx\nc").diff == (
        "--- a/a.yaml\n+++ b/a.yaml\n@@ -2 +2 @@\n-b\n+x\n"
    )
