"""Commands in comments: what counts as said by the author, and what it asks for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.publish.commands import LONGEST_REASON, Command, parse_commands

ALL = Command("approve", "all", "agreed")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/fairlead approve all agreed", ALL),
        ("Thanks!\r\n\r\n/fairlead approve all agreed\r\n", ALL),
        ("  /fairlead  APPROVE  all  agreed ", ALL),
        ("/fairlead approve `0123456` see it", Command("approve", "0123456", "see it")),
        ("/fairlead approve 0123456-2 why not", Command("approve", "0123456-2", "why not")),
        ("/fairlead override the site is down", Command("override", "", "the site is down")),
        ("/fairlead recheck", Command("recheck")),
        ("/fairlead recheck now", Command("recheck")),
        ("/fairlead explain abcd", Command("explain", "abcd")),
        ("/fairlead help", Command("help")),
        ("/fairlead", Command("help")),
        ("/fairlead aprove all x", Command("unknown")),
    ],
)  # fmt: skip
def test_a_command_at_the_beginning_of_a_line(text: str, expected: Command) -> None:
    assert parse_commands(text) == (expected,)


@pytest.mark.parametrize(
    "text",
    [
        "> /fairlead approve all agreed",
        "> quoted\n/fairlead approve all agreed",
        "   > quoted\n/fairlead approve all agreed",
        "```\n/fairlead approve all agreed\n```",
        "~~~~ sh\n~~~\n/fairlead approve all agreed\n~~~~",
        "```\n/fairlead approve all agreed",
        "    /fairlead approve all agreed",
        "\t/fairlead approve all agreed",
        "<!--\n/fairlead approve all agreed\n-->",
        "`/fairlead approve all agreed`",
        "say /fairlead approve all agreed",
        "- /fairlead approve all agreed",
        "/fairleadapprove all agreed",
        "\u202e/fairlead approve all agreed",
        "x" * 1_000_000 + "\n/fairlead approve all agreed",
        "",
    ],
)
def test_what_the_author_did_not_say_is_no_command(text: str) -> None:
    assert parse_commands(text) == ()


def test_what_follows_a_closed_block_is_said() -> None:
    text = "> quoted\n\n```\ncode\n```\n<!-- x -->\n/fairlead approve all agreed"

    assert parse_commands(text) == (ALL,)


@pytest.mark.parametrize(
    "text",
    [
        "/fairlead approve",
        "/fairlead approve all",
        "/fairlead approve 0123456 ...",
        "/fairlead approve abc because",
        "/fairlead approve ../../x because",
        "/fairlead explain",
        "/fairlead explain all",
        "/fairlead override",
        "/fairlead override \u200b\u202e",
    ],
)
def test_a_command_that_lacks_something_says_what(text: str) -> None:
    (command,) = parse_commands(text)

    assert command.fault


def test_a_reason_shows_what_would_hide_or_reorder_it() -> None:
    (command,) = parse_commands("/fairlead override a\u202eb\u200bc " + "d" * 9_000)

    assert command.reason.startswith("a\ufffdb\ufffdc d")
    assert len(command.reason) == LONGEST_REASON


def test_of_very_many_commands_the_first_ten_count() -> None:
    assert len(parse_commands("/fairlead recheck\n" * 3_000)) == 10


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="/fairled approve>`~<!-\n\t #x", max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert len(parse_commands(text)) <= 10
