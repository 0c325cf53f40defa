"""What is written on GitHub, as whole texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.core.codeowners import parse_codeowners
from bot.core.diff.model import ChangedResource, Difference, DifferenceGroup, FieldChange
from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.approvals import Approval, Consent, digest
from bot.core.engine.decide import conclusion
from bot.core.engine.needs import Approvers
from bot.core.engine.page import Page
from bot.core.engine.review import (
    Counts,
    GrantCounts,
    Location,
    Overridden,
    Problem,
    RelatedPlace,
    Review,
    Suggestion,
    Summary,
    Waiting,
)
from bot.core.engine.settle import settle
from bot.core.finding import Severity
from bot.core.policy.model import ApprovalPolicy, NamespaceOwner, Override, Policy, Waiver
from bot.core.publish.difference import difference_markdown, totals
from bot.core.publish.markdown import prose
from bot.core.publish.markers import fingerprint_of, marker
from bot.core.publish.notices import ejected, installed, pushed, shared
from bot.core.publish.pages import Pages
from bot.core.publish.plan import conclude
from bot.core.publish.replies import CommandReply, Person, write_reply
from bot.core.publish.report import comment, failed, invalid_policy, review_body, summary, whole
from bot.core.publish.totals import compared
from bot.core.resource import ResourceKey
from bot.errors import PolicyError
from tests.golden import assert_golden
from tests.reviews import MANY, PROBLEMS, RICH, decided, finding
from tests.reviews import TODAY as LAST_DAY

GOLDEN = Path(__file__).parent / "golden"
PAGES = Pages("https://fairlead.example/rules")
WAIVER = Waiver("moves in Q1, PLAT-812", LAST_DAY, rule="image-not-approved")
POLICY = Policy(
    approvals=(ApprovalPolicy(("rbac-*",), teams=("example/security",)),),
    owners=(NamespaceOwner(("shop",), ("example/shop",)),),
    waivers=(WAIVER,),
)
ALL = decided(
    replace(RICH, location=Location("rbac/role.yaml", 12, "RIGHT")),
    finding(),
    finding("pods-not-spread", Severity.NOTICE, path=None, message="A plain sentence"),
    finding("image-not-approved", line=3, message="Deployment shop/api runs x.example/y:1"),
    policy=POLICY,
    problems=PROBLEMS,
    summary=MANY,
)

PEOPLE = replace(
    POLICY,
    approvals=(ApprovalPolicy(("rbac-*",), teams=("example/security",), count=2, by_review=True),),
    waivers=(replace(WAIVER, expires=date(2026, 11, 1)),),
    override=Override(teams=("example/on-call",)),
    promotes=("clusters/eu", "clusters/us"),
)
CODEOWNERS = parse_codeowners("apps/ @octocat docs@example.com")


def settled(*given: str, overridden: Overridden | None = None, only: bool = False) -> Review:
    """A review on which these people accepted the finding that RBAC gives."""
    found = (RICH,) if only else (RICH, finding(), finding("image-not-approved", fingerprint="77"))
    approvals = tuple(
        Approval(
            1, "aaaa", digest(RICH), Severity.ERROR, RICH.environments, GitHubAccount(by),
            ("@example/security",), f"agreed by {by}",
        )
        for by in given
    )  # fmt: skip
    before = decided(*found, policy=PEOPLE)
    return settle(before, Approvers(PEOPLE, CODEOWNERS), Consent(approvals, overridden=overridden))


DIFFERENCE = Difference(
    (
        DifferenceGroup(
            "removed",
            (
                ChangedResource(
                    ResourceKey("rbac.authorization.k8s.io", "ClusterRoleBinding", None, "ci"),
                    ("default",),
                ),
            ),
        ),
        DifferenceGroup(
            "changed",
            tuple(
                ChangedResource(
                    ResourceKey("apps", "Deployment", "shop", f"api-{number}"), ("eu", "us")
                )
                for number in range(12)
            ),
            (FieldChange("spec.template.spec.containers[name=web].image", "web:1", "web:2"),),
        ),
        DifferenceGroup(
            "changed",
            (ChangedResource(ResourceKey("", "ConfigMap", "shop", "large"), ("eu",)),),
            (),
            1,
        ),
    ),
    7,
)

ENVIRONMENTS = tuple(f"clusters/{name}" for name in ("eu-1", "eu-2", "us-1", "us-2"))
LINES = Difference(
    (
        DifferenceGroup(
            "changed",
            (ChangedResource(ResourceKey("", "ConfigMap", "shop", "script"), ENVIRONMENTS),),
            (FieldChange("data[run.sh]", "echo 1\necho ```", "echo 2"),),
        ),
    ),
)

PAGE = Page(
    "service-exposed",
    "A Service that is newly reachable.",
    {"Why it matters": "Anybody reaches it.", "What to do": "Make it internal."},
    "",
)
TEXTS: dict[str, Callable[[], str]] = {
    "comment_plain": lambda: comment(finding(), Policy()),
    "comment_rich": lambda: comment(replace(RICH, blocks=True), Policy(), PAGES, suggest=True),
    "comment_observing": lambda: comment(replace(finding(), blocks=True), Policy(mode="observe")),
    "review": lambda: review_body(ALL, POLICY),
    "summary_clean": lambda: summary(decided(), Policy()),
    "summary_full": lambda: summary(ALL, POLICY, PAGES),
    "summary_difference": lambda: summary(
        replace(decided(finding()), difference=DIFFERENCE),
        Policy(),
        Pages(PAGES.rules, "https://github.example/example/gitops"),
    ),
    "summary_brief": lambda: summary(replace(decided(), difference=LINES), Policy()),
    "summary_causes": lambda: summary(
        decided(
            *(
                finding(
                    "image-not-approved",
                    line=number,
                    message=f"Deployment shop/api-{number} runs x.example/y:1",
                    fingerprint=f"{number:020x}",
                )
                for number in range(1, 24)
            ),
            finding("network-policy-service-port", line=40, message="A port of the Service"),
            finding("service-blocked-by-network-policy", line=40, message="Nobody gets in"),
        ),
        Policy(),
    ),
    "comment_shared": lambda: comment(
        finding(), Policy(), also=(finding("service-selects-nothing", message="No pod answers"),)
    ),
    "difference_lines": lambda: difference_markdown(LINES),
    "difference": lambda: difference_markdown(DIFFERENCE),
    "summary_passing": lambda: summary(decided(finding(severity=Severity.NOTICE)), Policy()),
    "summary_warnings": lambda: summary(
        decided(
            finding(severity=Severity.NOTICE),
            finding(severity=Severity.WARNING, line=3),
            finding("image-tag-mutable", Severity.WARNING, line=4, message="x runs y@latest"),
        ),
        Policy(),
    ),
    "summary_incomplete": lambda: summary(decided(problems=PROBLEMS), Policy()),
    "summary_new_problem_first": lambda: summary(
        decided(
            problems=(
                *(replace(PROBLEMS[0], message=f"chart {at} is not rendered") for at in range(4)),
                Problem("unreadable", True, Location("z/link.yaml", None, "RIGHT"), "it is a link"),
            )
        ),
        Policy(),
    ),
    "summary_unseen_twice": lambda: summary(
        decided(
            problems=tuple(
                Problem(
                    "unrendered",
                    False,
                    Location("apps/kustomization.yaml", 4, "RIGHT"),
                    "apps is gone, and what it held is not known; compare it by hand",
                    id=f"{number:020x}",
                    digest="d",
                )
                for number in (2**78, 2**79)
            )
        ),
        Policy(),
    ),
    "summary_as_before": lambda: summary(
        decided(problems=PROBLEMS[:1]), Policy(incomplete="allow")
    ),
    "summary_observing": lambda: summary(
        decided(finding(), policy=Policy(mode="observe")), Policy(mode="observe")
    ),
    "summary_unplaced": lambda: summary(
        decided(
            replace(
                finding(path="prod/kustomization.yaml", line=None),
                related=(
                    *(
                        RelatedPlace(Location(f"prod/`{name}`|.yaml", None, "RIGHT"), "changed")
                        for name in "abcdef"
                    ),
                    RelatedPlace(None, "4 more changed files that it is made of"),
                ),
            )
        ),
        Policy(),
    ),
    "summary_waiting": lambda: summary(settled("octocat", only=True), PEOPLE),
    "summary_partly": lambda: summary(settled("octocat", "hubot"), PEOPLE),
    "summary_unowned": lambda: summary(
        replace(
            settled(),
            waiting=(
                Waiting("77", (), (), 1),
                Waiting("0123456789abcdef0123", ("eu",), ("@example/shop",), 1),
                Waiting("0123456789abcdef0123", ("us",), ("@example/shop",), 1),
                Waiting("aaaa", (), ("@example/security",), 2),
                Waiting("78", (), (), 1),
            ),
        ),
        PEOPLE,
    ),
    "summary_overridden": lambda: summary(
        settled(overridden=Overridden("octocat", "the site is down", "2026-11-21 10:00")), PEOPLE
    ),
    "installed": lambda: installed().summary,
    "shared": lambda: shared(conclude(ALL, POLICY), [(7, "failure")]).summary,
    "ejected": lambda: ejected("1 finding to deal with", "b" * 40),
    "pushed": lambda: pushed(conclude(decided(finding()), POLICY), "a" * 40, ["0123"]).summary,
    "reply": lambda: write_reply(
        "<!-- fairlead:v1 reply=7 -->",
        (
            CommandReply("approve", "0123456789ab", message="Service shop/api @all", done=True),
            CommandReply(
                "approve", "77", fault="may-not", person=Person(("@example/security", "@me"))
            ),
            CommandReply(
                "override", fault="may-not", person=Person(("@example/on-call",), blind=True)
            ),
            CommandReply("approve", fault="it gives no reason: say in a few words why"),
            CommandReply("override", until="2026-11-21T10:00:00Z", done=True),
            CommandReply("explain", "0123456789ab", message="Service shop/api", page=PAGE),
            CommandReply("unknown", fault="edited"),
            CommandReply("unknown"),
        ),
    ),
    "whole": lambda: whole(ALL, POLICY, PAGES),
    "invalid_policy": lambda: invalid_policy(
        PolicyError("line 2: unknown key 'moed', did you mean 'mode'?\nline 3: block is '@all'", 2)
    )[1],
    "failed": lambda: failed("5d2c-17")[1],
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_is_as_reviewed(name: str) -> None:
    assert_golden(TEXTS[name](), GOLDEN / f"{name}.md")


def test_every_template_has_a_golden_text() -> None:
    templates = Path(__file__).parents[3] / "templates"
    names = {path.stem for path in templates.glob("*.md")} - {"new_rule"}

    assert names <= {name.partition("_")[0] for name in TEXTS} | set(TEXTS)
    assert {path.stem for path in GOLDEN.glob("*.md")} == set(TEXTS)


def test_the_first_line_says_what_was_accepted() -> None:
    """It would contradict the title to say there that nothing was found."""
    review = settled("octocat", "hubot", only=True)

    assert summary(review, PEOPLE).splitlines()[0] == (
        f"🟢 **Pass**: {prose(conclusion(review, PEOPLE).title)}."
    )


def test_the_first_line_of_an_incomplete_review_names_its_most_serious_finding() -> None:
    warned = replace(finding(severity=Severity.WARNING), blocks=False)
    review = decided(warned, problems=PROBLEMS[:1])

    assert (
        summary(review, Policy())
        .splitlines()[0]
        .endswith(f" Also found: 1 warning: {prose(warned.message)}.")
    )


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (Summary(1, 1, Counts(), "none"), "1 resource in 1 environment compared: nothing changed"),
        (
            Summary(41, 312, Counts(0, 2, 0), "images"),
            "312 resources in 41 environments compared: 2 changed, images only",
        ),
        (
            Summary(2, 1312, Counts(1, 2, 3), "other"),
            "1,312 resources in 2 environments compared: 1 added, 2 changed, 3 removed",
        ),
        (
            Summary(1, 2, Counts(0, 1, 0), "other", grants=GrantCounts(12, 1)),
            "2 resources in 1 environment compared: 1 changed; 12 grants added, 1 grant removed",
        ),
    ],
)
def test_the_line_that_proves_that_somebody_looked(held: Summary, expected: str) -> None:
    assert compared(held) == expected


def test_the_marker_is_found_again_at_the_start_alone() -> None:
    body = comment(finding(fingerprint="aa-2", message=marker("forged")), Policy())

    assert (fingerprint_of(body), fingerprint_of(f"x {body}")) == ("aa-2", None)


def test_a_fingerprint_cannot_close_its_marker() -> None:
    assert marker("aa --><b>") == "<!-- fairlead:v1 finding=aa--b -->"


def test_a_suggestion_cannot_close_its_fence() -> None:
    found = finding(suggestion=Suggestion(1, 1, "x: |\n  ```\n  @everyone"))

    assert "````suggestion\nx: |\n  ```\n  @everyone\n````\n" in comment(
        found, Policy(), suggest=True
    )


@pytest.mark.parametrize("kind", ["</summary><b>", "@all", "x y", "", "K" * 64])
def test_what_is_no_kind_is_not_named_inside_html(kind: str) -> None:
    gone = ChangedResource(ResourceKey("x.example", kind, None, "a"), ("default",))

    assert totals(Difference((DifferenceGroup("removed", (gone,)),))) == "1 removed (1 resource)"


def test_a_summary_of_very_many_findings_fits() -> None:
    """Whatever a byte is: GitHub counts bytes."""
    for char in ("x", "\u65e5", "\U0001f6a2"):
        found = [finding(line=line, message=char * 900) for line in range(1, 2000)]
        problems = tuple(
            Problem("unreadable", True, None, f"{number} {char * 900}") for number in range(2000)
        )
        text = summary(decided(*found, problems=problems), Policy())

        assert 50_000 < len(text.encode()) <= 64_000


def test_whoever_is_named_for_the_rule_can_decide_else_the_owner_of_the_namespace() -> None:
    for_rule = summary(decided(RICH, policy=POLICY), POLICY)
    for_namespace = summary(decided(finding(), policy=POLICY), POLICY)

    assert "`example/security` can waive it" in for_rule
    assert "`example/shop` can waive it" in for_namespace


def test_many_environments_are_a_number_with_the_list_folded() -> None:
    names = tuple(f"clusters/{number}" for number in range(53))
    many, few = finding(environments=names), finding(environments=names[:5])
    folded = "<details><summary>in 53 environments</summary>`clusters/0`, `clusters/1`, "

    assert folded in summary(decided(many), Policy())
    assert "(in `clusters/0`, `clusters/1`, `clusters/2`, `clusters/3`, `clusters/4`)" in summary(
        decided(few), Policy()
    )
    assert "<details><summary>In 53 environments</summary>\n\n`clusters/0`," in comment(
        many, Policy()
    )
    assert "`clusters/49` and 3 more" in comment(many, Policy())
    assert "\nIn `clusters/0`, `clusters/1`" in comment(few, Policy())


def test_the_whole_text_leads_each_thread_with_its_worst_finding() -> None:
    warning = finding("service-exposed", Severity.WARNING, line=7, message="A warning")
    error = finding("service-selects-nothing", line=7, message="An error")

    text = whole(decided(warning, error), Policy())

    assert text.rindex("An error") < text.rindex("A warning")
