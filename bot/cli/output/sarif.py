"""A review as SARIF 2.1.0, which code scanning tools read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote

from bot.core.engine.review import Location, Problem, Review, ReviewFinding
from bot.core.engine.rule import Rule
from bot.core.finding import Severity
from bot.core.publish.markdown import visible
from bot.core.publish.pages import NO_PAGES, Pages

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}


def to_sarif(review: Review, rules: Iterable[Rule], pages: Pages = NO_PAGES) -> str:
    """The review as a run of one tool. Waived findings are suppressed results.

    Rules link to their pages where `pages` has an address for them.
    """
    by_id = {rule.id: rule for rule in rules}
    entries = [(finding, ()) for finding in review.findings]
    waived = [(finding.finding, (_suppression(finding.because),)) for finding in review.suppressed]
    named = sorted({finding.rule for finding, _ in (*entries, *waived)} | by_id.keys())
    run = {
        "tool": {
            "driver": {
                "name": "Fairlead",
                "version": version("fairlead"),
                "rules": [_rule(rule, by_id.get(rule), pages.rule(rule)) for rule in named],
            }
        },
        "columnKind": "utf16CodeUnits",
        "invocations": [
            {
                "executionSuccessful": not review.problems,
                "toolExecutionNotifications": [
                    _notification(finding) for finding in review.problems
                ],
            }
        ],
        "results": [
            _result(finding, named.index(finding.rule), suppressions)
            for finding, suppressions in (*entries, *waived)
        ],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _rule(rule: str, definition: Rule | None, url: str | None) -> dict[str, Any]:
    if definition is None:
        return {"id": rule}
    return {
        "id": rule,
        "shortDescription": {"text": definition.page.summary},
        **({"helpUri": url} if url else {}),
        "help": {"text": definition.page.text, "markdown": definition.page.text},
        "defaultConfiguration": {"level": _LEVELS[definition.severity]},
    }


def _result(finding: ReviewFinding, index: int, suppressions: tuple[object, ...]) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding.message)},
        "locations": _locations(finding.location),
        "partialFingerprints": {"fairlead/v1": finding.fingerprint},
        # An empty list states that the result is not suppressed.
        "suppressions": list(suppressions),
        "properties": {"blocks": finding.blocks, "environments": list(finding.environments)},
    }


def _suppression(because: Any) -> dict[str, str]:
    return {"kind": "external", "justification": visible(next(iter(because.values()), ""))}


def _notification(problem: Problem) -> dict[str, Any]:
    return {
        "level": "error" if problem.new else "warning",
        "message": {"text": _message(problem.message)},
        "locations": _locations(problem.location),
        "descriptor": {"id": problem.kind},
    }


def _locations(location: Location | None) -> list[dict[str, Any]]:
    """The location at head. A line of base is reported as its file without a line."""
    if location is None:
        return []
    place: dict[str, Any] = {
        "artifactLocation": {"uri": quote(location.path), "uriBaseId": "%SRCROOT%"}
    }
    if location.line is not None and location.side == "RIGHT":
        place["region"] = {"startLine": location.line}
    return [{"physicalLocation": place}]


def _message(text: str) -> str:
    """The message with square brackets escaped, which would be links (SARIF 2.1.0, 3.11.6)."""
    return visible(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
