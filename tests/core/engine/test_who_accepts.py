"""Whose approvals count: reverts, authors, escalation, promotions and problems."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.codeowners import Codeowners, parse_codeowners
from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.approvals import Approval, Consent, digest
from bot.core.engine.consent import ConsentContent
from bot.core.engine.decide import conclusion
from bot.core.engine.needs import (
    ANYBODY_WHO_MAY_WRITE,
    Approvers,
    Need,
    affected_namespaces,
    needs,
)
from bot.core.engine.review import (
    AcceptedProblem,
    EndedApproval,
    Location,
    Problem,
    ProblemSubject,
    ResourceReference,
    ReviewFinding,
    Suppressed,
    Waiting,
    problem_about,
)
from bot.core.engine.settle import settle
from bot.core.finding import Severity
from bot.core.policy.model import (
    ApprovalPolicy,
    Escalation,
    NamespaceOwner,
    Policy,
    RulePolicy,
)
from bot.core.values import freeze, mapping
from tests.reviews import accounts, decided, finding

COMMIT = "c" * 40
FOUND = finding()
TEAM = Policy(approvals=(ApprovalPolicy(("*",), teams=("example/security",)),))
BOSS = Escalation(users=("boss",))
OWNERS = parse_codeowners("apps/ @octocat")


def approval(
    found: ReviewFinding = FOUND,
    by: str = "octocat",
    owners: tuple[str, ...] = ("@example/security",),
    *,
    environments: tuple[str, ...] | None = None,
    reason: str = "agreed",
) -> Approval:
    spaces = found.environments if environments is None else environments
    return Approval(
        1, found.fingerprint, digest(found), found.severity, spaces, GitHubAccount(by), owners,
        reason, message=found.message, fields=found.content.fields,
    )  # fmt: skip


def anybody(by: str = "octocat") -> Approval:
    return approval(by=by, owners=(ANYBODY_WHO_MAY_WRITE,))


def test_anybody_who_may_write_accepts_a_revert_its_author_included() -> None:
    approvers = Approvers(TEAM, authors=accounts("octocat"), gives_back=COMMIT)

    review = settle(decided(FOUND, policy=TEAM), approvers, Consent((anybody(),)))

    because = {"approval": "agreed", "by": "octocat", "gives-back": COMMIT}
    assert (review.verdict, review.findings, review.gives_back) == ("pass", (), COMMIT)
    assert review.suppressed == (Suppressed(replace(FOUND, blocks=False), because),)


def test_a_revert_of_the_policy_needs_those_whom_the_policy_names() -> None:
    changed = finding("policy-changed")
    approvers = Approvers(TEAM, gives_back=COMMIT)

    assert approvers.of_finding(changed) == (Need(("@example/security",)),)
    assert approvers.of_finding(FOUND) == (Need((ANYBODY_WHO_MAY_WRITE,), gives_back=True),)


def test_the_problems_of_a_revert_are_accepted_like_its_findings() -> None:
    approvers = Approvers(TEAM, rules=("service-exposed",), gives_back=COMMIT)

    assert approvers.of_problem(problem("a")) == (Need((ANYBODY_WHO_MAY_WRITE,), gives_back=True),)


@pytest.mark.parametrize(
    ("environments", "other", "verdict"),
    [
        (("default",), False, "pass"),
        ((), False, "blocked"),
        (("production",), False, "blocked"),
        (("default",), True, "blocked"),
    ],
)
def test_in_a_merge_queue_a_revert_s_approval_accepts_exactly_what_it_is_of(
    environments: tuple[str, ...], *, other: bool, verdict: str
) -> None:
    given = approval(
        replace(FOUND, message="another") if other else FOUND, environments=environments
    )

    review = settle(decided(FOUND, policy=TEAM), Approvers(TEAM), Consent(given_back=(given,)))

    because = {"approval": "agreed", "by": "octocat", "gives-back": "yes"}
    accepted = (Suppressed(replace(FOUND, blocks=False), because),)
    assert (review.verdict, review.suppressed) == (
        verdict,
        accepted if verdict == "pass" else (),
    )


def test_a_revert_s_approval_accepts_a_finding_that_is_in_no_environment() -> None:
    found = finding(environments=())

    review = settle(
        decided(found, policy=TEAM), Approvers(TEAM), Consent(given_back=(approval(found),))
    )

    assert (review.verdict, review.findings) == ("pass", ())


def ended(
    *approvals: Approval, found: ReviewFinding = FOUND, authors: tuple[str, ...] = ()
) -> object:
    approvers = Approvers(TEAM, authors=accounts(*authors))
    review = settle(decided(found, policy=TEAM), approvers, Consent(approvals))
    return [waiting.ended for waiting in review.waiting]


def test_an_approval_that_no_longer_counts_says_why() -> None:
    """It was of a revert; or its author wrote part of the change since."""
    assert ended(anybody("mona")) == [(EndedApproval("mona", gave_back=True),)]
    assert ended(approval(by="Octocat"), authors=("octocat",)) == [
        (EndedApproval("Octocat", authored=True),)
    ]


def test_an_approval_from_before_fields_were_recorded_names_no_changed_field() -> None:
    before, after = (
        replace(FOUND, content=ConsentContent(mark, {"spec.image": mark})) for mark in "ab"
    )
    old = replace(approval(before), fields={})

    assert ended(old, found=after) == [(EndedApproval("octocat"),)]
    assert ended(approval(before), found=after) == [
        (EndedApproval("octocat", changed=("spec.image",)),)
    ]


def test_a_finding_that_waits_names_who_may_accept_it_and_how_many_are_missing() -> None:
    """Of several environments, the one that lacks most people counts."""
    found = finding(environments=("production", "staging"))
    policy = Policy(approvals=(ApprovalPolicy(("*",), teams=("example/security",), count=2),))
    given = approval(found, environments=("staging",))

    review = settle(decided(found, policy=policy), Approvers(policy), Consent((given,)))

    assert review.waiting == (
        Waiting(
            found.fingerprint,
            ("production", "staging"),
            ("@example/security",),
            missing=2,
            accepted_by=("octocat",),
            meant=True,
        ),
    )


@pytest.mark.parametrize(
    ("policy", "authors", "expected"),
    [
        (Policy(), ("mona",), (("@octocat",), False, False)),
        (Policy(), ("octocat",), (("@octocat",), False, True)),
        (Policy(escalation=BOSS), ("octocat",), (("@boss",), True, False)),
        (Policy(escalation=BOSS), ("octocat", "boss"), (("@boss",), True, True)),
    ],
)
def test_where_the_authors_are_the_only_owners_the_escalation_is_asked(
    policy: Policy, authors: tuple[str, ...], expected: tuple[tuple[str, ...], bool, bool]
) -> None:
    approvers = Approvers(policy, OWNERS, accounts(*authors))

    (waiting,) = settle(decided(FOUND, policy=policy), approvers, Consent()).waiting

    assert (waiting.owners, waiting.escalated, waiting.exhausted) == expected


def test_a_finding_that_nobody_may_accept_is_exhausted() -> None:
    (waiting,) = settle(decided(FOUND), Approvers(Policy()), Consent()).waiting

    assert waiting == Waiting(FOUND.fingerprint, ("default",), (), 0, exhausted=True)


def test_one_person_of_the_escalation_is_enough_whatever_the_policy_asks_for() -> None:
    entry = ApprovalPolicy(("*",), users=("octocat",), count=2, by_review=True)
    policy = Policy(approvals=(entry,), escalation=BOSS)

    assert Approvers(policy).of_finding(FOUND) == (Need(("@boss",), 1, True, escalated=True),)
    assert Approvers(Policy(escalation=BOSS), OWNERS, accounts("octocat")).of_finding(FOUND) == (
        Need(("@boss",), escalated=True),
    )


def test_a_promotion_says_in_which_stages_each_person_accepted() -> None:
    policy = Policy(
        approvals=(ApprovalPolicy(("*",), teams=("example/security",), count=2),),
        promotes=("test", "staging", "production"),
    )
    found = finding(environments=("production",))
    given = (
        approval(found, environments=("staging", "test")),
        approval(found, by="mona", environments=("test",), reason="tried it"),
    )

    review = settle(decided(found, policy=policy), Approvers(policy), Consent(elsewhere=given))

    (suppressed,) = review.suppressed
    assert suppressed.because == {
        "approval": "agreed; tried it",
        "by": "mona, octocat",
        "accepted-in": "staging, test",
    }


def test_a_promotion_carries_nothing_over_that_has_changed_since() -> None:
    policy = replace(TEAM, promotes=("staging", "production"))
    found = finding(environments=("production",))
    given = approval(replace(found, message="less"), environments=("staging",))

    review = settle(decided(found, policy=policy), Approvers(policy), Consent(elsewhere=(given,)))

    assert review.verdict == "blocked"


def problem(*inputs: str, name: str = "apps") -> Problem:
    place = Location("apps/kustomization.yaml", 1, "RIGHT")
    subject = ProblemSubject(f"kustomization:{name}", inputs)
    return problem_about(subject, "unrendered", place, f"{name} is not rendered", new=True)


def test_a_problem_needs_no_approver_of_a_rule_that_is_off() -> None:
    """The owners of the others come from the policy, and else from CODEOWNERS of its file."""
    policy = Policy(
        rules={"image-not-approved": RulePolicy(off=True)},
        approvals=(ApprovalPolicy(("rbac-*",), teams=("example/security",)),),
    )
    rules = ("image-not-approved", "rbac-invalid", "service-exposed")

    assert Approvers(policy, OWNERS, rules=rules).of_problem(problem("a")) == (
        Need(("@example/security",)),
        Need(("@octocat",), writers=True),
    )
    assert Approvers(policy, Codeowners(), rules=rules).of_problem(problem("a")) == ()


def test_each_problem_is_settled_by_itself() -> None:
    """One that is accepted leaves the others standing, in their order."""
    first, second, third = (problem("a", name=name) for name in "abc")
    accepted = Approval(
        1, second.id, second.digest, Severity.ERROR, (), GitHubAccount("octocat"),
        ("@example/security",), "seen",
    )  # fmt: skip
    review = decided(policy=TEAM, problems=(first, second, third))

    after = settle(review, Approvers(TEAM, rules=("rbac-invalid",)), Consent((accepted,)))

    assert (after.verdict, after.problems) == ("incomplete", (first, third))
    assert after.accepted == (AcceptedProblem(second, {"approval": "seen", "by": "octocat"}),)
    assert [waiting.fingerprint for waiting in after.waiting] == [first.id, third.id]
    assert conclusion(after, TEAM).title == "2 things could not be reviewed"


def test_a_finding_that_does_not_block_stays_as_it_is() -> None:
    notice = finding(severity=Severity.NOTICE)

    review = settle(decided(notice, policy=TEAM), Approvers(TEAM), Consent((approval(notice),)))

    assert (review.findings, review.suppressed, review.waiting) == ((notice,), (), ())


def test_the_facts_of_a_finding_are_part_of_what_is_approved() -> None:
    facts = mapping(freeze({"grants": [{"scope": "shop"}]}))

    digests = {digest(FOUND), digest(replace(FOUND, facts=facts))}

    assert [len(mark) for mark in digests] == [32, 32]


@pytest.mark.parametrize(
    ("resource", "namespaces"),
    [
        (ResourceReference("", "Service", "shop", "api"), ("shop",)),
        (ResourceReference("", "Namespace", None, "shop"), ("shop",)),
        (ResourceReference("example.com", "Namespace", None, "shop"), ()),
        (ResourceReference("", "Node", None, "one"), ()),
    ],
)
def test_the_namespaces_that_a_finding_affects(
    resource: ResourceReference, namespaces: tuple[str, ...]
) -> None:
    assert affected_namespaces(replace(FOUND, resource=resource)) == namespaces


def test_a_grant_in_the_whole_cluster_belongs_to_no_namespace_s_owner() -> None:
    policy = Policy(owners=(NamespaceOwner(("*",), ("example/all",)),))
    grants = mapping(freeze({"grants": [{"scope": "*"}]}))

    assert needs(replace(FOUND, facts=grants), policy, OWNERS) == (
        Need(("@octocat",), writers=True),
    )


def test_reviews_count_for_owners_and_code_owners_where_the_policy_says_so() -> None:
    policy = Policy(
        owners=(NamespaceOwner(("shop",), ("example/shop",)),),
        approvals=(ApprovalPolicy(("*",), by_review=True),),
    )
    grants = mapping(freeze({"grants": [{"scope": "*"}, {"scope": "shop"}]}))

    assert needs(replace(FOUND, facts=grants), policy, OWNERS) == (
        Need(("@example/shop",), by_review=True),
        Need(("@octocat",), by_review=True, writers=True),
    )


def test_a_user_of_the_policy_may_be_written_with_an_at_sign() -> None:
    policy = Policy(approvals=(ApprovalPolicy(("*",), users=("@Octocat", "octocat")),))

    assert needs(FOUND, policy, Codeowners()) == (Need(("@octocat",)),)
