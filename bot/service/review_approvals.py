"""Approvals that people give by approving the pull request on GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.approvals import Approval
from bot.core.engine.needs import ANYBODY_WHO_MAY_WRITE, Need
from bot.github.connection import GitHubConnection
from bot.github.people import People, approving_reviews
from bot.github.pulls import PullRequest
from bot.service.audit_record import Record
from bot.service.context import ServiceContext


def approvals_by_review(
    context: ServiceContext,
    github: GitHubConnection,
    pull: PullRequest,
    record: Record,
    required: Iterable[tuple[Need, ...]],
) -> Iterator[Approval]:
    """Approvals by GitHub's own review: of this head, and after the finding was shown on it.

    GitHub's stamps have whole seconds, and a review names no finding: one of the second in which a
    finding was shown may have come first.
    """
    if not any(need.by_review for items in required for need in items):
        return
    people = People(github, context.gateway)
    shown = [items for items in record.conclusions() if items.head == pull.head]
    for review in approving_reviews(github, pull):
        seen = {
            (shown_finding.fingerprint, shown_finding.digest): shown_finding
            for items in shown
            if items.shown and _moment(items.shown) < _moment(review.submitted)
            for shown_finding in items.findings
        }
        for shown_finding in seen.values():
            needed = [need for need in shown_finding.needs if need.by_review]
            names = names_of(people, review.account, needed)
            if names:
                yield Approval(
                    pull.number, shown_finding.fingerprint, shown_finding.digest,
                    shown_finding.severity, shown_finding.environments,
                    review.account, names, "approving review", review=True,
                    message=shown_finding.message, fields=shown_finding.fields,
                )  # fmt: skip


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def names_of(people: People, account: GitHubAccount, required: Iterable[Need]) -> tuple[str, ...]:
    """In whose name a person may accept what these needs are of."""
    needed = tuple(required)
    if any(need.gives_back for need in needed):
        return (ANYBODY_WHO_MAY_WRITE,) if people.may_write(account) else ()
    names = people.names(account.login, [name for need in needed for name in need.owners])
    open_to_all = {name for need in needed if not need.writers for name in need.owners}
    if any(name not in open_to_all for name in names) and not people.may_write(account):
        return tuple(name for name in names if name in open_to_all)
    return names
