"""New rules observe for a while after the release that brought them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.catalog import rule_ids, rule_options
from bot.core.engine.decide import conclusion, decide
from bot.core.engine.review import Analysis, Counts, Review, ReviewFinding, Summary
from bot.core.finding import Severity
from bot.core.policy.organisation import combined, parse_organisation
from bot.core.policy.reading import parse_policy
from bot.core.policy.releases import OBSERVED, RELEASES, observed_until
from bot.core.publish.report import summary
from bot.errors import PolicyError

DAY = RELEASES["0.2.0"].day
LAST = DAY + OBSERVED
CHANGELOG = Path(__file__).parents[3] / "CHANGELOG.md"


def review(text: str = "", today: date = LAST, rule: str = "manifest-invalid") -> Review:
    finding = ReviewFinding(rule, Severity.ERROR, "Wrong.", (), None, None, "f" * 16)
    nothing = Summary(1, 1, Counts(changed=1), "other")
    policy = parse_policy(text, rule_options())
    return decide(Analysis((finding,), (), nothing), policy, base="b", head="h", today=today)


@pytest.mark.parametrize(
    ("text", "today", "verdict"),
    [
        ("", DAY, "pass"),
        ("", LAST, "pass"),
        ("", LAST + timedelta(days=1), "blocked"),
        ("new-rules: enforce", DAY, "blocked"),
        ("rules: {manifest-invalid: {mode: enforce}}", DAY, "blocked"),
        ("rules: {manifest-invalid: error}", DAY, "blocked"),
        ("rules: {manifest-invalid: {mode: observe}}", LAST + timedelta(days=99), "pass"),
        ("block: never", LAST + timedelta(days=1), "pass"),
    ],
)
def test_a_new_rule_observes_unless_the_policy_says_otherwise(
    text: str, today: date, verdict: str
) -> None:
    assert review(text, today).verdict == verdict


@pytest.mark.parametrize("rule", ["placement-changed", "rbac-privilege-added"])
def test_what_the_gate_rests_on_blocks_at_once(rule: str) -> None:
    assert review("", DAY, rule).verdict == "blocked"


def test_the_check_says_that_it_would_block_and_until_when_it_does_not() -> None:
    observed = review()
    text = summary(observed, parse_policy("", rule_options()))

    assert conclusion(observed, parse_policy("")).title == "Nothing blocks: 1 error"
    assert "**would block**" in text
    assert "`manifest-invalid` is new in this version and only observes until 2026-12-14" in text
    assert "`rules: {manifest-invalid: {mode: enforce}}`" in text
    settled = summary(review("new-rules: enforce"), parse_policy("new-rules: enforce"))
    assert "New rules" not in settled


def test_a_repository_cannot_loosen_what_its_organisation_locks() -> None:
    organisation = parse_organisation("locked: [new-rules]\nnew-rules: enforce\n", rule_options())
    with pytest.raises(PolicyError, match="new-rules is locked"):
        combined(organisation, "new-rules: observe\n", rule_options())
    assert combined(organisation, "", rule_options()).new_rules == "enforce"


def test_the_releases_are_those_of_the_changelog() -> None:
    dates = dict(re.findall(r"^## (\d\S*) - (\S+)$", CHANGELOG.read_text(), re.MULTILINE))
    assert {version: one.day.isoformat() for version, one in RELEASES.items()} == {
        version: dates.get(version) for version in RELEASES
    }
    every = [rule for release in RELEASES.values() for rule in release.rules]
    assert set(every) <= rule_ids()
    assert len(every) == len(set(every))
    assert observed_until("rbac-invalid") is None
