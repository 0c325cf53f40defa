"""An analysis as the child process answers it, and as the parent reads and checks it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from bot.analysis.process.messages import LONGEST_TEXT, AnalysisAnswer, FindingMessage
from bot.analysis.process.packing import FactKind
from bot.core import values
from bot.core.diff.model import (
    LARGEST_DIFFERENCE,
    LONGEST_VALUE,
    MOST_FIELDS,
    MOST_GROUPS,
    MOST_PLACES,
    MOST_UNREAD,
    Difference,
)
from bot.core.engine.consent import ConsentContent
from bot.core.engine.review import Analysis, Location, Problem, ReviewFinding
from bot.core.tree import Tree
from bot.core.values import freeze
from bot.errors import AnalysisError
from bot.patterns import pattern

_LONGEST_LINE: Final = 100_000_000
_HEXADECIMAL: Final = pattern(r"[0-9a-f]{0,64}")
_PRINTED: Final = pattern(r"[^\r\n\x00]*\Z")


def answer(
    analysis: Analysis, facts: list[tuple[FactKind, str, bytes]], counts: tuple[int, int, int]
) -> dict[str, Any]:
    """The fields of an Answer, but for the sandbox's state."""
    parsed, blobs, cached = counts
    return {
        "findings": [_outgoing(finding) for finding in analysis.findings],
        "problems": list(analysis.problems),
        "summary": analysis.summary,
        "difference": analysis.difference,
        "facts": facts,
        "parsed": parsed,
        "blobs": blobs,
        "cached": cached,
    }


def analysis(received: AnalysisAnswer, rules: frozenset[str], base: Tree, head: Tree) -> Analysis:
    """The analysis that a child's answer is. Raises AnalysisError where it cannot be one."""
    trees = {"LEFT": base, "RIGHT": head}
    places = [finding.location for finding in received.findings]
    places += [place.location for entry in received.findings for place in entry.related]
    places += [problem.location for problem in received.problems]
    texts = [entry.message for entry in received.findings]
    texts += [problem.message for problem in received.problems]
    wrong = (
        any(entry.rule not in rules for entry in received.findings)
        or any(not _PRINTED.match(text) or len(text) > LONGEST_TEXT for text in texts)
        or any(not _is_place(place, trees) for place in places)
        or any(not _is_identified(problem) for problem in received.problems)
        or not _is_bounded(received.difference)
        or any(not _HEXADECIMAL.fullmatch(entry.content) for entry in received.findings)
    )
    if wrong:
        raise AnalysisError(
            "the analysis sent an invalid answer: an impossible rule, location or text"
        )
    try:
        findings = tuple(_incoming(entry) for entry in received.findings)
    except (RecursionError, TypeError) as error:
        raise AnalysisError("the analysis sent an invalid answer: impossible facts") from error
    return Analysis(findings, tuple(received.problems), received.summary, received.difference)


def _is_bounded(difference: Difference | None) -> bool:
    """Whether a difference keeps the limits that the child has for it."""
    if difference is None:
        return True
    groups = difference.groups
    places = [place for group in groups for place in group.resources]
    fields = [change for group in groups for change in group.fields]
    values = [value for change in fields for value in (change.before, change.after) if value]
    reasons = [file.reason for file in difference.unread]
    size = sum(map(len, values)) + sum(len(change.path) for change in fields)
    names = {part for place in places for part in (place.key.kind, place.key.name)}
    return (
        len(groups) <= MOST_GROUPS
        and len(places) <= MOST_PLACES
        and all(group.resources and len(group.fields) <= MOST_FIELDS for group in groups)
        and all(len(value) <= LONGEST_VALUE for value in values)
        and all(len(name) <= LONGEST_TEXT for name in names)
        and len(reasons) <= MOST_UNREAD
        and all(_PRINTED.match(text) and len(text) <= LONGEST_TEXT for text in reasons)
        and all(change.before is not None or change.after is not None for change in fields)
        and size <= 2 * LARGEST_DIFFERENCE
    )


def _is_identified(problem: Problem) -> bool:
    """Whether id and digest are hexadecimal, as `problem_about` computes them."""
    return all(_HEXADECIMAL.fullmatch(text) for text in (problem.id, problem.digest))


_SHARED: Final = tuple(
    name for name in FindingMessage.__struct_fields__ if name not in {"facts", "content", "fields"}
)
"""The fields that a finding has as a message and in a review, with the same type."""


def _outgoing(finding: ReviewFinding) -> FindingMessage:
    return FindingMessage(
        **{name: getattr(finding, name) for name in _SHARED},
        facts={key: values.thaw(value) for key, value in finding.facts.items()},
        content=finding.content.digest,
        fields=dict(finding.content.fields),
    )


def _incoming(finding: FindingMessage) -> ReviewFinding:
    return ReviewFinding(
        **{name: getattr(finding, name) for name in _SHARED},
        facts=values.mapping(freeze(finding.facts)),
        content=ConsentContent(finding.content, MappingProxyType(finding.fields)),
    )


def _is_place(place: Location | None, trees: Mapping[str, Tree]) -> bool:
    """Whether a location names a file that is there, and a line that can be."""
    if place is None:
        return True
    line = place.line
    return place.path in trees[place.side] and (line is None or 1 <= line <= _LONGEST_LINE)
