"""Label selectors select what upstream's selectors select."""

from __future__ import annotations

import pytest

from bot.core.values import freeze
from bot.kubernetes.selectors import Requirement, Selector, label_selector, map_selector, matches

LABELS = {"app": "web", "tier": "front", "empty": ""}


@pytest.mark.parametrize(
    ("selector", "selects"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": None}, True),
        ({"matchLabels": {}}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "web", "tier": "back"}}, False),
        ({"matchLabels": {"empty": None}}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "web"]}]}, True),
        ({"matchExpressions": [{"key": "no", "operator": "In", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "no", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "no", "operator": "Exists", "values": []}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "no", "operator": "DoesNotExist"}]}, True),
        (
            {
                "matchLabels": {"app": "web"},
                "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["front"]}],
            },
            False,
        ),
    ],
)
def test_a_label_selector_selects(selector: object, selects: bool) -> None:  # noqa: FBT001 - a table's column
    assert matches(freeze(selector), LABELS) is selects


@pytest.mark.parametrize(
    ("selector", "reason"),
    [
        ("app", "the selector is not a mapping"),
        ({"app": "web"}, "a label selector has no field 'app'"),
        ({"matchLabels": ["app"]}, "the labels are not a mapping"),
        ({"matchLabels": {"app": 1}}, "the value 1 of label app is not a label value"),
        ({"matchLabels": {"app": "a b"}}, "the value 'a b' of label app is not a label value"),
        ({"matchLabels": {"-app": "web"}}, "'-app' is not a label key"),
        ({"matchLabels": {"/app": "web"}}, "'/app' is not a label key"),
        ({"matchLabels": {"a" * 64: "web"}}, f"'{'a' * 64}' is not a label key"),
        ({"matchExpressions": {}}, "matchExpressions is not a list"),
        (
            {"matchExpressions": [{"key": "a", "operator": "in", "values": ["b"]}]},
            "the operator is 'in', expected one of In, NotIn, Exists, DoesNotExist",
        ),
        ({"matchExpressions": [{"key": "a", "operator": "In"}]}, "In needs values"),
        (
            {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
            "Exists takes no values",
        ),
        ({"matchExpressions": [{"operator": "Exists"}]}, "None is not a label key"),
    ],
)
def test_what_the_api_refuses_selects_nothing_and_says_why(selector: object, reason: str) -> None:
    found = label_selector(freeze(selector))

    assert found == Selector(invalid=reason)
    assert not found.matches(LABELS)


def test_a_plain_map_is_a_selector_of_equalities() -> None:
    found = map_selector(freeze({"b": "2", "a": "1"}))

    assert found == Selector((Requirement("a", "In", ("1",)), Requirement("b", "In", ("2",))))
    assert found.equalities == (("a", "1"), ("b", "2"))
    assert map_selector(None) is None


def test_a_label_that_no_manifest_shows_cannot_be_judged() -> None:
    selector = label_selector(freeze({"matchLabels": {"app": "web", "hash": "1"}}))

    assert selector is not None
    assert selector.judge({"app": "web"}, lambda key: key == "hash") is None
    assert selector.judge({"app": "api"}, lambda key: key == "hash") is False
    assert selector.judge({"app": "web", "hash": "1"}, lambda _: False) is True


def test_a_selector_reads_as_on_the_command_line() -> None:
    selector = label_selector(
        freeze(
            {
                "matchLabels": {"app": "web"},
                "matchExpressions": [
                    {"key": "a", "operator": "NotIn", "values": ["1", "2"]},
                    {"key": "b", "operator": "Exists"},
                    {"key": "c", "operator": "DoesNotExist"},
                ],
            }
        )
    )

    assert str(selector) == "app=web, a notin (1,2), b, !c"
    assert str(Selector()) == "everything"
