"""Globs as Go's libraries match them."""

from __future__ import annotations

import re
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kubernetes.gitops.globs import Flavour, matches


@pytest.mark.parametrize(
    ("glob", "text", "flavour", "expected"),
    [
        ("apps/*", "apps/a", "path", True),
        ("apps/*", "apps/a/b", "path", False),
        ("apps/**", "apps/a/b", "path", False),
        ("apps/?", "apps//", "path", False),
        ("apps/[a-c]", "apps/b", "path", True),
        ("apps/[^a-c]", "apps/b", "path", False),
        (r"apps/\*", "apps/*", "path", True),
        ("apps/{a,b}", "apps/a", "path", False),
        ("[", "[", "path", False),
        ("a\\", "a", "path", False),
        ("**/config.json", "config.json", "doublestar", True),
        ("**/config.json", "a/b/config.json", "doublestar", True),
        ("**/config.json", "a/xconfig.json", "doublestar", False),
        ("clusters/**/x.yaml", "clusters/x.yaml", "doublestar", True),
        ("clusters/**", "clusters/a/b", "doublestar", True),
        ("clusters/*.json", "clusters/a/b.json", "doublestar", False),
        ("{a,b/{c,d}}/x", "b/d/x", "doublestar", True),
        ("{a,b}", "c", "doublestar", False),
        ("{a", "a", "doublestar", False),
        ("*.yaml", "a/b.yaml", "text", True),
        ("{*.yml,*.yaml}", "a.yml", "text", True),
        ("[!a]*", "bc", "text", True),
        (r"[\]a]*", "a", "text", True),
        ("[-]", "-", "text", False),
        ("[a-", "a", "path", False),
        ("{" + "a," * 200 + "b}", "b", "text", False),
        ("{a,b}" * 10, "a" * 10, "text", False),
    ],
)
def test_a_glob_matches_as_its_library_does(
    glob: str, text: str, flavour: Flavour, *, expected: bool
) -> None:
    assert matches(glob, text, flavour) is expected


@given(st.text(alphabet="ab?*", max_size=12), st.text(alphabet="ab", max_size=12))
def test_stars_and_question_marks_are_what_fnmatch_makes_of_them(glob: str, text: str) -> None:
    assert matches(glob, text, "text") is (re.match(translate(glob), text) is not None)


def test_many_stars_cost_no_more_than_their_number() -> None:
    assert matches("*a" * 500 + "b", "a" * 1_000, "text") is False


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("envs/*/config.json", "envs/prod/config.json", True),
        ("envs/*/config.json", "envs/prod/shop/config.json", True),
        ("envs/?/config.json", "envs/a/config.json", True),
        ("envs/[!a]/config.json", "envs/b/config.json", True),
        ("envs/[!a]/config.json", "envs/a/config.json", False),
        ("**/config.json", "config.json", False),
        ("*config.json", "config.json", True),
        ("envs/{a,b}/x", "envs/a/x", False),
    ],
)
def test_a_pathspec_crosses_slashes(glob: str, path: str, *, expected: bool) -> None:
    assert matches(glob, path, "pathspec") is expected
