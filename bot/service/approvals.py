"""What people decided about a pull request, gathered and put into its review."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import structlog

from bot.core.codeowners import LARGEST, LOCATIONS, Codeowners, parse_codeowners
from bot.core.engine.approvals import Approval, Consent, Need, digest, needs, settle
from bot.core.engine.review import Overridden, Review
from bot.core.globs import name_matches
from bot.core.policy.model import Policy
from bot.github.auth import GitHubConnection
from bot.github.people import People, approving_reviews, ask_to_review, is_merged
from bot.github.pulls import PullRequest, read_pull
from bot.service.audit_record import Record, ShownFinding
from bot.service.commits import Commits
from bot.service.context import ServiceContext

log = structlog.get_logger()

_MOST_ELSEWHERE = 20
"""A change that was accepted on more pull requests than this is no promotion of one of them."""


def record_of(context: ServiceContext, github: GitHubConnection, number: int) -> Record:
    """The log of a pull request, at this moment."""
    delivery = structlog.contextvars.get_contextvars().get("delivery", "")
    return Record(
        context.audit, github.repository_id, github.full_name, number, context.now(), delivery
    )


def codeowners_of(commits: Commits) -> Codeowners:
    """The default branch's CODEOWNERS: what the head says of it is what is to be reviewed."""
    for path in LOCATIONS:
        data = commits.repository.file(commits.trusted, path)
        if data is not None:
            content = data if len(data) <= LARGEST else b""
            return parse_codeowners(content.decode("utf-8", "replace"))
    return Codeowners()


@dataclass(frozen=True, slots=True)
class Case:
    """A review, and the rules of the house by which people may accept what it found."""

    review: Review
    policy: Policy
    codeowners: Codeowners


def settled(
    context: ServiceContext, github: GitHubConnection, pull: PullRequest, case: Case
) -> Review:
    """The review with what people accepted set aside, and with who may accept the rest."""
    policy, codeowners = case.policy, case.codeowners
    record = record_of(context, github, pull.number)
    blocking = {
        finding.fingerprint: needs(finding, policy, codeowners)
        for finding in case.review.findings
        if finding.blocks
    }
    consent = Consent(
        approvals=(
            *record.approvals(),
            *_by_review(context, github, pull, record, blocking.values()),
        ),
        elsewhere=tuple(_promoted(github, policy, record, tuple(blocking))),
        overridden=record.overridden(pull.head, policy),
    )
    return settle(case.review, policy, codeowners, consent)


def remember(
    context: ServiceContext, github: GitHubConnection, pull: PullRequest, case: Case
) -> None:
    """Records what the check is about to say: only what was shown can be accepted.

    Threads are posted by then, and the check follows at once. A review that a push overtook is
    shown to nobody and so is not recorded.
    """
    record = record_of(context, github, pull.number)
    record.conclude(case.review, case.policy, case.codeowners)


def settled_together(
    context: ServiceContext, github: GitHubConnection, numbers: Iterable[int], case: Case
) -> Review:
    """The review of a merge queue's combination of pull requests.

    What was accepted on one of them holds here as well. An override lets through what was shown
    on its own pull request, and nothing that only the combination brings.
    """
    policy, codeowners = case.policy, case.codeowners
    required = [
        needs(finding, policy, codeowners) for finding in case.review.findings if finding.blocks
    ]
    approvals: list[Approval] = []
    excused: dict[tuple[str, str], Overridden] = {}
    for number in numbers:
        pull, record = read_pull(github, number), record_of(context, github, number)
        approvals += [*record.approvals(), *_by_review(context, github, pull, record, required)]
        override = record.overridden(pull.head, policy)
        if override:
            marks = ((shown.fingerprint, shown.digest) for shown in _shown_on(record, pull.head))
            excused.update(dict.fromkeys(marks, override))
    after = settle(case.review, policy, codeowners, Consent(tuple(approvals)))
    blocking = [finding for finding in after.findings if finding.blocks]
    overrides = [excused.get((finding.fingerprint, digest(finding))) for finding in blocking]
    effective = [override for override in overrides if override]
    whole = effective and len(effective) == len(overrides) and after.verdict == "blocked"
    return replace(after, overridden=effective[0]) if whole else after


def lapsed(
    context: ServiceContext, github: GitHubConnection, numbers: Iterable[int]
) -> frozenset[int]:
    """Those of the pull requests whose check still shows an override or a waiver that is over."""
    today = context.today()
    return frozenset(
        number for number in numbers if record_of(context, github, number).lapsed(today)
    )


def _shown_on(record: Record, head: str) -> tuple[ShownFinding, ...]:
    """What the newest review of a head showed."""
    matching = [recorded for recorded in record.conclusions() if recorded.head == head]
    return matching[-1].findings if matching else ()


def tell_teams(
    context: ServiceContext,
    github: GitHubConnection,
    pull: PullRequest,
    review: Review,
    policy: Policy,
) -> None:
    """Asks the teams that the policy names for what was found to review, each once.

    Not on a draft, and on an App's pull request only where it is blocked.
    """
    if pull.draft or (pull.by_bot and review.verdict != "blocked"):
        return
    rules = {finding.rule for finding in review.findings}
    teams = dict.fromkeys(
        team
        for notice in policy.notify
        if any(name_matches(rule, notice.rules) for rule in rules)
        for team in notice.teams
    )
    record = record_of(context, github, pull.number)
    for team in teams:
        if not record.notified(team):
            taken = ask_to_review(github, pull, team)
            record.notify(team, pull.head, taken=taken)
            log.info("team asked to review", team=team, taken=taken)


def _promoted(
    github: GitHubConnection, policy: Policy, record: Record, fingerprints: tuple[str, ...]
) -> Iterator[Approval]:
    """What was accepted of these findings on pull requests that were merged since."""
    if not policy.promotes or not fingerprints:
        return
    approvals = record.elsewhere(fingerprints)
    numbers = sorted({approval.pull for approval in approvals}, reverse=True)[:_MOST_ELSEWHERE]
    merged = {number for number in numbers if is_merged(github, number)}
    yield from (approval for approval in approvals if approval.pull in merged)


def _by_review(
    context: ServiceContext,
    github: GitHubConnection,
    pull: PullRequest,
    record: Record,
    required: Iterable[tuple[Need, ...]],
) -> Iterator[Approval]:
    """Approvals by GitHub's own review: of this head, and after the finding was shown on it."""
    if not any(need.by_review for items in required for need in items):
        return
    people = People(github, context.gateway)
    shown = [items for items in record.conclusions() if items.head == pull.head]
    for review in approving_reviews(github, pull):
        seen = {
            (shown_finding.fingerprint, shown_finding.digest): shown_finding
            for items in shown
            if items.at <= review.submitted
            for shown_finding in items.findings
        }
        for shown_finding in seen.values():
            needed = [need for need in shown_finding.needs if need.by_review]
            names = names_of(people, review.login, needed)
            if names:
                yield Approval(
                    pull.number, shown_finding.fingerprint, shown_finding.digest,
                    shown_finding.severity, shown_finding.environments,
                    review.login, names, "approving review", review=True,
                )  # fmt: skip


def names_of(people: People, login: str, required: Iterable[Need]) -> tuple[str, ...]:
    """In whose name a person may accept what these needs are of."""
    needed = tuple(required)
    names = people.names(login, [name for need in needed for name in need.owners])
    open_to_all = {name for need in needed if not need.writers for name in need.owners}
    if any(name not in open_to_all for name in names) and not people.may_write(login):
        return tuple(name for name in names if name in open_to_all)
    return names
