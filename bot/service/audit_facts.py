"""What an event of the audit log is written from: the findings shown, the conclusion, the push."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.approvals import Approval, digest
from bot.core.engine.needs import Approvers, Need, owner_names
from bot.core.engine.review import Review
from bot.core.finding import Severity
from bot.core.publish.report import badness
from bot.store.audit import AuditEntry

MOST_SHOWN: Final = 500
"""A review of more findings shows these, the worst; nobody accepts the others one by one."""

ACCOUNT: Final = "account"
"""The key of an entry's data under which GitHub's number of its actor stands."""

_UNTIL: Final = "expires"
"""By which the reason of a waived finding says the last day of its waiver."""


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding or a problem as people saw it, and who could accept it then.

    Nobody could where `needs` is empty. `fields` are digests of the content's fields. `posted`: the
    text that was posted named it by its id.
    """

    fingerprint: str
    digest: str
    rule: str
    message: str
    severity: Severity
    environments: tuple[str, ...]
    blocks: bool
    needs: tuple[Need, ...]
    fields: dict[str, str] = field(default_factory=dict)
    posted: bool = True


@dataclass(frozen=True, slots=True)
class RecordedConclusion:
    """What a review of a head said. `overriders` may let the head through anyway.

    `shown` is when GitHub showed it, by GitHub's clock, empty where that is not known yet. `until`
    is the last day of the first waiver to expire of those it used; empty for none. `base` is the
    commit with which the head was compared, and `tip` the base branch's with which it was merged
    and judged as well; both are empty in what earlier releases recorded.
    """

    key: str
    shown: str
    head: str
    verdict: str
    findings: tuple[ShownFinding, ...]
    overriders: tuple[str, ...]
    hours: int
    overridden: bool
    until: str = ""
    base: str = ""
    tip: str = ""


class ConclusionData(msgspec.Struct):
    """A conclusion's data as it is read again; what a newer release added is left out."""

    verdict: str
    findings: list[ShownFinding]
    overriders: list[str]
    hours: int
    overridden: bool
    until: str = ""
    base: str = ""
    tip: str = ""


def conclusion_data(
    review: Review, approvers: Approvers, names: frozenset[str], tip: str
) -> dict[str, Any]:
    """What the log keeps of a review that is about to be shown, in a text that names these ids."""
    policy = approvers.policy
    owners = owner_names((*policy.override.teams, *policy.override.users))
    suppressed = review.suppressed[:MOST_SHOWN]
    waived = [item for item in review.suppressed if _UNTIL in item.because]
    return {
        "verdict": review.verdict,
        "base": review.base,
        "tip": tip,
        "findings": msgspec.to_builtins(tuple(_shown_findings(review, approvers, names))),
        "overriders": owners,
        "hours": policy.override.hours,
        "overridden": bool(review.overridden),
        "gives_back": review.gives_back,
        "until": min((item.because[_UNTIL] for item in waived), default=""),
        "held": sorted((item.finding.fingerprint, dict(item.because)) for item in suppressed),
    }


def _shown_findings(
    review: Review, approvers: Approvers, names: frozenset[str]
) -> Iterator[ShownFinding]:
    """The worst findings, and the problems that can be accepted."""
    for finding in sorted(review.findings, key=badness)[:MOST_SHOWN]:
        yield ShownFinding(
            finding.fingerprint,
            digest(finding),
            finding.rule,
            finding.message,
            finding.severity,
            finding.environments,
            finding.blocks,
            approvers.of_finding(finding) if finding.blocks else (),
            dict(finding.content.fields) if finding.blocks else {},
            finding.fingerprint in names,
        )
    for problem in [problem for problem in review.problems if problem.approvable][:MOST_SHOWN]:
        yield ShownFinding(
            problem.id,
            problem.digest,
            problem.kind,
            problem.message,
            Severity.ERROR,
            (),
            True,
            approvers.of_problem(problem),
            {},
            problem.id in names,
        )


def recorded_approval(entry: AuditEntry) -> Approval:
    """The approval that an entry of the log records."""
    data = {**entry.data, "pull": entry.pull, "fingerprint": entry.fingerprint}
    by = msgspec.to_builtins(actor_of(entry))
    return msgspec.convert(data | {"by": by, "reason": entry.reason}, Approval)


def actor_of(entry: AuditEntry) -> GitHubAccount:
    """Whose act an entry records; without a number in what earlier releases recorded."""
    return GitHubAccount(entry.actor, entry.data.get(ACCOUNT, 0))
