"""Constant expressions have the value that CEL gives them, and everything else is refused."""

from __future__ import annotations

import operator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kubernetes.constant_cel import Constant, constant_value, names_in

COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
PLAIN = st.text(st.characters(exclude_characters="\"'\\\n", codec="utf-8"), max_size=6)
NUMBERS = st.integers(0, 2**63 - 1) | st.floats(0, 1e6, allow_nan=False).map(lambda n: round(n, 3))
KINDS: tuple[st.SearchStrategy[Any], ...] = (PLAIN, st.integers(0, 9), st.floats(0, 9, width=16))
Expression = tuple[str, bool]


@st.composite
def comparisons(draw: st.DrawFn) -> Expression:
    values: st.SearchStrategy[Any] = draw(st.sampled_from(KINDS))
    left, right, sign = draw(values), draw(values), draw(st.sampled_from(sorted(COMPARISONS)))
    return f"{written(left)}{sign}{written(right)}", COMPARISONS[sign](left, right)


def written(value: Constant) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)


def joined(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        inner.map(lambda one: (f"!({one[0]})", not one[1])),
        st.tuples(inner, inner).map(
            lambda two: (f"({two[0][0]}) && ({two[1][0]})", two[0][1] and two[1][1])
        ),
        st.tuples(inner, inner).map(
            lambda two: (f"({two[0][0]})||({two[1][0]})", two[0][1] or two[1][1])
        ),
    )


LITERALS = st.sampled_from([("true", True), ("false", False)])
BOOLEANS = st.recursive(LITERALS | comparisons(), joined, max_leaves=6)


@given(BOOLEANS.filter(lambda expression: len(expression[0]) <= 200))
def test_operators_join_what_they_join_in_cel(expression: Expression) -> None:
    text, value = expression

    assert constant_value(text) is value


@given(PLAIN | NUMBERS)
def test_a_literal_is_its_value(value: Constant) -> None:
    assert constant_value(written(value)) == value


@given(st.text(max_size=220) | st.text("()!-&|=<>'\"/1.ertufals \n", max_size=220))
def test_any_text_has_a_value_or_is_refused(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(constant_value(text), bool | int | float | str)
    assert isinstance(names_in(text), frozenset)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true || false && false", True),
        ("!false && false", False),
        ("1 < 2 == true", True),
        ("'&&' == '||' || \"!\" != '!'", False),
        ("0x1F == 31", True),
        ("010 == 10", True),
        ("1e3 == 1000.0", True),
        ("-1 < 0 // the rest is a comment: == 2", True),
        ("// a comment\n true", True),
        ("((((((((((true))))))))))", True),
        ("false < true", True),
    ],
)
def test_the_parts_of_an_expression_are_read_as_in_cel(text: str, value: bool) -> None:  # noqa: FBT001 - a row of the table
    assert constant_value(text) is value


@pytest.mark.parametrize(
    "text",
    [
        *("", "true false", "1 == '1'", "1 == 1.0", "true && 1", "!1", "- 'a'", "1u == 1u"),
        *("9223372036854775808 > 0", "1e999 > 0.0", "r'\\' == ''", "'\\n' == ''", "'''a''' == 'a'"),
        *("(true", "true)", "not true", "True", "1 + 1 == 2", "null == null", "b'' == b''"),
        *(
            "\u0661 == 1",
            "nan == nan",
            "size([1]) == 1",
            "true ? true : false",
            "(" * 200,
            "!" * 200,
        ),
        "true || " * 30 + "true",
    ],
)
def test_what_is_no_constant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        constant_value(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("dep.status == self.spec", {"dep", "status", "self", "spec"}),
        ("'dep' == \"self\"", set()),
        ("false // dep", {"false"}),
        ("'it\\'s dep' == x", {"x"}),
        ("r'\\' == dep", {"dep"}),
        ("'''a ' dep''' == b\"\"\"\n self\"\"\"", set()),
        ("'open dep", set()),
    ],
)
def test_names_stand_outside_of_strings_and_comments(text: str, names: set[str]) -> None:
    assert names_in(text) == names
