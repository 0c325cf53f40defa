"""The review as JSON (DESIGN 7), and the schema of that JSON.

JSON is encoded from the review's own types. The types below exist only where JSON has another
shape: a suppressed finding is the finding and `because`, `change` is called `class`, and what is
empty is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from bot.core.engine import review
from bot.core.engine.review import Counts, GrantCounts, RenderedRoots, ReviewFinding
from bot.core.publish.review_document import (
    Details,
    Edge,
    Fetched,
    Finding,
    Problem,
    Review,
    Summary,
    Suppressed,
)
from bot.core.values import thaw

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def to_json(decided: review.Review) -> str:
    """The review as JSON text, the same bytes for the same review.

    Every character outside ASCII is escaped, so that no text of a manifest can deceive a terminal.
    """
    return json.dumps(msgspec.to_builtins(_review(decided)), indent=2) + "\n"


def error_json(message: str, status: int) -> str:
    """The JSON text of an error that ended a command with this status: there is no review."""
    document = {"schema": "fairlead.error/1", "status": status, "message": message}
    return json.dumps(document, indent=2) + "\n"


def review_schema() -> Mapping[str, Any]:
    """The published JSON Schema of that JSON."""
    (_, definitions) = msgspec.json.schema_components([Review], ref_template="#/$defs/{name}")
    schemas: dict[str, dict[str, Any]] = dict(definitions)
    for definition in schemas.values():
        definition["description"] = " ".join(str(definition.get("description", "")).split())
    for always_whole in (Counts, GrantCounts, RenderedRoots):
        # A default is for whoever builds the value; JSON always has every key of these.
        definition = schemas[always_whole.__name__]
        definition["required"] = list(definition["properties"])
        for field in definition["properties"].values():
            field.pop("default", None)
    top = schemas.pop("Review")
    title = {"title": "fairlead.review/1"}
    return {"$schema": _DIALECT, **top, **title, "$defs": dict(sorted(schemas.items()))}


def _review(decided: review.Review) -> Review:
    return Review(
        schema=review.SCHEMA,
        verdict=decided.verdict,
        base=decided.base,
        head=decided.head,
        findings=tuple(Finding(**_finding(finding)) for finding in decided.findings),
        suppressed=tuple(
            Suppressed(**_finding(item.finding), because=dict(item.because))
            for item in decided.suppressed
        ),
        problems=tuple(
            Problem(
                problem.kind,
                problem.new,
                problem.location,
                problem.message,
                problem.id,
                problem.approvable,
            )
            for problem in decided.problems
        ),
        summary=_summary(decided.summary),
    )


def _facts(finding: review.ReviewFinding) -> dict[str, Any]:
    """The facts, and as `content` a digest of what else an approval rests on."""
    facts: dict[str, Any] = {key: thaw(value) for key, value in finding.facts.items()}
    return {**facts, "content": finding.content.digest} if finding.content.digest else facts


def _finding(finding: ReviewFinding) -> dict[str, Any]:
    details = _details(finding.details)
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "blocks": finding.blocks,
        "message": finding.message,
        "environments": finding.environments,
        "resource": finding.resource,
        "location": finding.location,
        "related": finding.related,
        "fingerprint": finding.fingerprint,
        "facts": _facts(finding),
        "details": msgspec.UNSET if details == Details() else details,
        "suggestion": finding.suggestion or msgspec.UNSET,
    }


def _details(details: review.Details) -> Details:
    graphs = tuple(tuple(Edge(*edge) for edge in graph.edges) for graph in details.graphs)
    return Details(details.tables, details.steps, graphs)


def _summary(summary: review.Summary) -> Summary:
    sources = tuple(
        Fetched(source.source, source.version, source.digest, source.message)
        for source in summary.fetched
    )
    return Summary(
        environments=summary.environments,
        compared=summary.compared,
        resources=summary.resources,
        change=summary.change,
        images=summary.images,
        grants=summary.grants,
        rendered=summary.rendered or msgspec.UNSET,
        fetched=sources or msgspec.UNSET,
        validation=summary.validation or msgspec.UNSET,
    )
