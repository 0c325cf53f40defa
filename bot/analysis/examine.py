"""Two trees in, an analysis out: the whole reasoning as one pure function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha1

from bot.core.finding import Finding, Spot
from bot.core.judge import Judged, RuleFailed, judge
from bot.core.policy import Policy
from bot.core.reading import line_of, read_manifest
from bot.core.review import (
    Analysis,
    Counts,
    Details,
    Location,
    Problem,
    ResourceReference,
    ReviewFinding,
    Summary,
)
from bot.core.rule import Rule
from bot.core.states import build_state


def examine(
    base: Mapping[str, bytes], head: Mapping[str, bytes], policy: Policy, rules: Iterable[Rule]
) -> Analysis:
    """What the change from `base` to `head` (path to content) does."""
    rules = tuple(rules)
    blobs = {sha1(data).hexdigest(): data for data in (*base.values(), *head.values())}
    before, after = (
        build_state(
            {path: (sha1(data).hexdigest(), read_manifest(data)) for path, data in tree.items()},
            policy,
        )
        for tree in (base, head)
    )
    options = {rule.id: rule.options() for rule in rules}
    findings, problems = [], []
    for judged in judge(before, after, rules, options):
        if isinstance(judged, RuleFailed):
            problems.append(
                Problem("rule-failed", True, None, f"{judged.rule} crashed: {judged.error}")
            )
        else:
            findings.append(_placed(judged, blobs))
    findings.sort(
        key=lambda found: (
            found.location.path if found.location else "",
            (found.location.line or 0) if found.location else 0,
            found.rule,
            found.message,
        )
    )
    summary = Summary(1, len(after.resources), Counts(), "other")
    return Analysis(tuple(findings), tuple(problems), summary)


def _placed(judged: Judged, blobs: Mapping[str, bytes]) -> ReviewFinding:
    finding = judged.finding
    return ReviewFinding(
        rule=judged.rule.id,
        severity=finding.severity or judged.rule.severity,
        message=finding.message,
        environments=(judged.environment,),
        resource=None
        if isinstance(finding.node, Spot)
        else ResourceReference(
            finding.node.resource.key.group,
            finding.node.resource.key.kind,
            finding.node.resource.namespace,
            finding.node.resource.name,
        ),
        location=_location(finding, blobs),
        fingerprint=judged.fingerprint,
        facts=finding.facts,
        details=Details(),
    )


def _location(finding: Finding, blobs: Mapping[str, bytes]) -> Location | None:
    place = finding.node
    if isinstance(place, Spot):
        return Location(place.path, place.line, finding.side)
    source = place.resource.source
    return Location(source.path, line_of(blobs[source.blob], source, place.route), finding.side)
