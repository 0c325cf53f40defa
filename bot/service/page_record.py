"""Stores what the page of a review shows, when its check is about to say it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import structlog

from bot.core.engine.decide import conclusion
from bot.core.engine.review import Review, ReviewFinding
from bot.core.publish.excerpt import unparsed_line
from bot.core.publish.review_page import review_page
from bot.errors import FairleadError
from bot.github.connection import GitHubConnection
from bot.github.pulls import PullRequest
from bot.service.approvals import Case
from bot.service.commits import Commits
from bot.service.context import ServiceContext, pages
from bot.store.audit import stamp
from bot.store.reviews import StoredReview

log = structlog.get_logger()

_UNREADABLE = "manifest-unreadable"


def store_page(
    context: ServiceContext,
    github: GitHubConnection,
    pull: PullRequest,
    case: Case,
    commits: Commits,
) -> None:
    """Store the page of a review. A review that is too large for a page has none."""
    review, policy = case.review, case.policy
    page = review_page(review, policy, pages(github), _line_of(commits, review))
    stored = context.reviews.put(
        StoredReview(
            repository=github.repository_id,
            name=github.full_name,
            pull=pull.number,
            head=pull.head,
            at=stamp(context.now()),
            verdict=review.verdict,
            title=conclusion(review, policy).title,
            document=msgspec.json.encode(page),
        )
    )
    if not stored:
        log.warning("the review is too large for a page")


def _line_of(commits: Commits, review: Review) -> Callable[[ReviewFinding], str | None]:
    """The text of a finding's line. This process parses no manifest, so it shows less."""
    unreadable = {
        finding.location.path
        for finding in review.findings
        if finding.rule == _UNREADABLE and finding.location
    }
    contents: dict[tuple[str, str], bytes | None] = {}

    def line(finding: ReviewFinding) -> str | None:
        place = finding.location
        if place is None or place.line is None or place.path in unreadable:
            return None
        commit = commits.base if place.side == "LEFT" else commits.head
        key = (commit, place.path)
        if key not in contents:
            try:
                contents[key] = commits.repository.file(*key)
            except FairleadError:
                contents[key] = None
        data = contents[key]
        return None if data is None else unparsed_line(data, place.line)

    return line
