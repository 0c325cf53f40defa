"""What several releases of a definition have in common."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.custom_definitions import merged

RULE = "x-kubernetes-validations"
TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        pytest.param(
            {**TEXT, "pattern": "a"}, {**TEXT, "pattern": "a"}, {"pattern": "a"}, id="same"
        ),
        pytest.param({**TEXT, "pattern": "a"}, {**TEXT, "pattern": "b"}, {}, id="other"),
        pytest.param({**TEXT, "pattern": "a"}, TEXT, {}, id="dropped"),
        pytest.param(
            {**TEXT, "enum": ["a"]}, {**TEXT, "enum": ["b", "a"]}, {"enum": ["a", "b"]}, id="values"
        ),
        pytest.param({**TEXT, "enum": ["a"]}, TEXT, {}, id="any value"),
        pytest.param(
            {**TEXT, RULE: [{"rule": "a", "message": "old"}, {"rule": "b"}]},
            {**TEXT, RULE: [{"rule": "a", "message": "new"}, {"rule": "c"}]},
            {RULE: [{"rule": "a", "message": "new"}]},
            id="rules",
        ),
        pytest.param(TEXT, {**TEXT, "default": "x", "nullable": True}, None, id="defaults"),
    ],
)
def test_a_limit_stays_where_all_releases_have_it(
    first: dict[str, Any], second: dict[str, Any], both: dict[str, Any] | None
) -> None:
    assert merged([first, second]) == (second if both is None else {**TEXT, **both})


def test_a_field_stays_where_one_release_has_it_and_is_required_where_all_require_it() -> None:
    old = {"type": "object", "required": ["a", "b"], "properties": {"a": TEXT, "b": TEXT}}
    new = {"type": "object", "required": ["a"], "properties": {"a": TEXT, "c": TEXT}}

    assert merged([old, new]) == {
        "type": "object",
        "required": ["a"],
        "properties": {"a": TEXT, "b": TEXT, "c": TEXT},
    }


def test_a_field_of_two_types_may_be_anything() -> None:
    anything = {"x-kubernetes-preserve-unknown-fields": True}

    assert merged([TEXT, {"type": "integer"}]) == anything
