"""What people decided about a pull request, gathered and put into its review."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import structlog

from bot.catalog import rule_ids
from bot.core.codeowners import LARGEST, LOCATIONS, Codeowners, parse_codeowners
from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.approvals import Approval, Consent, digest
from bot.core.engine.needs import Approvers, Need
from bot.core.engine.review import Overridden, Review
from bot.core.engine.settle import settle
from bot.core.globs import name_matches
from bot.core.policy.model import Policy
from bot.github.connection import GitHubConnection
from bot.github.people import ask_to_review
from bot.github.pulls import PullRequest, read_pull
from bot.service.audit_facts import ShownFinding
from bot.service.audit_record import Record
from bot.service.authorship import authorship_of
from bot.service.commits import Commits
from bot.service.context import ServiceContext
from bot.service.promoted_approvals import promoted
from bot.service.review_approvals import approvals_by_review

log = structlog.get_logger()


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
    """A review, the commits that it compares, and the policy and CODEOWNERS that hold for it.

    `gives_back` is the commit of the default branch whose state the change gives back, empty for
    any other change. `tip` is the commit of the base branch with which the head was merged and
    judged as well, empty where nothing that the branch received meets the change.
    """

    review: Review
    commits: Commits
    policy: Policy
    codeowners: Codeowners
    gives_back: str = ""
    tip: str = ""

    def approvers(self, authors: frozenset[GitHubAccount] = frozenset()) -> Approvers:
        """Who may accept what, when these people wrote the change."""
        rules = tuple(sorted(rule_ids()))
        return Approvers(self.policy, self.codeowners, authors, rules, self.gives_back)

    @property
    def required(self) -> tuple[tuple[Need, ...], ...]:
        """The needs of whatever blocks, whoever wrote the change."""
        approvers = self.approvers()
        return (
            *(approvers.of_finding(one) for one in self.review.findings if one.blocks),
            *map(approvers.of_problem, self.review.problems),
        )


@dataclass(frozen=True, slots=True)
class SettledReview:
    """A review after what people decided, and who may accept what is left of it.

    `tip` is that of the case.
    """

    review: Review
    approvers: Approvers
    tip: str


def settled(
    context: ServiceContext, github: GitHubConnection, pull: PullRequest, case: Case
) -> SettledReview:
    """The review with what people accepted set aside, and with who may accept the rest.

    Where nothing blocks, GitHub is not asked who wrote the change.
    """
    record = record_of(context, github, pull.number)
    fingerprints = [one.fingerprint for one in case.review.findings if one.blocks]
    fingerprints += [problem.id for problem in case.review.problems if problem.approvable]
    overridden = record.overridden(pull.head, case.policy)
    if not fingerprints:
        approvers = case.approvers()
        review = settle(case.review, approvers, Consent((), (), overridden))
        return SettledReview(review, approvers, case.tip)
    authorship = authorship_of(github, pull, record)
    approvers = case.approvers(authorship.authors(case.commits.repository, case.policy))
    unattributed = "" if case.gives_back else authorship.unattributed
    if unattributed:
        log.warning("nobody is known to have pushed the commit", commit=unattributed)
        review = settle(case.review, approvers, Consent((), (), overridden))
        return SettledReview(replace(review, unattributed=unattributed), approvers, case.tip)
    consent = Consent(
        approvals=(
            *record.approvals(),
            *approvals_by_review(context, github, pull, record, case.required),
        ),
        elsewhere=tuple(promoted(github, case.policy, record, tuple(fingerprints))),
        overridden=overridden,
    )
    return SettledReview(settle(case.review, approvers, consent), approvers, case.tip)


def remember(
    context: ServiceContext,
    github: GitHubConnection,
    pull: PullRequest,
    outcome: SettledReview,
    names: frozenset[str],
) -> str:
    """Records what the check is about to show, in a text that names these ids.

    Only what is recorded can be accepted. Threads are posted by then, and the check follows at
    once. A review that a push overtook is shown to nobody and so is not recorded. Returns the key
    of the record.
    """
    record = record_of(context, github, pull.number)
    return record.conclude(outcome.review, outcome.approvers, names, outcome.tip)


def settled_together(
    context: ServiceContext, github: GitHubConnection, numbers: Iterable[int], case: Case
) -> Review:
    """The review of a merge queue's combination of pull requests.

    Approvals of each pull request hold here as well, unless by its authors. An override lets
    through what was shown on its own pull request, and nothing that only the combination brings.
    What was accepted of a revert is accepted here as well, exactly as it was shown.
    """
    approvals: list[Approval] = []
    given_back: list[Approval] = []
    excused: dict[tuple[str, str], Overridden] = {}
    for number in numbers:
        pull, record = read_pull(github, number), record_of(context, github, number)
        given = [
            *record.approvals(),
            *approvals_by_review(context, github, pull, record, case.required),
        ]
        if given:
            authorship = authorship_of(github, pull, record)
            authors = authorship.authors(case.commits.repository, case.policy)
            if authorship.unattributed and not record.gives_back(pull.head):
                given = []
            approvals += [one for one in given if not one.by.is_among(authors)]
            if record.gives_back(pull.head):
                given_back += given
        override = record.overridden(pull.head, case.policy)
        if override:
            marks = ((shown.fingerprint, shown.digest) for shown in _shown_on(record, pull.head))
            excused.update(dict.fromkeys(marks, override))
    consent = Consent(tuple(approvals), given_back=tuple(given_back))
    after = settle(case.review, case.approvers(), consent)
    blocking = [finding for finding in after.findings if finding.blocks]
    overrides = [excused.get((finding.fingerprint, digest(finding))) for finding in blocking]
    effective = [override for override in overrides if override]
    whole = effective and len(effective) == len(overrides) and after.verdict == "blocked"
    return replace(after, overridden=effective[0]) if whole else after


def lapsed(
    context: ServiceContext, github: GitHubConnection, numbers: Iterable[int]
) -> frozenset[int]:
    """Those of the pull requests whose check still shows an override or waiver that expired."""
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
