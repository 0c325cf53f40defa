"""Every key of the policy's schema is described, for editors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.catalog import rule_options
from bot.core.policy.schema import policy_schema


def undescribed(node: Any, path: str = "") -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from undescribed(item, path)
    if isinstance(node, dict):
        for name, value in node.get("properties", {}).items():
            if not value.get("description"):
                yield f"{path}/{name}"
        for key, value in node.items():
            yield from undescribed(value, f"{path}/{key}")


def test_every_key_has_a_description() -> None:
    assert list(undescribed(policy_schema(rule_options()))) == []


def test_no_key_outside_rules_is_taken_for_an_option() -> None:
    schema = policy_schema()
    text = str({**schema, "properties": {**schema["properties"], "rules": {}}})
    assert "An option of the rule" not in text
