"""A renamed rule is known by its former id wherever a policy may name a rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pytest

from bot.core.engine.decide import decide
from bot.core.engine.judge import fingerprint
from bot.core.engine.review import Analysis, Counts, ReviewFinding, Summary
from bot.core.finding import FileLine, Finding, Severity
from bot.core.policy.model import RulePolicy
from bot.core.policy.organisation import combined, parse_organisation
from bot.core.policy.reading import parse_policy
from bot.core.policy.rule_types import RuleTypes
from bot.errors import PolicyError
from tests.analysis.rules import every_value, find_rule


@dataclass(frozen=True)
class Nothing:
    """No options."""


RULES = RuleTypes({"new-name": Nothing, "other": Nothing}, {"old-name": "new-name"})


@pytest.mark.parametrize(
    "text",
    ["rules: {old-name: warning}", "branches: [{names: [main], rules: {old-name: warning}}]"],
)
def test_a_setting_of_a_former_id_holds(text: str) -> None:
    assert parse_policy(text, RULES, "main").rule("new-name") == RulePolicy(Severity.WARNING)


def test_both_names_at_once_are_an_error_with_its_line() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy("rules:\n  new-name: off\n  old-name: warning\n", RULES)

    message = "line 3: 'old-name' is the former name of 'new-name': keep one of them"
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("glob", "rules"),
    [
        ("old-name", ("new-name",)),
        ("old-*", ("old-*", "new-name")),
        ("*-name", ("*-name",)),
        ("other", ("other",)),
    ],
)
def test_approvals_that_name_a_former_id_hold(glob: str, rules: tuple[str, ...]) -> None:
    policy = parse_policy(f"approvals: [{{rules: ['{glob}'], users: [mona]}}]", RULES)

    assert [entry.rules for entry in policy.approvals] == [rules]


@pytest.mark.parametrize("glob", ["old-name", "old-*"])
def test_a_waiver_that_names_a_former_id_holds(glob: str) -> None:
    policy = parse_policy(
        f"waivers: [{{rule: '{glob}', reason: planned, expires: 2030-01-01}}]", RULES
    )
    finding = ReviewFinding("new-name", Severity.ERROR, "x", ("a",), None, None, "f" * 20)
    analysis = Analysis((finding,), (), Summary(1, 1, Counts(), "other"))

    review = decide(analysis, policy, base="b", head="h", today=date(2029, 1, 1))

    assert (review.verdict, len(review.suppressed)) == ("pass", 1)


def test_a_lock_on_a_former_id_holds() -> None:
    organisation = parse_organisation("rules: {old-name: error}\nlocked: [rules.old-name]", RULES)

    with pytest.raises(PolicyError, match=r"rules\.new-name is locked"):
        combined(organisation, "rules: {old-name: off}", RULES)


def test_an_unknown_name_is_still_an_error() -> None:
    with pytest.raises(PolicyError, match="unknown rule 'elder-name'"):
        parse_policy("rules: {elder-name: off}", RULES)


def test_a_rename_keeps_fingerprints() -> None:
    before = find_rule("old-name", every_value)
    after = replace(before, id="new-name", aliases=("old-name",))
    finding = Finding(FileLine("a.yaml", 1), "said")

    assert fingerprint(after.identity, finding) == fingerprint(before.identity, finding)


@pytest.mark.parametrize(
    ("organisation", "repository"),
    [
        ("", "rules: {new-name: off, other: off}"),
        ("rules: {other: off}", "rules: {old-name: off}"),
        ("", "branches: [{names: [main], rules: {new-name: off, other: off}}]"),
    ],
)
def test_a_policy_that_switches_every_rule_off_is_not_valid(
    organisation: str, repository: str
) -> None:
    """The check is `action_required` then, rather than a pass that judged nothing."""
    with pytest.raises(PolicyError, match="turns every rule off"):
        combined(parse_organisation(organisation, RULES), repository, RULES, "main")
