"""The decision: severities, waivers, what blocks, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from bot.core.globs import name_matches, path_matches
from bot.core.policy import Policy, Waiver
from bot.core.review import (
    Analysis,
    Problem,
    Review,
    ReviewFinding,
    Suppressed,
    Verdict,
)

CheckConclusion: TypeAlias = Literal["success", "failure", "neutral", "action_required"]
"""Those of GitHub's conclusions that Fairlead uses; neutral satisfies a required check."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How the check run ends, and the line that GitHub shows beside it."""

    conclusion: CheckConclusion
    title: str


def decide(analysis: Analysis, policy: Policy, *, base: str, head: str, today: date) -> Review:
    """The review that follows from an analysis under this policy on this day."""
    graded = [_graded(found, policy) for found in analysis.findings if _counts(found, policy)]
    standing: list[ReviewFinding] = []
    suppressed: list[Suppressed] = []
    for found in graded:
        for part in _waived(found, policy.waivers, today):
            if isinstance(part, Suppressed):
                suppressed.append(part)
            else:
                standing.append(part)
    problems = tuple(sorted(analysis.problems, key=_problem_order))
    return Review(
        verdict=verdict_of(standing, problems, policy),
        base=base,
        head=head,
        findings=tuple(sorted(standing, key=finding_order)),
        suppressed=tuple(sorted(suppressed, key=lambda held: finding_order(held.finding))),
        problems=problems,
        summary=analysis.summary,
    )


def finding_order(found: ReviewFinding) -> tuple[str, int, str, str, str, str]:
    """What findings are sorted by: path, line, rule, message; then whatever tells them apart."""
    place = found.location
    path, line = (place.path, place.line or 0) if place else ("", 0)
    return (path, line, found.rule, found.message, found.fingerprint, ",".join(found.environments))


def conclusion(review: Review, policy: Policy) -> Conclusion:
    """How the check run of this review ends (DESIGN 9)."""
    blocking = sum(found.blocks for found in review.findings)
    if policy.mode == "observe":
        return Conclusion("success", f"Observing: {_observed(blocking, len(review.problems))}")
    if review.verdict == "blocked":
        return Conclusion("failure", f"{_counted(blocking, 'finding')} to deal with")
    if review.verdict == "incomplete":
        unseen = f"{_counted(len(review.problems), 'thing')} could not be looked at"
        if may_pass(review.problems, policy):
            return Conclusion("neutral", f"{unseen}, as before this change")
        return Conclusion("failure", unseen)
    if review.findings:
        return Conclusion("success", f"{_counted(len(review.findings), 'finding')}, none blocks")
    return Conclusion("success", "Nothing found")


def may_pass(problems: Iterable[Problem], policy: Policy) -> bool:
    """Whether what could not be looked at lets the merge pass: only what base hid just as well."""
    return policy.incomplete == "allow" and not any(
        problem.new or problem.kind == "rule-failed" for problem in problems
    )


def _observed(blocking: int, problems: int) -> str:
    parts = []
    if blocking:
        parts.append(f"{_counted(blocking, 'finding')} would have blocked")
    if problems:
        parts.append(f"{_counted(problems, 'thing')} could not be looked at")
    return ", ".join(parts) or "nothing would have blocked"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _counts(found: ReviewFinding, policy: Policy) -> bool:
    return not policy.rule(found.rule).off


def _graded(found: ReviewFinding, policy: Policy) -> ReviewFinding:
    severity = policy.rule(found.rule).severity or found.severity
    return replace(found, severity=severity, blocks=policy.block.reached_by(severity))


def verdict_of(
    standing: Iterable[ReviewFinding], problems: tuple[Problem, ...], policy: Policy
) -> Verdict:
    """The verdict of what stands: graded findings that nothing suppresses, and problems."""
    if policy.mode == "enforce" and any(found.blocks for found in standing):
        return "blocked"
    return "incomplete" if problems else "pass"


def _problem_order(problem: Problem) -> tuple[str, int, str, str, bool]:
    place = problem.location
    path, line = (place.path, place.line or 0) if place else ("", 0)
    return (path, line, problem.kind, problem.message, problem.new)


def _waived(
    found: ReviewFinding, waivers: Iterable[Waiver], today: date
) -> Iterator[ReviewFinding | Suppressed]:
    """The finding, split into the environments that a waiver covers and those that none does."""
    rest = found
    for waiver in waivers:
        if waiver.expires < today or not _matches(waiver, rest):
            continue
        covered = tuple(name for name in rest.environments if _covers(waiver, name))
        if not covered and rest.environments:
            continue
        because = {"waiver": waiver.reason, "expires": waiver.expires.isoformat()}
        yield Suppressed(replace(rest, environments=covered, blocks=False), because)
        left = tuple(name for name in rest.environments if name not in covered)
        if not left:
            return
        rest = replace(rest, environments=left)
    yield rest


def _covers(waiver: Waiver, environment: str) -> bool:
    return not waiver.environments or name_matches(environment, waiver.environments)


def _matches(waiver: Waiver, found: ReviewFinding) -> bool:
    """Whether everything that the waiver names, but for the environments, is so of the finding."""
    resource, place = found.resource, found.location
    name = str(resource) if resource else ""
    space = (resource.namespace or "") if resource else ""
    return (
        (waiver.rule is None or fnmatchcase(found.rule, waiver.rule))
        and (waiver.fingerprint is None or found.fingerprint == waiver.fingerprint)
        and (waiver.resource is None or fnmatchcase(name, waiver.resource))
        and (not waiver.namespaces or bool(space and name_matches(space, waiver.namespaces)))
        and (not waiver.paths or bool(place and path_matches(place.path, waiver.paths)))
    )
