"""The document of a review's page."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from bot.core.engine.review import (
    Counts,
    Location,
    Problem,
    RemovedGrants,
    Review,
    Summary,
    Suppressed,
    Waiting,
)
from bot.core.policy.model import Policy
from bot.core.publish.page_model import PageAlike, PageGrant, PagePlace, PageProblem
from bot.core.publish.pages import NO_PAGES, Pages
from bot.core.publish.review_page import review_page
from bot.core.values import Value, freeze
from tests.reviews import decided, finding

NOTHING = Summary(1, 2, Counts(changed=1), "other")
REVIEW = Review("pass", "b" * 40, "c" * 40, (), (), (), NOTHING)


def test_what_a_change_takes_away_is_listed() -> None:
    removed = RemovedGrants("User u\u202e", "shop", "list, watch", "secrets")
    summary = replace(NOTHING, removed_grants=(removed,))
    page = review_page(replace(REVIEW, summary=summary), Policy(), NO_PAGES, lambda _: None)

    assert page.grants == (
        PageGrant(
            "User u\N{REPLACEMENT CHARACTER}", "shop", "list, watch", "secrets", removed=True
        ),
    )


def grant(verb: str, resource: str, scope: str = "*", name: str | None = None) -> Value:
    return freeze(
        {
            "subject": {"kind": "ServiceAccount", "namespace": "shop", "name": "api"},
            "scope": scope,
            "verb": verb,
            "apiGroup": "",
            "resource": resource,
            "resourceName": name,
        }
    )


def test_grants_that_differ_in_one_thing_share_a_row() -> None:
    pods = [grant(verb, kind) for kind in ("pods", "secrets") for verb in ("get", "list")]
    other = [grant("get", "pods", "shop"), grant("bind", "clusterroles", name="edit")]
    gaining = replace(finding("rbac-privilege-added"), facts={"grants": (*pods, *other)})
    page = review_page(decided(gaining), Policy(), NO_PAGES, lambda _: None)

    who = "ServiceAccount shop/api"
    assert page.grants == (
        PageGrant(who, "cluster", "get, list", "pods, secrets"),
        PageGrant(who, "shop", "get", "pods"),
        PageGrant(who, "cluster", "bind", "clusterroles edit"),
    )


def test_a_grant_that_an_earlier_version_stored_can_still_be_shown() -> None:
    stored = b'{"subject": "User u", "scope": "*", "verb": "get", "resource": "pods"}'

    assert msgspec.json.decode(stored, type=PageGrant) == PageGrant("User u", "*", "get", "pods")


def test_one_cause_is_one_entry_and_names_what_else_it_is() -> None:
    findings = [
        replace(
            finding(fingerprint=f"{number:020x}"),
            location=Location(f"clusters/{number}/api.yaml", 9, "RIGHT"),
        )
        for number in range(3)
    ]
    shown = review_page(
        decided(finding("image-not-approved", line=3), *findings),
        Policy(),
        NO_PAGES,
        lambda _: "\t   image: x ",
    ).findings

    assert [(item.rule, len(item.alike)) for item in shown] == [
        ("image-not-approved", 0),
        ("service-exposed", 2),
    ]
    assert shown[1].alike[1] == PageAlike(
        "Service/shop/api", f"{2:020x}"[:8], PagePlace("clusters/2/api.yaml:9")
    )
    assert shown[0].place == PagePlace("apps/api.yaml:3", None, "image: x")


def test_problems_that_base_had_stand_by_themselves() -> None:
    problems = (
        Problem("unrendered", False, Location("apps/chart", None, "RIGHT"), "not rendered"),
        Problem("unreadable", True, Location("z.yaml", 3, "RIGHT"), "a link"),
    )
    page = review_page(decided(problems=problems), Policy(), NO_PAGES, lambda _: None)

    assert page.problems == (
        PageProblem("not rendered", PagePlace("apps/chart"), stood=True),
        PageProblem("a link", PagePlace("z.yaml:3")),
    )


def test_a_problem_says_who_can_accept_it() -> None:
    problem = Problem("unrendered", True, None, "not rendered", id="a" * 20, digest="d")
    waits = Waiting("a" * 20, (), ("example/platform",), 2, ("hubot",))
    review = replace(decided(problems=(problem,)), waiting=(waits,))
    page = review_page(review, Policy(), NO_PAGES, lambda _: None)

    assert page.problems == (
        PageProblem(
            "not rendered",
            None,
            id="a" * 8,
            owners=("example/platform",),
            missing=2,
            accepted_by=("hubot",),
        ),
    )


def test_a_problem_that_an_earlier_version_stored_can_still_be_shown() -> None:
    stored = b'["not rendered", {"text": "apps/chart"}]'

    assert msgspec.json.decode(stored, type=PageProblem) == PageProblem(
        "not rendered", PagePlace("apps/chart")
    )


def test_an_accepted_finding_keeps_its_grants_and_links_to_its_line() -> None:
    gaining = replace(
        finding("rbac-privilege-added", line=15), facts={"grants": (grant("get", "secrets"),)}
    )
    accepted = Suppressed(gaining, {"approval": "agreed", "by": "hubot"})
    review = replace(REVIEW, suppressed=(accepted,))
    pages = Pages(repository="https://github.example/o/n")
    page = review_page(review, Policy(), pages, lambda _: None)

    assert [row.resources for row in page.grants] == ["secrets"]
    (settled,) = page.settled
    assert settled.how == "accepted by hubot"
    assert settled.where is not None
    assert settled.where.url == f"https://github.example/o/n/blob/{REVIEW.head}/apps/api.yaml#L15"
