"""Every example of every rule page gives exactly the findings that it promises."""

from __future__ import annotations

from dataclasses import replace

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
                held.severity,
            )
            for held in analysis.findings
        ),
        key=str,
    )

    # An example is a few manifests: what they refer to lies elsewhere, or is a template's text.
    problems = [problem for problem in analysis.problems if problem.kind == "rule-failed"]
    expected = [replace(one, severity=one.severity or rule.severity) for one in example.expected]
    assert (found, problems) == (sorted(expected, key=str), [])


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in load_rules()])
def test_the_page_of_a_rule_whose_severity_varies_promises_each_severity(rule: Rule) -> None:
    promised = [one.severity for example in rule.page.examples for one in example.expected]

    assert None not in promised or set(promised) == {None}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in load_rules()])
def test_the_page_shows_the_rule_firing_and_silent(rule: Rule) -> None:
    firing = {bool(example.expected) for example in rule.page.examples}

    assert firing == {True, False}
