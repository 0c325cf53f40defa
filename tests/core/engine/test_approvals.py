"""Approvals: who may accept a finding, what consent covers, and when it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.codeowners import Codeowners, parse_codeowners
from bot.core.engine.approvals import (
    Approval,
    Consent,
    Need,
    affected_namespaces,
    digest,
    named,
    needs,
    settle,
    short_id,
)
from bot.core.engine.decide import conclusion
from bot.core.engine.review import (
    Details,
    Overridden,
    Problem,
    ResourceReference,
    Review,
    ReviewFinding,
    Suppressed,
)
from bot.core.finding import Severity, Table
from bot.core.policy.model import ApprovalPolicy, NamespaceOwner, Policy
from bot.core.values import freeze, mapping
from tests.reviews import decided, finding

FOUND = finding()
FILE = parse_codeowners("apps/ @octocat @example/apps")
SECURITY = Policy(approvals=(ApprovalPolicy(("service-*",), teams=("Example/Security",)),))
TWO = Policy(approvals=(ApprovalPolicy(("*",), teams=("example/security",), count=2),))
STAGES = finding(environments=("staging", "production"))


def approval(
    found: ReviewFinding = FOUND,
    by: str = "octocat",
    owners: tuple[str, ...] = ("@example/security",),
    *,
    pull: int = 1,
    review: bool = False,
) -> Approval:
    """A person's consent to a finding as it is."""
    mark = digest(found)
    spaces = found.environments
    return Approval(
        pull, found.fingerprint, mark, found.severity, spaces, by, owners, "agreed", review
    )


def settled(
    *approvals: Approval,
    found: ReviewFinding = FOUND,
    policy: Policy = SECURITY,
    elsewhere: tuple[Approval, ...] = (),
    codeowners: Codeowners = FILE,
) -> Review:
    """The review of one finding after these approvals."""
    review = decided(found, policy=policy)
    return settle(review, policy, codeowners, Consent(approvals, elsewhere))


def with_grants(*scopes: str) -> ReviewFinding:
    facts = mapping(freeze({"grants": [{"scope": scope} for scope in scopes]}))
    return replace(FOUND, facts=facts)


SHOP = NamespaceOwner(("shop",), ("example/shop",))
PAY = NamespaceOwner(("pay*",), ("example/pay",))


@pytest.mark.parametrize(
    ("policy", "found", "expected"),
    [
        (Policy(), FOUND, (Need(("@octocat", "@example/apps"), writers=True),)),
        (Policy(), finding(path="other/x.yaml"), ()),
        (Policy(), finding(path=None), ()),
        (SECURITY, FOUND, (Need(("@example/security",)),)),
        (SECURITY, finding("rbac-invalid"), needs(FOUND, Policy(), FILE)),
        (Policy(owners=(SHOP,)), FOUND, (Need(("@example/shop",)),)),
        (replace(SECURITY, owners=(SHOP,)), FOUND, (Need(("@example/security",)),)),
        (
            Policy(owners=(SHOP,), approvals=(ApprovalPolicy(("*",), count=2, by_review=True),)),
            FOUND,
            (Need(("@example/shop",), 2, by_review=True),),
        ),
        (
            Policy(owners=(SHOP, PAY)),
            with_grants("shop", "payments"),
            (Need(("@example/pay",)), Need(("@example/shop",))),
        ),
        (
            Policy(owners=(SHOP,)),
            with_grants("shop", "*"),
            (
                Need(("@example/shop",)),
                Need(("@octocat", "@example/apps"), writers=True),
            ),
        ),
    ],
)
def test_who_may_accept_a_finding(
    policy: Policy, found: ReviewFinding, expected: tuple[Need, ...]
) -> None:
    assert needs(found, policy, FILE) == expected


def test_a_finding_about_a_namespace_affects_that_namespace() -> None:
    found = replace(FOUND, resource=ResourceReference("", "Namespace", None, "shop"))

    assert affected_namespaces(found) == ("shop",)
    assert affected_namespaces(replace(FOUND, resource=None)) == ()


def test_an_accepted_finding_is_set_aside_and_the_verdict_passes() -> None:
    review = settled(approval())

    because = {"approval": "agreed", "by": "octocat"}
    assert (review.verdict, review.findings, review.waiting) == ("pass", (), ())
    assert review.suppressed == (Suppressed(replace(FOUND, blocks=False), because),)


@pytest.mark.parametrize(
    "held",
    [
        approval(owners=("@example/other",)),
        approval(replace(FOUND, message="Service shop/api is newly reachable from everywhere")),
        approval(with_grants("shop")),
        approval(replace(FOUND, details=Details((Table(("a",), (("b",),)),)))),
        approval(finding(environments=("other",))),
        approval(finding(severity=Severity.WARNING)),
        approval(finding(fingerprint="other")),
        approval(review=True),
    ],
)
def test_consent_to_anything_else_does_not_count(held: Approval) -> None:
    review = settled(held)

    assert (review.verdict, review.suppressed) == ("blocked", ())


def test_consent_survives_what_moves_lines_alone() -> None:
    moved = finding(line=99, path="apps/moved.yaml")

    assert settled(approval(), found=moved).verdict == "pass"


def test_consent_holds_in_the_environments_it_was_given_for() -> None:
    review = settled(approval(finding(environments=("staging",))), found=STAGES)

    assert [held.finding.environments for held in review.suppressed] == [("staging",)]
    assert [held.environments for held in review.findings] == [("production",)]
    assert [held.environments for held in review.waiting] == [("production",)]


@pytest.mark.parametrize(
    ("by", "missing", "given"),
    [
        ((), 2, ()),
        (("octocat",), 1, ("octocat",)),
        (("octocat", "octocat"), 1, ("octocat",)),
    ],
)
def test_a_person_counts_once(by: tuple[str, ...], missing: int, given: tuple[str, ...]) -> None:
    review = settled(*(approval(by=login) for login in by), policy=TWO)

    (waiting,) = review.waiting
    assert (waiting.missing, waiting.accepted_by, review.verdict) == (missing, given, "blocked")


def test_as_many_people_as_the_policy_wants_unblock() -> None:
    review = settled(approval(), approval(by="hubot"), policy=TWO)

    assert review.suppressed[0].because == {"approval": "agreed", "by": "hubot, octocat"}


def test_every_affected_owner_must_accept() -> None:
    found, policy = with_grants("shop", "payments"), Policy(owners=(SHOP, PAY))
    shop = approval(found, owners=("@example/shop",))
    pay = approval(found, "hubot", owners=("@example/pay",))

    assert settled(shop, found=found, policy=policy).waiting[0].owners == ("@example/pay",)
    assert settled(shop, pay, found=found, policy=policy).verdict == "pass"


def test_an_approving_review_counts_where_the_policy_says_so() -> None:
    entry = replace(SECURITY.approvals[0], by_review=True)
    policy = replace(SECURITY, approvals=(entry,))

    assert settled(approval(review=True), policy=policy).verdict == "pass"


PROMOTING = replace(SECURITY, promotes=("staging", "production"))


def test_a_promotion_carries_what_was_accepted_in_an_earlier_stage() -> None:
    held = approval(finding(environments=("staging",)), pull=7)
    found = finding(environments=("production",))
    review = settled(found=found, policy=PROMOTING, elsewhere=(held,))

    because = {"approval": "agreed", "by": "octocat", "accepted-in": "staging"}
    assert [dict(one.because) for one in review.suppressed] == [because]


@pytest.mark.parametrize(
    ("accepted", "wanted", "policy"),
    [
        ("production", "staging", PROMOTING),
        ("production", "production", PROMOTING),
        ("staging", "production", SECURITY),
        ("other", "production", PROMOTING),
        ("staging", "other", PROMOTING),
    ],
)
def test_nothing_else_is_carried_over(accepted: str, wanted: str, policy: Policy) -> None:
    held = approval(finding(environments=(accepted,)), pull=7)
    found = finding(environments=(wanted,))

    assert settled(found=found, policy=policy, elsewhere=(held,)).verdict == "blocked"


def test_an_override_turns_the_check_and_leaves_the_verdict() -> None:
    held = Overridden("octocat", "the site is down", "2026-11-21 10:00")
    review = settle(decided(FOUND), Policy(), FILE, Consent(overridden=held))

    end = conclusion(review, Policy())
    assert (review.verdict, end.conclusion) == ("blocked", "success")
    assert end.title == "OVERRIDDEN by octocat until 2026-11-21 10:00"


def test_an_override_of_what_passes_is_not_spoken_of() -> None:
    held = Overridden("octocat", "the site is down", "2026-11-21 10:00")

    assert settle(decided(), Policy(), FILE, Consent(overridden=held)).overridden is None


@pytest.mark.parametrize(
    ("policy", "title"),
    [
        (SECURITY, "Waiting for approval by example/security: 1 finding"),
        (Policy(), "1 finding to deal with"),
    ],
)
def test_to_wait_for_whom_the_policy_names_is_not_to_be_broken(policy: Policy, title: str) -> None:
    review = settled(policy=policy)

    assert (conclusion(review, policy).conclusion, conclusion(review, policy).title) == (
        "failure",
        title,
    )


def test_some_wait_and_some_are_broken() -> None:
    review = decided(FOUND, finding("image-tag", fingerprint="b"), policy=SECURITY)
    end = conclusion(settle(review, SECURITY, FILE, Consent()), SECURITY)

    assert end.title == "2 findings to deal with, 1 of them waiting for approval"


def test_a_problem_still_makes_the_review_incomplete_once_all_is_accepted() -> None:
    problem = Problem("unrendered", True, None, "not rendered")
    review = decided(FOUND, policy=SECURITY, problems=(problem,))

    assert settle(review, SECURITY, FILE, Consent((approval(),))).verdict == "incomplete"


FINGERPRINTS = ("0123456789abcdef0123", "0123456789abcdef0123-2", "0123ffffffffffffffff")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (FINGERPRINTS[0], FINGERPRINTS[:1]),
        (short_id(FINGERPRINTS[0]), FINGERPRINTS[:1]),
        (short_id(FINGERPRINTS[1]), FINGERPRINTS[1:2]),
        ("0123", (FINGERPRINTS[0], FINGERPRINTS[2])),
        ("0123-3", ()),
        ("ffff", ()),
    ],
)
def test_an_id_names_a_fingerprint(wanted: str, expected: tuple[str, ...]) -> None:
    assert named(wanted, FINGERPRINTS) == expected
