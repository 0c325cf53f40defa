"""Approvals: who may accept a finding, what consent covers, and when it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.codeowners import Codeowners, parse_codeowners
from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.approvals import Approval, Consent, digest, named, short_id
from bot.core.engine.consent import ConsentContent
from bot.core.engine.decide import conclusion
from bot.core.engine.needs import Approvers, Need, affected_namespaces, needs
from bot.core.engine.review import (
    Details,
    EndedApproval,
    Overridden,
    Problem,
    ProblemSubject,
    ResourceReference,
    Review,
    ReviewFinding,
    Suppressed,
    problem_about,
)
from bot.core.engine.settle import settle
from bot.core.finding import Severity, Table
from bot.core.policy.model import ApprovalPolicy, Escalation, NamespaceOwner, Policy
from bot.core.values import freeze, mapping
from tests.reviews import accounts, decided, finding

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
        pull,
        found.fingerprint,
        mark,
        found.severity,
        spaces,
        GitHubAccount(by),
        owners,
        "agreed",
        review,
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
    return settle(review, Approvers(policy, codeowners), Consent(approvals, elsewhere))


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
    review = settle(decided(FOUND), Approvers(Policy(), FILE), Consent(overridden=held))

    end = conclusion(review, Policy())
    assert (review.verdict, end.conclusion) == ("blocked", "success")
    assert end.title == "OVERRIDDEN by octocat until 2026-11-21 10:00"


def test_an_override_of_what_passes_is_not_spoken_of() -> None:
    held = Overridden("octocat", "the site is down", "2026-11-21 10:00")

    assert settle(decided(), Approvers(Policy(), FILE), Consent(overridden=held)).overridden is None


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
    end = conclusion(settle(review, Approvers(SECURITY, FILE), Consent()), SECURITY)

    assert end.title == "2 findings to deal with, 1 of them waiting for approval"


def test_a_problem_still_makes_the_review_incomplete_once_all_is_accepted() -> None:
    problem = Problem("unrendered", True, None, "not rendered")
    review = decided(FOUND, policy=SECURITY, problems=(problem,))

    assert settle(review, Approvers(SECURITY, FILE), Consent((approval(),))).verdict == "incomplete"


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


UNSEEN = problem_about(
    ProblemSubject("kustomization:apps", ("a", "b")),
    "unrendered",
    None,
    "apps is not rendered",
    new=True,
)
RULES = ("image-not-approved", "rbac-invalid")
ALL_RULES = Policy(
    approvals=(
        ApprovalPolicy(("image-*",), teams=("example/images",)),
        ApprovalPolicy(("rbac-*",), users=("octocat",)),
    )
)


def accepted_problem(problem: Problem, by: str, owner: str) -> Approval:
    return Approval(
        1, problem.id, problem.digest, Severity.ERROR, (), GitHubAccount(by), (owner,),
        "built by hand",
        message=problem.message,
    )  # fmt: skip


def settled_problem(*approvals: Approval, problem: Problem = UNSEEN) -> Review:
    approvers = Approvers(ALL_RULES, FILE, rules=RULES)
    review = decided(policy=ALL_RULES, problems=(problem,))
    return settle(review, approvers, Consent(approvals))


IMAGES = accepted_problem(UNSEEN, "hubot", "@example/images")
RBAC = accepted_problem(UNSEEN, "octocat", "@octocat")


def test_a_problem_is_accepted_by_those_who_may_accept_every_rule_that_it_may_hide() -> None:
    partly, wholly = settled_problem(IMAGES), settled_problem(IMAGES, RBAC)

    assert (partly.verdict, partly.waiting[0].owners) == ("incomplete", ("@octocat",))
    assert (wholly.verdict, wholly.problems) == ("pass", ())
    assert [(item.problem, item.because["by"]) for item in wholly.accepted] == [
        (UNSEEN, "hubot, octocat")
    ]
    title = "Accepted by hubot, octocat: apps is not rendered"
    assert conclusion(wholly, ALL_RULES).title == title


def test_an_accepted_problem_comes_back_when_its_inputs_change() -> None:
    subject = ProblemSubject("kustomization:apps", ("a", "c"))
    later = problem_about(subject, "unrendered", None, "apps is not rendered", new=True)
    review = settled_problem(IMAGES, RBAC, problem=later)

    assert (later.id, review.verdict) == (UNSEEN.id, "incomplete")
    assert [ended.by for ended in review.waiting[0].ended] == ["hubot", "octocat"]


def test_a_problem_with_unknown_inputs_cannot_be_accepted() -> None:
    problem = problem_about(ProblemSubject("x"), "unrendered", None, "not rendered", new=True)
    consent = accepted_problem(problem, "octocat", "@octocat")

    assert settled_problem(consent, problem=problem).verdict == "incomplete"


def test_nobody_accepts_a_problem_that_may_hide_a_rule_without_owners() -> None:
    approvers = Approvers(SECURITY, Codeowners(), rules=("service-exposed", "rbac-invalid"))

    assert approvers.of_problem(UNSEEN) == ()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_nobody_who_wrote_the_change_accepts_it(*, elsewhere: bool) -> None:
    """Neither here nor through an approval of an earlier stage."""
    policy = replace(SECURITY, promotes=("staging", "production"))
    consent = approval(finding(environments=("staging",)))
    review = decided(
        finding(environments=("production" if elsewhere else "staging",)), policy=policy
    )
    given = Consent((), (consent,)) if elsewhere else Consent((consent,))

    wrote = settle(review, Approvers(policy, FILE, accounts("octocat")), given)
    other = settle(review, Approvers(policy, FILE, accounts("mona")), given)

    assert (wrote.verdict, other.verdict) == ("blocked", "pass")


def test_an_approval_that_ended_says_what_changed_since() -> None:
    before, after = (
        replace(FOUND, content=ConsentContent(digest, fields))
        for digest, fields in (
            ("a", {"spec.image": "1", "spec.command": "1"}),
            ("b", {"spec.image": "2", "spec.command": "1"}),
        )
    )
    consent = replace(approval(before), fields=before.content.fields, message=before.message)

    assert settled(consent, found=before).verdict == "pass"
    assert settled(consent, found=after).waiting[0].ended == (
        EndedApproval("octocat", changed=("spec.image",)),
    )
    assert settled(consent, found=replace(before, message="worse")).waiting[0].ended == (
        EndedApproval("octocat", before=before.message),
    )


PERSON = Policy(approvals=(ApprovalPolicy(("*",), users=("octocat", "mona")),))
ESCALATED = replace(PERSON, escalation=Escalation(users=("boss",)))


@pytest.mark.parametrize(
    ("policy", "authors", "expected"),
    [
        (ESCALATED, {"octocat"}, (Need(("@octocat", "@mona")),)),
        (ESCALATED, {"octocat", "mona"}, (Need(("@boss",), escalated=True),)),
        (PERSON, {"octocat", "mona"}, (Need(("@octocat", "@mona")),)),
        (Policy(escalation=ESCALATED.escalation), set(), (Need(("@boss",), escalated=True),)),
        (replace(SECURITY, escalation=ESCALATED.escalation), set(), needs(FOUND, SECURITY, FILE)),
    ],
)
def test_where_nobody_is_left_the_policy_s_escalation_decides(
    policy: Policy, authors: set[str], expected: tuple[Need, ...]
) -> None:
    approvers = Approvers(policy, Codeowners(), accounts(*authors))

    assert approvers.of_finding(FOUND) == expected


def test_the_title_says_what_was_accepted() -> None:
    one, other = finding("service-a", fingerprint="a"), finding("service-b", fingerprint="b")
    review = settle(
        decided(one, other, policy=SECURITY),
        Approvers(SECURITY, FILE),
        Consent((approval(one), approval(other, by="mona"))),
    )
    single = settled(approval())

    assert conclusion(review, SECURITY).title == "2 findings accepted by mona, octocat"
    assert conclusion(single, SECURITY).title == f"Accepted by octocat: {FOUND.message}"
