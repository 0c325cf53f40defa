"""Reviews of past merges: one outcome for each, counts by rule, and a suggested policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from bot.core.engine.review import ProblemKind, Review
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.records import dataclass

SCHEMA: Final = "fairlead.backtest/1"

_ADVICE: Final[Mapping[ProblemKind, str]] = MappingProxyType(
    {
        "unrendered": "install a missing renderer (`fairlead tools fetch`), and let Fairlead fetch "
        "remote sources (without `--no-fetch`)",
        "unreadable": "keep manifests in the repository as regular files",
        "unjudged": "list what nothing applies under `ignore:`, or accept it on the pull request",
        "rule-failed": "report the rule with the manifest that it crashed on",
    }
)

_OFTEN: Final = 0.1
"""A rule that blocks more than this share of merges is suggested at a lower severity."""

_OBSERVE: Final = "mode: observe  # for the first weeks: the check passes and says what it would do"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One merge. `review` is None where the analysis failed; then `trouble` says why."""

    commit: str
    review: Review | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """One rule over all merges: its findings, and how many merges have any or are blocked."""

    rule: str
    severity: Severity
    findings: int
    merges: int
    blocked: int


def tallies(outcomes: Iterable[Outcome]) -> tuple[Tally, ...]:
    """One tally for each rule with findings, the rule that blocks most merges first."""
    findings: Counter[str] = Counter()
    merges: Counter[str] = Counter()
    blocked: Counter[str] = Counter()
    worst: dict[str, Severity] = {}
    for outcome in outcomes:
        findings_of = outcome.review.findings if outcome.review else ()
        findings.update(finding.rule for finding in findings_of)
        merges.update({finding.rule for finding in findings_of})
        blocked.update({finding.rule for finding in findings_of if finding.blocks})
        for finding in findings_of:
            before = worst.get(finding.rule, finding.severity)
            worst[finding.rule] = max(before, finding.severity, key=lambda each: each.rank)
    rows = (
        Tally(rule, worst[rule], count, merges[rule], blocked[rule])
        for rule, count in findings.items()
    )
    return tuple(sorted(rows, key=lambda row: (-row.blocked, -row.merges, row.rule)))


@dataclass(frozen=True, slots=True)
class UnseenTally:
    """One reason why merges would have been incomplete: how many, and what would help."""

    kind: ProblemKind
    reason: str
    merges: int
    advice: str


def unseen(outcomes: Iterable[Outcome]) -> tuple[UnseenTally, ...]:
    """The reasons for incomplete reviews, the one that stops most merges first."""
    merges: dict[tuple[ProblemKind, str], set[str]] = {}
    for outcome in outcomes:
        for problem in outcome.review.problems if outcome.review else ():
            key = (problem.kind, _reason(problem.message))
            merges.setdefault(key, set()).add(outcome.commit)
    rows = (
        UnseenTally(kind, reason, len(commits), _ADVICE[kind])
        for (kind, reason), commits in merges.items()
    )
    return tuple(sorted(rows, key=lambda row: (-row.merges, row.kind, row.reason)))


def _reason(message: str) -> str:
    """The reason without the name of what it is about, so that equal ones count together."""
    _, _, reason = message.partition(" rendered: ")
    return (reason or message).partition("; ")[0]


def verdicts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """The number of merges by verdict; `failed` counts those without a review."""
    counted = Counter(
        outcome.review.verdict if outcome.review else "failed" for outcome in outcomes
    )
    return {name: counted[name] for name in ("pass", "blocked", "incomplete", "failed")}


def suggested(rows: Iterable[Tally], merges: int) -> Iterator[tuple[Tally, Severity]]:
    """The rules that would block too many merges, each with the severity to start with."""
    for row in rows:
        if row.blocked > merges * _OFTEN and row.severity.lower() is not row.severity:
            yield row, row.severity.lower()


def suggested_policy(rows: Sequence[Tally], merges: int, policy: Policy) -> str:
    """The YAML to start a policy with; empty where the defaults fit."""
    lower = list(suggested(rows, merges))
    lines = []
    if policy.mode != "observe" and any(row.blocked for row in rows):
        lines.append(_OBSERVE)
    if lower:
        lines.append("rules:")
    for row, severity in lower:
        lines.append(f"  {row.rule}: {{severity: {severity}}}  # blocked {row.blocked} of {merges}")
    return "".join(f"{line}\n" for line in lines)


def document(outcomes: Sequence[Outcome], policy: Policy) -> dict[str, Any]:
    """The backtest as a JSON document."""
    rows = tallies(outcomes)
    return {
        "schema": SCHEMA,
        "verdicts": verdicts(outcomes),
        "rules": [
            {
                "rule": row.rule,
                "severity": str(row.severity),
                "findings": row.findings,
                "merges": row.merges,
                "blocked": row.blocked,
            }
            for row in rows
        ],
        "unseen": [
            {"kind": row.kind, "reason": row.reason, "merges": row.merges, "advice": row.advice}
            for row in unseen(outcomes)
        ],
        "merges": [_merge(outcome) for outcome in outcomes],
        "suggested": suggested_policy(rows, len(outcomes), policy),
    }


def _merge(outcome: Outcome) -> dict[str, Any]:
    findings = outcome.review.findings if outcome.review else ()
    return {
        "commit": outcome.commit,
        "verdict": outcome.review.verdict if outcome.review else "failed",
        "blocking": sorted({finding.rule for finding in findings if finding.blocks}),
        "findings": len(findings),
        "trouble": outcome.trouble or None,
    }
