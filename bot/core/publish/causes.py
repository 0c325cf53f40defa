"""Groups findings by what causes them, so that one mistake is one row and one thread."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from bot.core.engine.review import ReviewFinding
from bot.patterns import pattern
from bot.records import dataclass

MOST_OF_A_LINE: Final = 3
"""Rules whose findings on one line share a thread. More of them have another cause than the line
alone, such as a version that moves."""

_QUOTED: Final = pattern(r"'[^']*'|\"[^\"]*\"")
_NAMES: Final = ("image", "container")
"""Facts that are names in a message."""

_ACCOUNT: Final = pattern(r"ServiceAccount [\w.-]+/[\w.-]+")
_CARRIER: Final = pattern(r"\(inside [^\s,)]+")
_PEER: Final = pattern(r"(?i:pods with \S+|anything) in namespace [\w.-]+")
_NUMBER: Final = pattern(r"\b\d+\b")


@dataclass(frozen=True, slots=True)
class ReportedCause:
    """One cause: its worst finding, and what else it brings about.

    `also` are findings of other rules on the same line, `alike` the findings of the same rule that
    differ from the worst only in names and numbers.
    """

    finding: ReviewFinding
    also: tuple[ReviewFinding, ...] = ()
    alike: tuple[ReviewFinding, ...] = ()

    @property
    def size(self) -> int:
        """How many findings it stands for."""
        return 1 + len(self.also) + len(self.alike)


def causes(findings: Iterable[ReviewFinding]) -> tuple[ReportedCause, ...]:
    """The causes of these findings, in the order of their worst, which stand first."""
    findings = tuple(findings)
    shared = on_one_line(findings)
    led = {id(item) for items in shared.values() for item in items}
    leads = [finding for finding in findings if id(finding) not in led]
    groups: dict[object, list[ReviewFinding]] = defaultdict(list)
    for finding in leads:
        groups[_likeness(finding, shared.get(id(finding), ()))].append(finding)
    return tuple(
        _cause(first, shared.get(id(first), ()), alike) for first, *alike in groups.values()
    )


def _cause(
    first: ReviewFinding, on_its_line: tuple[ReviewFinding, ...], alike: list[ReviewFinding]
) -> ReportedCause:
    also = tuple(finding for finding in on_its_line if finding.rule != first.rule)
    same = (finding for finding in on_its_line if finding.rule == first.rule)
    return ReportedCause(first, also, (*same, *alike))


def on_one_line(findings: Sequence[ReviewFinding]) -> dict[int, tuple[ReviewFinding, ...]]:
    """Findings on one line that are one mistake: the first, by `id()`, and the others.

    They are of a few rules, and those of one rule are alike, as where one base is built for several
    namespaces: not what a changed version of a chart brings.
    """
    lines: dict[object, list[ReviewFinding]] = defaultdict(list)
    for finding in findings:
        if finding.location is not None and finding.location.line and not finding.moved:
            lines[finding.location].append(finding)
    return {
        id(first): tuple(others)
        for first, *others in lines.values()
        if others and _one_mistake((first, *others))
    }


def _one_mistake(findings: Sequence[ReviewFinding]) -> bool:
    rules = {finding.rule for finding in findings}
    kinds = {_likeness(finding, ()) for finding in findings}
    return len(rules) <= MOST_OF_A_LINE and len(kinds) == len(rules)


def _likeness(finding: ReviewFinding, also: tuple[ReviewFinding, ...]) -> object:
    """What findings that are alike have in common. One that shares its line stands alone."""
    if also:
        return id(finding)
    return (finding.rule, finding.severity, finding.blocks, finding.moved, _pattern(finding))


def _pattern(finding: ReviewFinding) -> str:
    """The message without the names and numbers in it."""
    text = _PEER.sub("pods *", finding.message)
    for fact in _NAMES:
        value = finding.facts.get(fact)
        if isinstance(value, str):
            text = re.sub(rf"(?<![\w.-]){re.escape(value)}(?![\w-])", "*", text) if value else text
    if finding.resource is not None:
        resource = finding.resource
        full_name = f"{resource.namespace}/{resource.name}"
        for name in (f"{resource.kind} {full_name}", full_name, resource.name):
            text = text.replace(name, "*")
        if resource.namespace:
            text = text.replace(f"namespace {resource.namespace}", "namespace *")
    text = _CARRIER.sub("(inside *", _ACCOUNT.sub("ServiceAccount *", text))
    return _NUMBER.sub("0", _QUOTED.sub("'*'", text))
