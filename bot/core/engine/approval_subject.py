"""What an approval is for, and which approvals of it count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field
from types import MappingProxyType

from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.approvals import Approval, Consent, digest, earlier_stages
from bot.core.engine.consent import changed_fields
from bot.core.engine.needs import ANYBODY_WHO_MAY_WRITE, Approvers, Need, exhausted
from bot.core.engine.review import EndedApproval, ReviewFinding, Waiting
from bot.core.finding import Severity
from bot.core.globs import name_matches
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class ApprovalSubject:
    """What an approval is for: a finding or a problem, as it is now."""

    id: str
    digest: str
    severity: Severity
    environments: tuple[str, ...]
    message: str
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of_finding(cls, finding: ReviewFinding) -> ApprovalSubject:
        """The finding as it is now."""
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
            return (("approval", approval.reason), ("by", approval.by.login), ("gives-back", "yes"))
        for need in required:
            people = _people(need, valid, approvers.authors)
            if len(people) < need.count:
                return ()
            used.update({approval.by.login: approval for approval, _ in people.values()})
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
            person.login
            for valid in by_space
            for need in required
            for person in _people(need, valid, approvers.authors)
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

        earlier = earlier_stages(space, approvers.policy)
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
        last = _by_person((one, "") for one in consent.approvals if one.fingerprint == self.id)
        if approvers.gives_back:
            return
        for approval, _ in last.values():
            if ANYBODY_WHO_MAY_WRITE in approval.owners:
                yield EndedApproval(approval.by.login, gave_back=True)
            elif approval.by.is_among(approvers.authors):
                yield EndedApproval(approval.by.login, authored=True)
            elif approval.digest != self.digest:
                before = approval.message if approval.message != self.message else ""
                changed = changed_fields(approval.fields, self.fields) if approval.fields else ()
                yield EndedApproval(approval.by.login, before, changed)


def _people(
    need: Need, valid: Iterable[tuple[Approval, str]], authors: AbstractSet[GitHubAccount]
) -> Mapping[GitHubAccount, tuple[Approval, str]]:
    """Those whose consent counts for a need; a person counts once.

    Nobody who wrote the change accepts it, here or in an earlier stage, unless it is a revert: that
    anybody may accept who may accept anything.
    """
    return _by_person(
        (approval, stage)
        for approval, stage in valid
        if (need.by_review or not approval.review)
        and (
            need.gives_back
            or (not approval.by.is_among(authors) and set(approval.owners) & set(need.owners))
        )
    )


def _by_person(
    approvals: Iterable[tuple[Approval, str]],
) -> Mapping[GitHubAccount, tuple[Approval, str]]:
    """The last of each person's approvals, with its stage."""
    people: dict[GitHubAccount, tuple[Approval, str]] = {}
    for approval, stage in approvals:
        person = next(filter(approval.by.is_same, people), approval.by)
        people[person] = (approval, stage)
    return people
