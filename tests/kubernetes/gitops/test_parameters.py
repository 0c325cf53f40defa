"""Values that are set by a path."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import UnbuildableError
from bot.kubernetes.gitops.parameters import set_text, set_value


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a", "x", {"a": "x"}),
        ("a.b", "1", {"a": {"b": 1}}),
        ("a", "true", {"a": True}),
        ("a", "null", {"a": None}),
        ("a", "", {"a": ""}),
        ("a", "007", {"a": "007"}),
        ("a", "1.5", {"a": "1.5"}),
        ("a", "x,y=z", {"a": "x,y=z"}),
        ("a", "{x,2}", {"a": ["x", 2]}),
        ("a", "{}", {"a": []}),
        ("a", r"{x\,y}", {"a": ["x,y"]}),
        ("a[1].b", "x", {"a": [None, {"b": "x"}]}),
        ("a[0][1]", "x", {"a": [[None, "x"]]}),
        (r"a\.b/c", "x", {"a.b/c": "x"}),
    ],
)
def test_a_path_sets_what_helm_sets(path: str, text: str, expected: dict[str, Any]) -> None:
    values: dict[str, Any] = {}
    set_value(values, path, text)

    assert values == expected


def test_a_text_stays_a_text_where_it_must() -> None:
    values: dict[str, Any] = {"a": {"keep": 1}}
    set_value(values, "a.b", "1", as_text=True)

    assert values == {"a": {"keep": 1, "b": "1"}}


def test_a_whole_text_keeps_what_has_a_meaning_elsewhere() -> None:
    values: dict[str, Any] = {}
    set_text(values, "a", "{x,y}\\")

    assert values == {"a": "{x,y}\\"}


@pytest.mark.parametrize("path", ["", ".a", "a..b", "a.", "a[", "a[x]", "a[9999]", "[0]", "a[0]b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(UnbuildableError):
        set_value({}, path, "x")


def test_no_path_goes_deeper_than_values_do() -> None:
    with pytest.raises(UnbuildableError):
        set_value({}, ".".join("a" * 40), "x")
