"""Reviews for tests of whatever is made from one."""

from __future__ import annotations

from datetime import date

from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.decide import decide
from bot.core.engine.review import (
    Analysis,
    Counts,
    Details,
    GrantCounts,
    ImageChange,
    Location,
    Problem,
    RelatedPlace,
    ResourceReference,
    Review,
    ReviewFinding,
    Suggestion,
    Summary,
)
from bot.core.finding import Graph, Severity, Side, Steps, Table
from bot.core.policy.model import Policy

TODAY = date(2026, 11, 20)
BASE, HEAD = "a" * 40, "b" * 40
QUIET = Summary(41, 312, Counts(0, 2, 0), "images")


def accounts(*logins: str) -> frozenset[GitHubAccount]:
    """Accounts of which only the logins are on record."""
    return frozenset(map(GitHubAccount, logins))


def finding(
    rule: str = "service-exposed",
    severity: Severity = Severity.ERROR,
    *,
    path: str | None = "apps/api.yaml",
    line: int | None = 12,
    side: Side = "RIGHT",
    fingerprint: str = "0123456789abcdef0123",
    message: str = "Service shop/api is newly reachable from outside",
    moved: str = "",
    environments: tuple[str, ...] = ("default",),
    kind: str = "Service",
    suggestion: Suggestion | None = None,
    details: Details | None = None,
    related: tuple[RelatedPlace, ...] = (),
) -> ReviewFinding:
    """A finding about `shop/api`."""
    return ReviewFinding(
        rule=rule,
        severity=severity,
        message=message,
        environments=environments,
        resource=ResourceReference("", kind, "shop", "api"),
        location=None if path is None else Location(path, line, side),
        fingerprint=fingerprint,
        suggestion=suggestion,
        details=details or Details(),
        related=related,
        moved=moved,
    )


def decided(
    *findings: ReviewFinding,
    policy: Policy | None = None,
    problems: tuple[Problem, ...] = (),
    summary: Summary = QUIET,
) -> Review:
    """The review of these findings."""
    analysis = Analysis(findings, problems, summary)
    return decide(analysis, policy or Policy(), base=BASE, head=HEAD, today=TODAY)


RICH = finding(
    "rbac-privilege-added",
    message="ServiceAccount shop/api may newly read secrets in kube-system",
    environments=("clusters/eu", "clusters/us"),
    fingerprint="aaaa",
    suggestion=Suggestion(12, 13, "      - get\n      - list"),
    details=Details(
        tables=(Table(("Verb", "Resource"), (("get", "secrets"), ("list", "pods/log"))),),
        steps=(Steps("From here to the whole cluster:", ("read the token", "be an admin")),),
        graphs=(Graph((("Deployment shop/web", "Deployment shop/db", "TCP 5432"),)),),
    ),
    related=(RelatedPlace(Location("rbac/role.yaml", 4, "LEFT"), "the role as it was"),),
)
"""A finding with everything that a finding can have."""

MANY = Summary(
    2,
    1312,
    Counts(1, 2, 3),
    "other",
    (
        ImageChange(
            ResourceReference("apps", "Deployment", "shop", "api"),
            "api",
            "shop/api:1",
            "shop/api:2",
        ),
    ),
    GrantCounts(1, 0),
)
"""A summary with everything that a summary can have."""

PROBLEMS = (
    Problem("unrendered", False, Location("apps/chart", None, "RIGHT"), "a chart is not rendered"),
    Problem("rule-failed", True, None, "rule service-exposed crashed: ValueError"),
)
