"""The overview for those who run the service; it is served on the admin port alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response

from bot.store.audit import Audit, AuditEntry
from bot.store.reviews import Reviews
from bot.web.rendering import harden, page, style

_MOST_REVIEWS = 100
_MOST_REPOSITORIES = 50
_MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class RepositoryOverview:
    """What fires in a repository, what is waived, and what was accepted.

    `rules` are (rule, findings, pull requests), `waived` (rule, message, last day, reason),
    `accepted` (when, by whom, rule, pull request, head, reason).
    """

    name: str
    rules: tuple[tuple[str, int, int], ...]
    waived: tuple[tuple[str, str, str, str], ...]
    accepted: tuple[tuple[str, str, str, int, str, str], ...]


def create_overview(reviews: Reviews, audit: Audit, address: str | None = None) -> Blueprint:
    """The blueprint of the overview.

    It links to pages below `address`, the public address of the service; without one, to none.
    """
    blueprint = Blueprint("overview", __name__)

    def show() -> Response:
        recent = reviews.recent(_MOST_REVIEWS)
        names = dict.fromkeys((review.repository, review.name) for review in recent)
        repositories = [
            _overview(audit, number, name) for number, name in list(names)[:_MOST_REPOSITORIES]
        ]
        shown = {(review.name, review.pull, review.head) for review in recent}
        return page(
            "overview.html",
            recent=recent,
            repositories=repositories,
            address=address,
            shown=shown,
        )

    blueprint.add_url_rule("/", "overview", show)
    blueprint.add_url_rule("/static/style.css", "style", style)
    blueprint.after_request(harden)
    return blueprint


def _overview(audit: Audit, repository: int, name: str) -> RepositoryOverview:
    return RepositoryOverview(
        name,
        tuple(_fired(audit.entries("found", repository))),
        tuple(_waived(audit.entries("waived", repository))),
        tuple(
            (entry.at, entry.actor, entry.rule, entry.pull, entry.head, entry.reason)
            for entry in audit.entries("approved", repository)[::-1][:_MOST_ROWS]
        ),
    )


def _fired(entries: Sequence[AuditEntry]) -> list[tuple[str, int, int]]:
    """How many distinct findings each rule gave, in how many pull requests; most first."""
    findings: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for entry in entries:
        findings[entry.rule].add((entry.pull, entry.fingerprint))
    rows = [
        (rule, len(found), len({pull for pull, _ in found})) for rule, found in findings.items()
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))[:_MOST_ROWS]


def _waived(entries: Sequence[AuditEntry]) -> list[tuple[str, str, str, str]]:
    """The waived findings, each as it was last, those that end soonest first."""
    last = {entry.fingerprint: entry for entry in entries}
    rows = [
        (
            entry.rule,
            str(entry.data.get("message", "")),
            str(entry.data.get("because", {}).get("expires", "")),
            entry.reason,
        )
        for entry in last.values()
    ]
    return sorted(rows, key=lambda row: (row[2], row[0]))[:_MOST_ROWS]
