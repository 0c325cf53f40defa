"""Which findings a posted text names by their ids."""

from __future__ import annotations

from bot.core.publish.markdown import LONGEST_BODY, prose
from bot.core.publish.named_ids import marked, shown_id, without_marks

FIRST, SECOND = "0123456789abcdef", "fedcba9876543210"


def test_a_text_names_what_it_shows() -> None:
    rendered = without_marks(f"one {shown_id(FIRST)}, two {shown_id(SECOND)}.\n")
    assert rendered.text == "one `01234567`, two `fedcba98`.\n"
    assert rendered.names == {FIRST, SECOND}


def test_what_is_cut_off_is_not_named() -> None:
    filler = "a line\n" * (LONGEST_BODY // 7)
    rendered = without_marks(f"{shown_id(FIRST)}\n{filler}{shown_id(SECOND)}\n")
    assert rendered.names == {FIRST}
    assert "fedcba98" not in rendered.text


def test_marks_take_no_room() -> None:
    text = "a line\n" * (LONGEST_BODY // 7)
    rendered = without_marks(text.replace("a line", f"a line{marked(FIRST)}"))
    assert rendered.text == text


def test_no_text_of_a_pull_request_is_a_mark() -> None:
    rendered = without_marks(prose(f"the name {marked(FIRST)}"))
    assert rendered.names == frozenset()
