"""Settles a review: which findings and problems people's approvals let pass, and which wait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from bot.core.engine.approval_subject import ApprovalSubject
from bot.core.engine.approvals import Consent
from bot.core.engine.decide import finding_order, verdict_of
from bot.core.engine.needs import Approvers
from bot.core.engine.review import (
    AcceptedProblem,
    Problem,
    Review,
    ReviewFinding,
    Suppressed,
    Waiting,
)
from bot.core.finding import Severity
from bot.core.globs import name_matches
from bot.records import dataclass


def settle(review: Review, approvers: Approvers, consent: Consent) -> Review:
    """The review with what people accepted set aside, and with who may accept the rest."""
    settled = [_settled(finding, approvers, consent) for finding in review.findings]
    standing = tuple(each.remaining for each in settled if each.remaining is not None)
    accepted = [part for each in settled for part in each.accepted]
    problems, accepted_problems, waiting = _settled_problems(review.problems, approvers, consent)
    verdict = verdict_of(standing, problems, approvers.policy)
    return replace(
        review,
        verdict=verdict,
        findings=standing,
        suppressed=tuple(
            sorted((*review.suppressed, *accepted), key=lambda item: finding_order(item.finding))
        ),
        problems=problems,
        accepted=accepted_problems,
        waiting=(*(each.waiting for each in settled if each.waiting is not None), *waiting),
        gives_back=approvers.gives_back,
        overridden=consent.overridden if verdict != "pass" else None,
    )


@dataclass(frozen=True, slots=True)
class _Settled:
    """One finding: what remains of it, what was accepted, and who may accept the rest."""

    remaining: ReviewFinding | None
    accepted: tuple[Suppressed, ...] = ()
    waiting: Waiting | None = None


def _settled(finding: ReviewFinding, approvers: Approvers, consent: Consent) -> _Settled:
    if not finding.blocks:
        return _Settled(finding)
    required = approvers.of_finding(finding)
    spaces = finding.environments or ("",)
    subject = ApprovalSubject.of_finding(finding)
    because = {
        space: subject.accepted_because(space, required, approvers, consent) for space in spaces
    }
    accepted = []
    ordered = sorted((why, space) for space, why in because.items() if why)
    for why, group in groupby(ordered, key=lambda pair: pair[0]):
        where = tuple(space for _, space in group if space)
        accepted.append(Suppressed(replace(finding, environments=where, blocks=False), dict(why)))
    remaining = tuple(space for space in spaces if not because[space])
    if not remaining:
        return _Settled(None, tuple(accepted))
    rest = replace(finding, environments=tuple(space for space in remaining if space))
    meant = any(
        name_matches(finding.rule, entry.rules) and (entry.teams or entry.users)
        for entry in approvers.policy.approvals
    )
    waiting = replace(subject, environments=rest.environments).waiting(required, approvers, consent)
    return _Settled(rest, tuple(accepted), replace(waiting, meant=meant))


def _settled_problems(
    problems: Iterable[Problem], approvers: Approvers, consent: Consent
) -> tuple[tuple[Problem, ...], tuple[AcceptedProblem, ...], tuple[Waiting, ...]]:
    remaining: list[Problem] = []
    accepted: list[AcceptedProblem] = []
    waiting: list[Waiting] = []
    for problem in problems:
        required = approvers.of_problem(problem)
        subject = ApprovalSubject(problem.id, problem.digest, Severity.ERROR, (), problem.message)
        because = subject.accepted_because("", required, approvers, consent)
        if because:
            accepted.append(AcceptedProblem(problem, dict(because)))
            continue
        remaining.append(problem)
        if problem.approvable:
            waiting.append(subject.waiting(required, approvers, consent))
    return tuple(remaining), tuple(accepted), tuple(waiting)
