"""Every example of every rule page gives exactly the findings that it promises."""

from __future__ import annotations

import pytest

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.core.engine.page import Example, Expected
from bot.core.engine.rule import Rule
from bot.core.policy.reading import parse_policy

EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.id}:{example.line}")
    for rule in load_rules()
    for example in rule.page.examples
]

# What these are about lies elsewhere, or is a template's text: nothing here renders it.
NOT_RENDERED = {"chart-decides-late", "remote-source-changed"}


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_the_example_gives_exactly_its_findings(rule: Rule, example: Example) -> None:
    analysis = examine(
        {path: text.encode() for path, text in example.base.items()},
        {path: text.encode() for path, text in example.head.items()},
        parse_policy(example.policy),
        [rule],
    )
    found = sorted(
        (
            Expected(
                held.location.path if held.location else "",
                held.location.side if held.location else "RIGHT",
                (held.location.line or 0) if held.location else 0,
                held.message,
            )
            for held in analysis.findings
        ),
        key=str,
    )

    problems = tuple(
        held
        for held in analysis.problems
        if held.kind != "unrendered" or rule.id not in NOT_RENDERED
    )
    assert (found, problems) == (sorted(example.expected, key=str), ())


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in load_rules()])
def test_the_page_shows_the_rule_firing_and_silent(rule: Rule) -> None:
    firing = {bool(example.expected) for example in rule.page.examples}

    assert firing == {True, False}
