"""CODEOWNERS, by the examples of GitHub's own page and by its traps."""

from __future__ import annotations

import pytest

from bot.core.codeowners import LARGEST, MOST_LINES, Codeowners, parse_codeowners

DOCUMENTED = """\
# a comment
*       @global-owner1 @Global-Owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @loggers
/apps/github
/apps/github/doc @doctocat
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README", ("@global-owner1", "@global-owner2")),
        ("src/a.js", ("@js-owner",)),
        ("a.go", ("docs@example.com",)),
        ("b/c.txt", ("@octo-org/octocats",)),
        ("build/logs/a/b", ("@loggers",)),
        ("deeply/nested/logs/x", ("@loggers",)),
        ("docs/a.md", ("@doctocat",)),
        ("docs/a/b.md", ("@doctocat",)),
        ("other/apps/x.yaml", ("@octocat",)),
        ("apps/x.yaml", ("@octocat",)),
        ("scripts/x", ("@doctocat", "@octocat")),
        ("apps/github/x.yaml", ()),
        ("apps/github/doc/x.yaml", ("@doctocat",)),
    ],
)
def test_the_last_line_that_matches_says_who_owns_a_path(
    path: str, owners: tuple[str, ...]
) -> None:
    assert parse_codeowners(DOCUMENTED).owners(path) == owners


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("docs/*", "docs/a.md", "docs/build/a.md"),
        ("docs/**", "docs/build/a.md", "doc/a.md"),
        ("apps/", "x/apps/a", "apps"),
        ("/apps", "apps/a/b", "x/apps/a"),
        ("apps", "x/apps/a", "x/apps2"),
        ("a/**/b", "a/b", "a/c"),
        ("a/**/b", "a/x/y/b/c", "b"),
        ("*.y?ml", "a/b.yaml", "a/b.yml2"),
        (r"my\ dir/", "my dir/a", "my/a"),
        ("*", "a/b/c", ""),
        ("/*", "a", "a/b"),
        ("Apps/", "Apps/a", "apps/a"),
        (r"a\*b", "a*b", "axb"),
        (r"a\?b", "a?b", "axb"),
        ("a#b", "a#b", "a"),
        ("a\u00a0b", "a\u00a0b", "a"),
        ("\ta\t", "a", "b"),
    ],
)
def test_patterns_match_as_github_s(pattern: str, matching: str, other: str) -> None:
    held = parse_codeowners(f"{pattern} @me")

    assert held.owners(matching) == ("@me",)
    assert not other or held.owners(other) == ()


@pytest.mark.parametrize(
    "line",
    [
        "!a @you",
        "[ab] @you",
        "a*** @you",
        "* you",
        "* @you @",
        "* @a/b/c",
        "\\#a @you",
        "\\#a @you extra",
        "# a comment\u2028* @you",
        "# a comment\x0b* @you",
        "# a comment\x85* @you",
        "*\u00a0@you",
    ],
)
def test_a_line_that_github_does_not_take_is_left_out(line: str) -> None:
    assert parse_codeowners(f"* @me\n{line}\n").owners("a") == ("@me",)


def test_too_large_a_file_names_nobody() -> None:
    assert parse_codeowners("* @me\n" + "#" * LARGEST) == Codeowners()


def test_of_too_many_lines_none_is_left_out_to_the_benefit_of_another() -> None:
    assert parse_codeowners("* @me\n" * MOST_LINES) == Codeowners()


def test_a_line_of_very_many_owners_decides() -> None:
    many = " ".join(f"@you{number}" for number in range(2000))

    assert len(parse_codeowners(f"* @me\r\n* {many}\r\n").owners("a")) == 2000


def test_a_pattern_of_very_many_stars_is_answered_at_once() -> None:
    held = parse_codeowners("/".join(["**", "*a*"] * 300) + " @me")

    assert held.owners("/".join("b" * 2000)) == ()
