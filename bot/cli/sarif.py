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

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}


def to_sarif(review: Review, rules: Iterable[Rule]) -> str:
    """The review as one run of one tool; what is waived is there as suppressed."""
    known = {rule.id: rule for rule in rules}
    found = [(held, ()) for held in review.findings]
    waived = [(held.finding, (_suppression(held.because),)) for held in review.suppressed]
    named = sorted({held.rule for held, _ in (*found, *waived)} | known.keys())
    run = {
        "tool": {
            "driver": {
                "name": "Fairlead",
                "version": version("fairlead"),
                "rules": [_rule(rule, known.get(rule)) for rule in named],
            }
        },
        "columnKind": "utf16CodeUnits",
        "invocations": [
            {
                "executionSuccessful": not review.problems,
                "toolExecutionNotifications": [_notification(held) for held in review.problems],
            }
        ],
        "results": [
            _result(held, named.index(held.rule), suppressions)
            for held, suppressions in (*found, *waived)
        ],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _rule(rule: str, held: Rule | None) -> dict[str, Any]:
    if held is None:
        return {"id": rule}
    return {
        "id": rule,
        "shortDescription": {"text": held.page.summary},
        "help": {"text": held.page.text, "markdown": held.page.text},
        "defaultConfiguration": {"level": _LEVELS[held.severity]},
    }


def _result(found: ReviewFinding, index: int, suppressions: tuple[object, ...]) -> dict[str, Any]:
    return {
        "ruleId": found.rule,
        "ruleIndex": index,
        "level": _LEVELS[found.severity],
        "message": {"text": _message(found.message)},
        "locations": _locations(found.location),
        "partialFingerprints": {"fairlead/v1": found.fingerprint},
        # An empty list says that somebody looked and nothing is suppressed.
        "suppressions": list(suppressions),
        "properties": {"blocks": found.blocks, "environments": list(found.environments)},
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
    """The place in head; what head no longer has is a file without a line."""
    if location is None:
        return []
    place: dict[str, Any] = {
        "artifactLocation": {"uri": quote(location.path), "uriBaseId": "%SRCROOT%"}
    }
    if location.line is not None and location.side == "RIGHT":
        place["region"] = {"startLine": location.line}
    return [{"physicalLocation": place}]


def _message(text: str) -> str:
    """The sentence, in which square brackets would be links (SARIF 2.1.0, 3.11.6)."""
    return visible(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
