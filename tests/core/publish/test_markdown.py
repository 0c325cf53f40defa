"""Text from a pull request does nothing but be read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.core.publish import markdown

HOSTILE = (
    "@everyone",
    "hello@example.com",
    "(@everyone)",
    "#12",
    "GH-12",
    "gh-12",
    "example/repo#12",
    "https://evil.example/x",
    "www.evil.example",
    "deadbeef",
    "0123456789abcdef0123456789abcdef01234567",
    "![x](https://evil.example/x.png)",
    "[click](https://evil.example)",
    "[ref]: https://evil.example",
    "<img src=x>",
    "<!-- fairlead:v1 finding=aaaa -->",
    "</details>",
    "&#64;everyone",
    "\\@everyone",
    "```\n@everyone\n```",
    "`@everyone`",
    "`` ` @everyone",
    "a`@everyone`b",
    "~~~\n",
    "\n# heading\n",
    "- [ ] task",
    "| a | b |",
    "a\\|@everyone|b",
    "*bold* _it_ ~~s~~",
    "$x^2$",
    ":+1:",
    "\u202egnp.exe",
    "\u200b@\u200beveryone",
    "\x1b[31mred\x07",
    "\ud800",
    "",
)

# What GitHub would make of text outside code: mentions, references, commits, addresses, emoji.
ACTIVE = re.compile(r"@|#\d|\bGH-\d|://|www\.|\b[0-9a-f]{7,40}\b|:[+\w-]+:|\$", re.IGNORECASE)


def _tokens(text: str) -> list[Token]:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [held for token in tokens for held in (token, *(token.children or ()))]


def _is_inert(text: str) -> bool:
    """Whether this Markdown is one paragraph of text and code in which GitHub links nothing."""
    tokens = _tokens(text)
    kinds = {token.type for token in tokens}
    plain = " ".join(token.content for token in tokens if token.type == "text")
    return kinds <= {
        "paragraph_open",
        "paragraph_close",
        "inline",
        "text",
        "code_inline",
    } and not ACTIVE.search(plain)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_is_inert_in_a_sentence(text: str) -> None:
    assert _is_inert(f"Service {markdown.prose(text)} is here")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_is_inert_as_a_sentence_of_its_own(text: str) -> None:
    assert _is_inert(f"**x**: {markdown.prose(text)}".replace("**x**", "x"))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_is_one_code_span_as_a_name(text: str) -> None:
    inline = [token.type for token in _tokens(f"x {markdown.code(text)} y")]

    assert inline == [
        "paragraph_open", "inline", "text", "code_inline", "text", "paragraph_close",
    ]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_stays_in_its_cell(text: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| {markdown.cell(text)} | {markdown.code_cell(text)} |\n"

    tokens = _tokens(table)

    assert [token.type for token in tokens].count("td_open") == 2
    plain = " ".join(token.content for token in tokens if token.type == "text")
    assert not ACTIVE.search(plain)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1@#`\\|[]()<>!&*_~-:/. \n\u202e"), max_size=40))
def test_any_text_is_inert(text: str) -> None:
    assert _is_inert(f"x {markdown.prose(text)}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("is not there: `helm dependency build` puts it there", None),
        ("is missing (`fairlead tools fetch`).", "is missing \\(`fairlead tools fetch`\\)."),
        ("a`b c`d", "``a`b`` ``c`d``"),
        ("`a b`:`c d`", "`` `a `` ``b`:`c`` `` d` ``"),
        ("(`@octocat #1`)", "\\(`@octocat #1`\\)"),
    ],
)
def test_a_command_between_backticks_is_one_code_span(text: str, expected: str | None) -> None:
    assert markdown.prose(text) == (expected or text)


@pytest.mark.parametrize(
    ("text", "addition", "expected"),
    [
        ("It is gone", "", "It is gone."),
        ("It is gone", "2 more findings", "It is gone, and 2 more findings."),
        ("Did you mean it?", "", "Did you mean it?"),
        ("Did you mean it?", "2 more findings", "Did you mean it? And 2 more findings."),
        ("It is cut…", "", "It is cut…"),
    ],
)
def test_a_sentence_ends_once(text: str, addition: str, expected: str) -> None:
    assert markdown.sentence(text, addition) == expected


def test_a_sentence_reads_as_it_was_written() -> None:
    sentence = "ServiceAccount shop/api may newly get, list secrets in 3 namespaces (kube-system)."

    assert markdown.prose(sentence) == (
        "ServiceAccount `shop/api` may newly get, list secrets in 3 namespaces \\(kube-system\\)."
    )


@pytest.mark.parametrize(
    "char",
    [
        "\u034f",
        "\u115f",
        "\u180b",
        "\u2800",
        "\u3164",
        "\ufe0f",
        "\uffa0",
        "\U000e0041",
        "\U000e0141",
    ],
    ids=ascii,
)
def test_what_nobody_sees_is_shown(char: str) -> None:
    assert markdown.visible(f"a{char}b") == "a\ufffdb"


def test_what_hides_or_reorders_is_shown_as_such() -> None:
    assert markdown.visible("a\u202eb\u200bc\nd\te\x00\ufe0f") == "a\ufffdb\ufffdc d e\ufffd\ufffd"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"image ghs_{'a1.' * 100}b is bad", "image (withheld) is bad"),
        (f"ghp_{'x' * 36}", "(withheld)"),
        (f"github_pat_{'x' * 36}", "(withheld)"),
        (f"glpat-{'x' * 20}", "(withheld)"),
        ("xoxb-1234567890-abc", "(withheld)"),
        (f"AKIA{'A' * 16}", "(withheld)"),
        ("a -----BEGIN RSA PRIVATE KEY-----\nMII\n", "a (withheld)"),
        (
            "runs https://octocat:hunter2@ghcr.io/a:1 in b",
            "runs https://(withheld)@ghcr.io/a:1 in b",
        ),
        ("ghcr.io/a@sha256:0123", "ghcr.io/a@sha256:0123"),
        ("https://ghcr.io:443/a@sha256:0123", "https://ghcr.io:443/a@sha256:0123"),
        ("ghs_short", "ghs_short"),
    ],
)
def test_what_looks_like_a_credential_is_withheld(text: str, shown: str) -> None:
    assert markdown.visible(text) == shown


def test_a_long_text_without_a_credential_is_searched_quickly() -> None:
    assert len(markdown.visible("://" * 100_000 + "a:" * 100_000)) == 1000


def test_long_text_is_cut() -> None:
    assert markdown.visible("x" * 2000) == "x" * 999 + "…"


@pytest.mark.parametrize(
    ("text", "fence"), [("a", "```"), ("```", "````"), ("a ````` b", "``````")]
)
def test_no_line_closes_the_fence(text: str, fence: str) -> None:
    assert markdown.fence_for(text) == fence


def test_a_label_cannot_leave_its_quotes() -> None:
    assert markdown.label('Pod "]; click n0 "https://evil"') == "Pod ··· click n0 ·https://evil·"


@pytest.mark.parametrize(
    "inside", ["<details open>\n", "```text\n", "~~~~\n", "<details>\n<summary>x</summary>\n\n"]
)
def test_a_body_that_is_cut_is_closed(inside: str) -> None:
    body = f"begin\n{inside}" + "line of text\n" * 9000

    cut = markdown.capped(body)

    assert len(cut.encode()) <= markdown.LONGEST_BODY
    assert cut.count("<details") == cut.count("</details>")
    fences = [line for line in cut.split("\n") if line.startswith(("```", "~~~"))]
    assert len(fences) % 2 == 0
    assert "cut here" in cut


@pytest.mark.parametrize("char", ["é", "\u65e5", "\U0001f6a2"], ids=ascii)
def test_what_is_cut_is_counted_in_bytes(char: str) -> None:
    body = f"{char * 100}\n" * 700

    cut = markdown.capped(body)

    assert 60_000 < len(cut.encode()) <= markdown.LONGEST_BODY
    assert cut.split("\n")[0] == char * 100
    assert "\ufffd" not in cut


def test_a_fence_that_was_closed_is_not_closed_again() -> None:
    cut = markdown.capped("```text\n<details>\n```\n" + "line of text\n" * 9000)

    assert (cut.count("```"), cut.count("</details>")) == (2, 0)


def test_a_body_that_fits_is_left_alone() -> None:
    assert markdown.capped("```\nx\n") == "```\nx\n"
