"""The decision: severities, waivers, what blocks, verdict and conclusion."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import MappingProxyType

import pytest

from bot.core.engine.decide import Conclusion, conclusion
from bot.core.engine.review import (
    AcceptedProblem,
    Lapsed,
    Location,
    Problem,
    ResourceReference,
    ReviewFinding,
    Suppressed,
)
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
            Conclusion("failure", "1 thing could not be reviewed"),
        ),
        (
            Policy(),
            (),
            (CRASHED,),
            "incomplete",
            Conclusion("failure", "1 thing could not be reviewed"),
        ),
        (
            Policy(incomplete="allow"),
            (),
            (OLD, OLD),
            "incomplete",
            Conclusion("neutral", "2 things could not be reviewed, as before this change"),
        ),
        (
            Policy(incomplete="allow"),
            (),
            (OLD, NEW),
            "incomplete",
            Conclusion(
                "failure", "1 thing could not be reviewed, and 1 more as before this change"
            ),
        ),
        (
            Policy(),
            (),
            (OLD,),
            "incomplete",
            Conclusion("failure", "1 thing could not be reviewed"),
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
                "Observing: 1 finding would have blocked, 1 thing could not be reviewed",
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


def accepted(message: str, by: str = "octocat", fingerprint: str = "a") -> Suppressed:
    """A finding that people accepted."""
    found = finding(message=message, fingerprint=fingerprint)
    return Suppressed(found, {"approval": "agreed", "by": by})


def unseen(message: str, by: str = "octocat") -> AcceptedProblem:
    """A problem that people accepted."""
    return AcceptedProblem(
        Problem("unrendered", True, None, message, id=message), {"approval": "agreed", "by": by}
    )


WAIVED = Suppressed(finding(fingerprint="w"), {"waiver": "moves", "expires": "2027-01-01"})


@pytest.mark.parametrize(
    ("suppressed", "problems", "title"),
    [
        ((WAIVED,), (), "Nothing found"),
        ((accepted("a port opens"), WAIVED), (), "Accepted by octocat: a port opens"),
        (
            (accepted("opens", "mona, octocat"), accepted("closes", "hubot", "b")),
            (),
            "2 findings accepted by hubot, mona, octocat",
        ),
        (
            (accepted("opens"), accepted("closes", "mona", "b")),
            (unseen("no chart", "zoe"),),
            "2 findings and 1 thing unseen accepted by mona, octocat, zoe",
        ),
        ((), (unseen("no chart"),), "Accepted by octocat: no chart"),
        ((), (unseen("a"), unseen("b")), "2 things unseen accepted by octocat"),
        ((accepted("x" * 121),), (), f"Accepted by octocat: {'x' * 119}…"),
        ((accepted("x" * 120, "y" * 81),), (), f"Accepted by {'y' * 80}: {'x' * 120}"),
        (
            (accepted("a", "y" * 81), accepted("b", "y" * 81, "b")),
            (),
            f"2 findings accepted by {'y' * 80}",
        ),
    ],
)
@pytest.mark.parametrize(
    ("others", "end"),
    [(0, ""), (1, "; nothing else blocks: 1 notice"), (2, "; nothing else blocks: 2 notices")],
)
def test_the_title_of_a_pass_says_what_was_accepted_and_by_whom(
    suppressed: tuple[Suppressed, ...],
    problems: tuple[AcceptedProblem, ...],
    title: str,
    others: int,
    end: str,
) -> None:
    notices = [
        finding(severity=Severity.NOTICE, fingerprint=f"notice {number}")
        for number in range(others)
    ]
    review = replace(decided(*notices), suppressed=suppressed, accepted=problems)

    expected = title + end
    if title == "Nothing found" and others:
        expected = end.removeprefix("; ").replace("nothing else", "Nothing")
    assert conclusion(review, Policy()) == Conclusion("success", expected)


LAST_WEEK, EARLIER = date(2026, 11, 13), date(2026, 11, 1)


def test_a_finding_names_the_expired_waivers_that_would_have_covered_it() -> None:
    """In the order of the findings, whatever their environments, and none that is in force."""
    first = finding(environments=("production", "staging"), line=1, fingerprint="1")
    second = finding(environments=(), line=2, fingerprint="2")
    waivers = (
        Waiver("last week", LAST_WEEK, rule="service-*"),
        Waiver("staging alone", EARLIER, rule="*", environments=("staging",)),
        Waiver("test alone", EARLIER, rule="*", environments=("test",)),
        Waiver("another rule", EARLIER, rule="rbac-*"),
        Waiver("today is its last day", date(2026, 11, 20), rule="rbac-*"),
    )

    review = decided(second, first, policy=Policy(waivers=waivers))

    assert review.lapsed == (
        Lapsed("1", "last week", "2026-11-13"),
        Lapsed("1", "staging alone", "2026-11-01"),
        Lapsed("2", "last week", "2026-11-13"),
    )


def test_an_expired_waiver_of_what_another_one_covers_is_not_named() -> None:
    waivers = (Waiver("old", EARLIER, rule="*"), Waiver("renewed", NEXT_YEAR, rule="*"))

    review = decided(finding(), policy=Policy(waivers=waivers))

    assert (review.findings, review.lapsed) == ((), ())


def test_a_waiver_for_namespaces_covers_nothing_that_is_in_none() -> None:
    found = replace(finding(), resource=ResourceReference("", "Node", None, "one"))
    waivers = tuple(Waiver("r", NEXT_YEAR, rule="*", namespaces=(glob,)) for glob in ("*", "?*"))

    assert decided(found, policy=Policy(waivers=waivers)).suppressed == ()


def test_a_waiver_for_a_resource_covers_nothing_that_is_about_none() -> None:
    found = replace(finding(), resource=None)
    waiver = Waiver("r", NEXT_YEAR, rule="*", resource="?*")

    assert decided(found, policy=Policy(waivers=(waiver,))).suppressed == ()


def test_two_waivers_cover_a_finding_each_in_its_environments() -> None:
    found = finding(environments=("production", "staging", "test"))
    waivers = (
        Waiver("first", NEXT_YEAR, rule="*", environments=("production", "staging")),
        Waiver("second", NEXT_YEAR, rule="*", environments=("staging", "test")),
    )

    review = decided(found, policy=Policy(waivers=waivers))

    because = {"expires": "2027-01-01"}
    assert (review.findings, review.suppressed) == (
        (),
        (
            Suppressed(
                finding(environments=("production", "staging")), {"waiver": "first", **because}
            ),
            Suppressed(finding(environments=("test",)), {"waiver": "second", **because}),
        ),
    )


def test_problems_are_sorted_by_place_kind_and_message() -> None:
    problems = [
        Problem("unrendered", True, None, "b"),
        Problem("unreadable", True, Location("a.yaml", None, "RIGHT"), "b"),
        Problem("unreadable", True, Location("a.yaml", 2, "RIGHT"), "b"),
        Problem("unrendered", True, Location("a.yaml", 2, "RIGHT"), "a"),
        Problem("unrendered", False, Location("a.yaml", 2, "RIGHT"), "c"),
        Problem("unrendered", True, Location("a.yaml", 2, "RIGHT"), "c"),
        Problem("unreadable", True, Location("b.yaml", 1, "RIGHT"), "a"),
    ]

    assert decided(problems=tuple(reversed(problems))).problems == tuple(problems)
