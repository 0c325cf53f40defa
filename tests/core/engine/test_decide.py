"""The decision: severities, waivers, what blocks, verdict and conclusion."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import MappingProxyType

import pytest

from bot.core.engine.decide import Conclusion, conclusion
from bot.core.engine.review import Problem, ReviewFinding, Suppressed
from bot.core.finding import Severity
from bot.core.policy.model import Policy, RulePolicy, Threshold, Waiver
from tests.reviews import decided, finding

OLD = Problem("unrendered", False, None, "not rendered")
NEW = Problem("unrendered", True, None, "not rendered")
CRASHED = Problem("rule-failed", False, None, "crashed")
NEXT_YEAR = date(2027, 1, 1)


@pytest.mark.parametrize(
    ("block", "severity", "blocks"),
    [
        (Threshold.ERROR, Severity.ERROR, True),
        (Threshold.ERROR, Severity.WARNING, False),
        (Threshold.WARNING, Severity.WARNING, True),
        (Threshold.NOTICE, Severity.NOTICE, True),
        (Threshold.NEVER, Severity.ERROR, False),
    ],
)
def test_a_finding_blocks_from_the_severity_that_the_policy_says(
    block: Threshold, severity: Severity, *, blocks: bool
) -> None:
    review = decided(finding(severity=severity), policy=Policy(block=block))

    assert (review.findings[0].blocks, review.verdict) == (blocks, "blocked" if blocks else "pass")


def test_the_policy_changes_a_severity_and_switches_a_rule_off() -> None:
    policy = Policy(
        rules={"service-exposed": RulePolicy(Severity.NOTICE), "image-tag": RulePolicy(off=True)}
    )

    review = decided(finding(), finding("image-tag"), policy=policy)

    assert review.findings == (finding(severity=Severity.NOTICE),)


def test_what_the_child_says_of_blocking_does_not_count() -> None:
    review = decided(replace(finding(severity=Severity.NOTICE), blocks=True))

    assert (review.findings[0].blocks, review.verdict) == (False, "pass")


def test_findings_are_sorted_by_path_line_rule_and_message() -> None:
    found = [
        finding(path=None, fingerprint="1"),
        finding(path="a.yaml", line=None, fingerprint="2"),
        finding(path="a.yaml", line=9, fingerprint="3"),
        finding("a-rule", path="a.yaml", line=10, fingerprint="4"),
        finding("b-rule", path="a.yaml", line=10, message="A", fingerprint="5"),
        finding("b-rule", path="a.yaml", line=10, message="B", fingerprint="6"),
        finding(path="b.yaml", line=1, fingerprint="7"),
    ]

    review = decided(*reversed(found))

    assert [held.fingerprint for held in review.findings] == list("1234567")


@pytest.mark.parametrize(
    "waiver",
    [
        Waiver("r", NEXT_YEAR, rule="service-exposed"),
        Waiver("r", NEXT_YEAR, rule="service-*"),
        Waiver("r", NEXT_YEAR, rule="*", resource="Service/shop/api"),
        Waiver("r", NEXT_YEAR, rule="*", resource="*/shop/*"),
        Waiver("r", NEXT_YEAR, rule="*", namespaces=("sh*",)),
        Waiver("r", NEXT_YEAR, rule="*", paths=("apps/**",)),
        Waiver("r", NEXT_YEAR, rule="*", environments=("default",)),
        Waiver("r", NEXT_YEAR, fingerprint="0123456789abcdef0123"),
        Waiver("r", date(2026, 11, 20), rule="service-exposed"),
    ],
)
def test_a_waiver_in_force_suppresses_what_it_names(waiver: Waiver) -> None:
    review = decided(finding(), policy=Policy(waivers=(waiver,)))

    because = {"waiver": "r", "expires": waiver.expires.isoformat()}
    assert (review.findings, review.suppressed, review.verdict) == (
        (),
        (Suppressed(finding(), because),),
        "pass",
    )


@pytest.mark.parametrize(
    "waiver",
    [
        Waiver("yesterday was its last day", date(2026, 11, 19), rule="service-exposed"),
        Waiver("another rule", NEXT_YEAR, rule="service"),
        Waiver("another resource", NEXT_YEAR, rule="*", resource="Service/shop/web"),
        Waiver("another namespace", NEXT_YEAR, rule="*", namespaces=("shop2",)),
        Waiver("another path", NEXT_YEAR, rule="*", paths=("apps/web/**",)),
        Waiver("another environment", NEXT_YEAR, rule="*", environments=("staging",)),
        Waiver("another fingerprint", NEXT_YEAR, rule="*", fingerprint="0123"),
        Waiver("one of two", NEXT_YEAR, rule="*", resource="Service/*", paths=("infra/**",)),
    ],
    ids=lambda waiver: waiver.reason,
)
def test_a_waiver_of_something_else_suppresses_nothing(waiver: Waiver) -> None:
    review = decided(finding(), policy=Policy(waivers=(waiver,)))

    assert (review.findings, review.suppressed) == ((replace(finding(), blocks=True),), ())


def test_a_waiver_for_namespaces_or_paths_does_not_cover_what_has_none() -> None:
    placeless = replace(finding(path=None), resource=None)
    waivers = (
        Waiver("r", NEXT_YEAR, rule="*", namespaces=("*",)),
        Waiver("r", NEXT_YEAR, rule="*", paths=("**",)),
    )

    review = decided(placeless, policy=Policy(waivers=waivers))

    assert review.suppressed == ()


def test_a_finding_stands_in_the_environments_that_no_waiver_covers() -> None:
    found = finding(environments=("production", "staging"))
    waiver = Waiver("r", NEXT_YEAR, rule="*", environments=("stag*",))

    review = decided(found, policy=Policy(waivers=(waiver,)))

    assert (
        [held.environments for held in review.findings],
        [held.finding.environments for held in review.suppressed],
        review.verdict,
    ) == ([("production",)], [("staging",)], "blocked")


@pytest.mark.parametrize(
    ("policy", "found", "problems", "verdict", "expected"),
    [
        (Policy(), (), (), "pass", Conclusion("success", "Nothing found")),
        (
            Policy(),
            (finding(severity=Severity.NOTICE),),
            (),
            "pass",
            Conclusion("success", "Nothing blocks: 1 notice"),
        ),
        (
            Policy(block=Threshold.NEVER),
            (
                *(finding(severity=Severity.NOTICE, line=line) for line in (1, 2)),
                finding(severity=Severity.WARNING),
            ),
            (),
            "pass",
            Conclusion("success", "Nothing blocks: 1 warning, 2 notices"),
        ),
        (Policy(), (finding(),), (), "blocked", Conclusion("failure", "1 finding to deal with")),
        (
            Policy(),
            (finding(), finding(line=1)),
            (NEW,),
            "blocked",
            Conclusion("failure", "2 findings to deal with"),
        ),
        (
            Policy(),
            (),
            (NEW,),
            "incomplete",
            Conclusion("failure", "1 thing could not be looked at"),
        ),
        (
            Policy(),
            (),
            (CRASHED,),
            "incomplete",
            Conclusion("failure", "1 thing could not be looked at"),
        ),
        (
            Policy(incomplete="allow"),
            (),
            (OLD, OLD),
            "incomplete",
            Conclusion("neutral", "2 things could not be looked at, as before this change"),
        ),
        (
            Policy(incomplete="allow"),
            (),
            (OLD, NEW),
            "incomplete",
            Conclusion("failure", "2 things could not be looked at"),
        ),
        (
            Policy(),
            (),
            (OLD,),
            "incomplete",
            Conclusion("failure", "1 thing could not be looked at"),
        ),
        (
            Policy(mode="observe"),
            (finding(),),
            (),
            "pass",
            Conclusion("success", "Observing: 1 finding would have blocked"),
        ),
        (
            Policy(mode="observe"),
            (finding(),),
            (NEW,),
            "incomplete",
            Conclusion(
                "success",
                "Observing: 1 finding would have blocked, 1 thing could not be looked at",
            ),
        ),
        (
            Policy(mode="observe"),
            (),
            (),
            "pass",
            Conclusion("success", "Observing: nothing would have blocked"),
        ),
    ],
)
def test_verdict_and_conclusion_follow_from_findings_and_problems(
    policy: Policy,
    found: tuple[ReviewFinding, ...],
    problems: tuple[Problem, ...],
    verdict: str,
    expected: Conclusion,
) -> None:
    review = decided(*found, policy=policy, problems=problems)

    assert (review.verdict, conclusion(review, policy)) == (verdict, expected)


def test_a_rule_that_observes_blocks_nothing() -> None:
    policy = Policy(rules=MappingProxyType({"service-exposed": RulePolicy(mode="observe")}))
    observed, other = finding("service-exposed"), finding("rbac-invalid", fingerprint="b")

    assert decided(observed, policy=policy).verdict == "pass"
    both = decided(observed, other, policy=policy)
    assert {found.rule: found.blocks for found in both.findings} == {
        "rbac-invalid": True,
        "service-exposed": False,
    }
