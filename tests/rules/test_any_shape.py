"""No rule crashes, whatever stands where a manifest should say something else.

Every example of every page is put before all rules, with values anywhere in it replaced by values
of other shapes: what the API server would refuse must not silence a rule for the rest of a change.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.core.engine.page import Example
from bot.core.policy.reading import parse_policy

ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    1.5,
    2**70,
    "",
    "x",
    "*",
    "80",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": None},
    {"x": {"x": []}},
    ["*", 7],
)
ROUNDS: Final = 4

EXAMPLES = [
    pytest.param(example, id=f"{rule.id}:{example.line}")
    for rule in load_rules()
    if rule.subjects  # the others judge the text itself
    for example in rule.page.examples
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_no_rule_crashes_on_values_of_other_shapes(example: Example) -> None:
    policy = parse_policy(example.policy)
    trees = (example.base, example.head)
    base, head = ({path: text.encode() for path, text in tree.items()} for tree in trees)

    for seed in range(ROUNDS):
        odd = {path: _mutated(data, seed) for path, data in head.items()}
        for before, after in ((base, odd), (odd, head)):
            problems = examine(before, after, policy, load_rules()).problems

            assert [held.message for held in problems if held.kind == "rule-failed"] == []


def _mutated(data: bytes, seed: int) -> bytes:
    """The same documents with a value in each replaced; the same for the same seed."""
    try:
        documents = list(yaml.safe_load_all(data))
    except yaml.YAMLError:
        return data
    chosen = random.Random(f"{seed}:{len(data)}")  # noqa: S311 - the same each time, not a secret
    for document in documents:
        places = list(_places(document))
        if places:
            holder, key = chosen.choice(places)
            holder[key] = chosen.choice(ODD)
    return "\n---\n".join(json.dumps(held, default=str) for held in documents).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place below the identity of an object that can hold another value."""
    held = value.items() if isinstance(value, dict) else enumerate(value or ())
    for key, child in list(held):
        if key not in {"apiVersion", "kind", "name"}:
            yield value, key
        if isinstance(child, dict | list):
            yield from _places(child)
