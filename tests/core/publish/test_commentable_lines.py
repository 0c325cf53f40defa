"""Which lines GitHub accepts a comment on."""

from __future__ import annotations

import difflib
import random

import pytest

from bot.core.finding import Side
from bot.core.publish.commentable_lines import CommentableLine, Hunks, parse_patch

PATCH = """\
@@ -1,4 +1,4 @@ spec:
 one
-two
+TWO
 three
 four
@@ -10,2 +10,3 @@
 ten
+ten and a half
 eleven
\\ No newline at end of file"""


@pytest.mark.parametrize(
    ("line", "side", "anchor"),
    [
        (1, "RIGHT", CommentableLine(1, "RIGHT")),
        (2, "RIGHT", CommentableLine(2, "RIGHT")),
        (2, "LEFT", CommentableLine(2, "LEFT")),
        (1, "LEFT", CommentableLine(1, "RIGHT")),
        (11, "LEFT", CommentableLine(12, "RIGHT")),
        (11, "RIGHT", CommentableLine(11, "RIGHT")),
        (5, "RIGHT", None),
        (9, "RIGHT", None),
        (13, "RIGHT", None),
        (5, "LEFT", None),
        (0, "RIGHT", None),
    ],
)
def test_a_comment_stands_on_a_removed_line_or_on_what_head_shows(
    line: int, side: Side, anchor: CommentableLine | None
) -> None:
    assert parse_patch(PATCH).anchor(line, side) == anchor


@pytest.mark.parametrize(
    ("start", "end", "holds"), [(1, 4, True), (10, 12, True), (4, 10, False), (12, 13, False)]
)
def test_lines_of_a_comment_are_lines_of_one_hunk(start: int, end: int, *, holds: bool) -> None:
    assert parse_patch(PATCH).holds(start, end) == holds


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ("", Hunks(frozenset(), frozenset(), {})),
        ("@@ -0,0 +1 @@\n+only", Hunks(frozenset({1}), frozenset(), {})),
        ("@@ -1 +0,0 @@\n-only", Hunks(frozenset(), frozenset({1}), {})),
        # What looks like a header, or ends lines elsewhere than in git, is text of a line.
        ("@@ -1 +1,2 @@\n x\n+@@ -9 +9 @@", Hunks(frozenset({2}), frozenset(), {1: 1})),
        ("@@ -0,0 +1,2 @@\n+a\rb\u2028c\n+d", Hunks(frozenset({1, 2}), frozenset(), {})),
        ("@@ -1,2 +1,2 @@\n--- a\n+++ b\n c", Hunks(frozenset({1}), frozenset({1}), {2: 2})),
        (
            "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file",
            Hunks(frozenset({1}), frozenset({1}), {}),
        ),
        ("nonsense\n+x", Hunks(frozenset(), frozenset(), {})),
    ],
)
def test_only_what_stands_in_a_hunk_is_a_line(patch: str, expected: Hunks) -> None:
    assert parse_patch(patch) == expected


def test_the_lines_are_those_that_differ() -> None:
    """Whatever two texts are, added and removed lines are at the places that the patch says."""
    chance = random.Random(7)  # noqa: S311 - a table of texts, not a key
    for _ in range(200):
        old, new = ([chance.choice("abc") for _ in range(chance.randrange(12))] for _ in range(2))
        patch = "\n".join(list(difflib.unified_diff(old, new, lineterm="", n=1))[2:])

        hunks = parse_patch(patch)

        assert {line: new[line - 1] for line in hunks.context.values()} == {
            shown: old[line - 1] for line, shown in hunks.context.items()
        }
        kept = [text for line, text in enumerate(old, 1) if line not in hunks.removed]
        assert kept == [text for line, text in enumerate(new, 1) if line not in hunks.added]
