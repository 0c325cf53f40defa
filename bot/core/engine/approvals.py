"""Approvals: what people accepted, and what that makes of a review."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import groupby
from types import MappingProxyType
from typing import Final

import msgspec

from bot.core.engine.consent import changed_fields
from bot.core.engine.decide import finding_order, verdict_of
from bot.core.engine.needs import ANYBODY_WHO_MAY_WRITE, Approvers, Need, exhausted
from bot.core.engine.review import (
    AcceptedProblem,
    EndedApproval,
    Overridden,
    Problem,
    Review,
    ReviewFinding,
    Suppressed,
    Waiting,
)
from bot.core.finding import Severity
from bot.core.globs import name_matches
from bot.core.policy.model import Policy
from bot.core.values import mapping, thaw

SHORT: Final = 8
"""How much of a fingerprint people are shown; more than enough for one review's findings."""

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's consent to one finding or problem with the content that they were shown.

    `owners` are the owners of the policy or CODEOWNERS that the person belongs to. `review`: given
    by an approving review. `pull` is where it was given. `message` and `fields` are the finding as
    it was shown, to tell what changed when the approval has ended.
    """

    pull: int
    fingerprint: str
    digest: str
    severity: Severity
    environments: tuple[str, ...]
    by: str
    owners: tuple[str, ...]
    reason: str
    review: bool = False
    message: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Consent:
    """What people decided about a pull request, and by `elsewhere` about merged ones.

    Approvals elsewhere count where the policy promotes. `given_back` are approvals of reverts in a
    merge queue: each alone accepts what it is of.
    """

    approvals: tuple[Approval, ...] = ()
    elsewhere: tuple[Approval, ...] = ()
    overridden: Overridden | None = None
    given_back: tuple[Approval, ...] = ()


def digest(finding: ReviewFinding) -> str:
    """A digest of what an approval of the finding is for: message, facts, details and content.

    Lines, environments and the policy's severity are no part of it, nor is the rule's name, which
    the fingerprint stands for.
    """
    shown = [finding.message, thaw(mapping(finding.facts)), finding.details, finding.content.digest]
    return blake2b(_encode(shown), digest_size=16).hexdigest()


def short_id(fingerprint: str) -> str:
    """The id by which people name a finding."""
    prefix, dash, ordinal = fingerprint.partition("-")
    return prefix[:SHORT] + dash + ordinal


def named(short: str, fingerprints: Iterable[str]) -> tuple[str, ...]:
    """The fingerprints that an id may mean: exactly one, if the id is valid."""
    candidates = sorted(set(fingerprints))
    if short in candidates:
        return (short,)
    prefix, dash, ordinal = short.partition("-")
    return tuple(
        candidate
        for candidate in candidates
        if candidate.startswith(prefix) and candidate.partition("-")[1:] == (dash, ordinal)
    )


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
    subject = _Subject.of_finding(finding)
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
        subject = _Subject(problem.id, problem.digest, Severity.ERROR, (), problem.message)
        because = subject.accepted_because("", required, approvers, consent)
        if because:
            accepted.append(AcceptedProblem(problem, dict(because)))
            continue
        remaining.append(problem)
        if problem.approvable:
            waiting.append(subject.waiting(required, approvers, consent))
    return tuple(remaining), tuple(accepted), tuple(waiting)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What an approval is for: a finding or a problem, as it is now."""

    id: str
    digest: str
    severity: Severity
    environments: tuple[str, ...]
    message: str
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of_finding(cls, finding: ReviewFinding) -> _Subject:
        return cls(
            finding.fingerprint,
            digest(finding),
            finding.severity,
            finding.environments,
            finding.message,
            finding.content.fields,
        )

    def accepted_because(
        self, space: str, required: Sequence[Need], approvers: Approvers, consent: Consent
    ) -> tuple[tuple[str, str], ...]:
        """Why this is accepted in an environment, empty where it is not."""
        if not required:
            return ()
        valid = tuple(self._valid(space, approvers, consent))
        used: dict[str, Approval] = {}
        promoted: dict[str, None] = {}
        if approval := self._given_back(space, consent):
            return (("approval", approval.reason), ("by", approval.by), ("gives-back", "yes"))
        for need in required:
            people = _people(need, valid, approvers.authors)
            if len(people) < need.count:
                return ()
            used.update({approval.by: approval for approval, _ in people.values()})
            promoted.update(dict.fromkeys(stage for _, stage in people.values() if stage))
        reasons = dict.fromkeys(approval.reason for approval in used.values())
        why = {"approval": "; ".join(reasons), "by": ", ".join(sorted(used))}
        if promoted:
            why["accepted-in"] = ", ".join(promoted)
        if any(need.gives_back for need in required):
            why["gives-back"] = approvers.gives_back
        return tuple(why.items())

    def _given_back(self, space: str, consent: Consent) -> Approval | None:
        """The approval of a revert that accepts exactly this in an environment, if there is one."""
        same = (
            approval
            for approval in consent.given_back
            if (approval.fingerprint, approval.digest) == (self.id, self.digest)
            and space in (approval.environments or ("",))
        )
        return next(same, None)

    def waiting(self, required: Sequence[Need], approvers: Approvers, consent: Consent) -> Waiting:
        """Who may still accept this; of several environments the one that lacks most counts."""
        by_space = [
            tuple(self._valid(space, approvers, consent)) for space in self.environments or ("",)
        ]
        missing: dict[Need, int] = {}
        for valid in by_space:
            for need in required:
                lacks = need.count - len(_people(need, valid, approvers.authors))
                missing[need] = max(missing.get(need, 0), lacks)
        lacking = [need for need in required if missing[need] > 0]
        people = {
            login
            for valid in by_space
            for need in required
            for login in _people(need, valid, approvers.authors)
        }
        return Waiting(
            self.id,
            self.environments,
            tuple(dict.fromkeys(owner for need in lacking for owner in need.owners)),
            sum(lacks for lacks in missing.values() if lacks > 0),
            tuple(sorted(people)),
            escalated=any(need.escalated for need in lacking),
            exhausted=not required or any(exhausted(need, approvers.authors) for need in lacking),
            ended=tuple(self._ended(approvers, consent)),
        )

    def _valid(
        self, space: str, approvers: Approvers, consent: Consent
    ) -> Iterator[tuple[Approval, str]]:
        """The approvals of exactly this, and the stage that each was carried over from."""

        def same(approval: Approval) -> bool:
            exact = (approval.fingerprint, approval.digest) == (self.id, self.digest)
            return exact and self.severity.rank <= approval.severity.rank

        earlier = _earlier(space, approvers.policy)
        for approval in filter(same, consent.elsewhere):
            for stage in approval.environments:
                if name_matches(stage, earlier):
                    yield approval, stage
                    break
        for approval in filter(same, consent.approvals):
            if space in (approval.environments or ("",)):
                yield approval, ""

    def _ended(self, approvers: Approvers, consent: Consent) -> Iterator[EndedApproval]:
        """The approvals of this that no longer hold, the last of each person, and why not."""
        last = {one.by: one for one in consent.approvals if one.fingerprint == self.id}
        if approvers.gives_back:
            return
        for approval in last.values():
            if ANYBODY_WHO_MAY_WRITE in approval.owners:
                yield EndedApproval(approval.by, gave_back=True)
            elif approval.by.lower() in approvers.authors:
                yield EndedApproval(approval.by, authored=True)
            elif approval.digest != self.digest:
                before = approval.message if approval.message != self.message else ""
                changed = changed_fields(approval.fields, self.fields) if approval.fields else ()
                yield EndedApproval(approval.by, before, changed)


def _people(
    need: Need, valid: Iterable[tuple[Approval, str]], authors: AbstractSet[str]
) -> Mapping[str, tuple[Approval, str]]:
    """Those whose consent counts for a need, by login; a person counts once.

    Nobody who wrote the change accepts it, here or in an earlier stage, unless it is a revert: that
    anybody may accept who may accept anything.
    """
    return {
        approval.by: (approval, stage)
        for approval, stage in valid
        if (need.by_review or not approval.review)
        and (
            need.gives_back
            or (approval.by.lower() not in authors and set(approval.owners) & set(need.owners))
        )
    }


def _earlier(space: str, policy: Policy) -> Sequence[str]:
    """The stages of `promotes:` before the one that an environment is."""
    stages = policy.promotes
    at = next((at for at, stage in enumerate(stages) if name_matches(space, (stage,))), 0)
    return stages[:at]
