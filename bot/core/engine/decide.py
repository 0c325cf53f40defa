"""The decision: severities, waivers, what blocks, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from bot.core.engine.review import (
    Analysis,
    Lapsed,
    Problem,
    Review,
    ReviewFinding,
    Suppressed,
    Verdict,
)
from bot.core.globs import name_matches, path_matches
from bot.core.policy.model import Policy, Waiver
from bot.core.words import counted
from bot.records import dataclass

CheckConclusion: TypeAlias = Literal["success", "failure", "neutral", "action_required"]
"""Those of GitHub's conclusions that Fairlead uses; neutral satisfies a required check."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How the check run ends, and the line that GitHub shows beside it."""

    conclusion: CheckConclusion
    title: str


def decide(analysis: Analysis, policy: Policy, *, base: str, head: str, today: date) -> Review:
    """The review that follows from an analysis under this policy on this day."""
    graded = [
        _graded(finding, policy, today) for finding in analysis.findings if _counts(finding, policy)
    ]
    standing: list[ReviewFinding] = []
    suppressed: list[Suppressed] = []
    for finding in graded:
        for part in _waived(finding, policy.waivers, today):
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
        suppressed=tuple(sorted(suppressed, key=lambda item: finding_order(item.finding))),
        problems=problems,
        summary=analysis.summary,
        difference=analysis.difference,
        lapsed=tuple(_lapsed(standing, policy.waivers, today)),
    )


def finding_order(finding: ReviewFinding) -> tuple[str, int, str, str, str, str]:
    """What findings are sorted by: path, line, rule, message; then whatever tells them apart."""
    place = finding.location
    path, line = (place.path, place.line or 0) if place else ("", 0)
    return (
        path,
        line,
        finding.rule,
        finding.message,
        finding.fingerprint,
        ",".join(finding.environments),
    )


def conclusion(review: Review, policy: Policy) -> Conclusion:
    """How the check run of this review ends (DESIGN 9)."""
    blocking = sum(finding.blocks for finding in review.findings)
    if policy.mode == "observe":
        return Conclusion("success", f"Observing: {_observed(blocking, len(review.problems))}")
    if review.overridden is not None and review.verdict != "pass":
        override = review.overridden
        return Conclusion("success", f"OVERRIDDEN by {override.by} until {override.until}")
    if review.verdict == "blocked":
        return Conclusion("failure", _blocked(review, blocking))
    if review.verdict == "incomplete":
        stood = sum(problem.stood_before for problem in review.problems)
        new = len(review.problems) - stood
        unseen = f"{counted(new or stood, 'thing')} could not be reviewed"
        if may_pass(review.problems, policy):
            return Conclusion("neutral", f"{unseen}, as before this change")
        more = f", and {counted(stood, 'more')} as before this change" if new and stood else ""
        return Conclusion("failure", unseen + more)
    return Conclusion("success", _passed(review))


def _passed(review: Review) -> str:
    """What was accepted, and what else was found."""
    accepted = _accepted(review)
    if not review.findings:
        return accepted or "Nothing found"
    counts = severities(review.findings)
    return f"{accepted}; nothing else blocks: {counts}" if accepted else f"Nothing blocks: {counts}"


def severities(findings: Iterable[ReviewFinding]) -> str:
    """The findings counted by severity, such as `1 error, 3 notices`."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(
        counted(counts[severity], str(severity))
        for severity in sorted(counts, key=lambda severity: -severity.rank)
    )


def _accepted(review: Review) -> str:
    """What people accepted and who did, empty where they accepted nothing."""
    findings = [item for item in review.suppressed if "approval" in item.because]
    because = [item.because for item in findings] + [item.because for item in review.accepted]
    if not because:
        return ""
    people = ", ".join(sorted({name for why in because for name in why["by"].split(", ")}))
    messages = {item.finding.fingerprint: item.finding.message for item in findings}
    parts = [counted(len(messages), "finding")] if findings else []
    messages |= {item.problem.id: item.problem.message for item in review.accepted}
    if len(messages) == 1:
        return f"Accepted by {people[:80]}: {in_short(next(iter(messages.values())), 120)}"
    parts += [f"{counted(len(review.accepted), 'thing')} unseen"] if review.accepted else []
    return f"{' and '.join(parts)} accepted by {people[:80]}"


def in_short(text: str, longest: int) -> str:
    """A text cut to a length, with an ellipsis where something is missing."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def waits_only(review: Review) -> bool:
    """Whether all that blocks is of rules for which the policy names who accepts their findings."""
    meant = {(item.fingerprint, item.environments) for item in review.waiting if item.meant}
    return bool(meant) and all(
        (finding.fingerprint, finding.environments) in meant
        for finding in review.findings
        if finding.blocks
    )


def _blocked(review: Review, blocking: int) -> str:
    """What stands between the pull request and its merge: people's consent, or a change."""
    if waits_only(review):
        named = dict.fromkeys(name for item in review.waiting for name in item.owners)
        people = ", ".join(name.removeprefix("@") for name in named)
        return f"Waiting for approval by {people[:150]}: {counted(blocking, 'finding')}"
    meant = sum(item.meant for item in review.waiting)
    waits = f", {meant} of them waiting for approval" if meant else ""
    return f"{counted(blocking, 'finding')} to deal with{waits}"


def may_pass(problems: Iterable[Problem], policy: Policy) -> bool:
    """Whether what could not be reviewed lets the merge pass: only what base hid just as well."""
    return policy.incomplete == "allow" and all(problem.stood_before for problem in problems)


def _observed(blocking: int, problems: int) -> str:
    parts = []
    if blocking:
        parts.append(f"{counted(blocking, 'finding')} would have blocked")
    if problems:
        parts.append(f"{counted(problems, 'thing')} could not be reviewed")
    return ", ".join(parts) or "nothing would have blocked"


def _counts(finding: ReviewFinding, policy: Policy) -> bool:
    return not policy.rule(finding.rule).off


def _graded(finding: ReviewFinding, policy: Policy, today: date) -> ReviewFinding:
    rule = policy.rule(finding.rule)
    severity = rule.severity or finding.severity
    blocks = not policy.observes(finding.rule, today) and policy.block.reached_by(severity)
    return replace(finding, severity=severity, blocks=blocks)


def verdict_of(
    standing: Iterable[ReviewFinding], problems: tuple[Problem, ...], policy: Policy
) -> Verdict:
    """The verdict of what stands: graded findings that nothing suppresses, and problems."""
    if policy.mode == "enforce" and any(finding.blocks for finding in standing):
        return "blocked"
    return "incomplete" if problems else "pass"


def _problem_order(problem: Problem) -> tuple[str, int, str, str, bool]:
    place = problem.location
    path, line = (place.path, place.line or 0) if place else ("", 0)
    return (path, line, problem.kind, problem.message, problem.new)


def _waived(
    finding: ReviewFinding, waivers: Iterable[Waiver], today: date
) -> Iterator[ReviewFinding | Suppressed]:
    """The finding, split into the environments that a waiver covers and those that none does."""
    rest = finding
    for waiver in waivers:
        if waiver.expires < today or not _matches(waiver, rest):
            continue
        covered = tuple(name for name in rest.environments if _covers(waiver, name))
        if not covered and (rest.environments or waiver.environments):
            continue
        because = {"waiver": waiver.reason, "expires": waiver.expires.isoformat()}
        yield Suppressed(replace(rest, environments=covered, blocks=False), because)
        uncovered = tuple(name for name in rest.environments if name not in covered)
        if not uncovered:
            return
        rest = replace(rest, environments=uncovered)
    yield rest


def waiver_matches(waiver: Waiver, finding: ReviewFinding) -> bool:
    """Whether a waiver speaks of a finding in at least one of its environments, expired or not."""
    spaces = any(_covers(waiver, name) for name in finding.environments or ("",))
    return spaces and _matches(waiver, finding)


def _lapsed(
    standing: Iterable[ReviewFinding], waivers: Iterable[Waiver], today: date
) -> Iterator[Lapsed]:
    """The expired waivers of what stands: whoever is surprised by a finding finds out why."""
    expired = [waiver for waiver in waivers if waiver.expires < today]
    for finding in sorted(standing, key=finding_order) if expired else ():
        for waiver in expired:
            if waiver_matches(waiver, finding):
                yield Lapsed(finding.fingerprint, waiver.reason, waiver.expires.isoformat())


def _covers(waiver: Waiver, environment: str) -> bool:
    return not waiver.environments or name_matches(environment, waiver.environments)


def _matches(waiver: Waiver, finding: ReviewFinding) -> bool:
    """Whether everything that the waiver names, but for the environments, is so of the finding."""
    resource, place = finding.resource, finding.location
    name = str(resource) if resource else ""
    space = (resource.namespace or "") if resource else ""
    return (
        (waiver.rule is None or fnmatchcase(finding.rule, waiver.rule))
        and (waiver.fingerprint is None or finding.fingerprint == waiver.fingerprint)
        and (waiver.resource is None or fnmatchcase(name, waiver.resource))
        and (not waiver.namespaces or bool(space and name_matches(space, waiver.namespaces)))
        and (not waiver.paths or bool(place and path_matches(place.path, waiver.paths)))
    )
