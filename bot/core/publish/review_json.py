"""The review as JSON (DESIGN 7), and the schema of that JSON.

JSON is encoded from the review's own types. The types below exist only where JSON has another
shape: a suppressed finding is the finding and `because`, `change` is called `class`, and what is
empty is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from bot.core.engine import review
from bot.core.engine.review import (
    Counts,
    GrantCounts,
    ImageChange,
    Location,
    ObjectValidation,
    ProblemKind,
    RelatedPlace,
    RenderedRoots,
    ResourceReference,
    ReviewFinding,
    Suggestion,
    Verdict,
)
from bot.core.finding import Severity, Steps, Table
from bot.core.values import thaw

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class Edge(msgspec.Struct, frozen=True, rename={"source": "from", "target": "to"}):
    """One thing reaches another."""

    source: str
    target: str
    label: str


class Details(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a comment shows below its sentence."""

    tables: tuple[Table, ...] = ()
    steps: tuple[Steps, ...] = ()
    graphs: tuple[tuple[Edge, ...], ...] = ()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. In the mode `observe`, what blocks is what would have blocked."""

    rule: str
    severity: Severity
    blocks: bool
    message: str
    environments: tuple[str, ...]
    resource: ResourceReference | None
    location: Location | None
    related: tuple[RelatedPlace, ...]
    fingerprint: str
    facts: dict[str, Any]
    details: Details | msgspec.UnsetType = msgspec.UNSET
    suggestion: Suggestion | msgspec.UnsetType = msgspec.UNSET


class Suppressed(Finding, frozen=True, kw_only=True):
    """A finding that does not count, and because of what."""

    because: dict[str, str]


class Problem(msgspec.Struct, frozen=True):
    """Something that could not be looked at; new if base could be looked at there."""

    kind: ProblemKind
    new: bool
    location: Location | None
    message: str
    id: str
    approvable: bool


class Fetched(msgspec.Struct, frozen=True, omit_defaults=True):
    """A remote source that was requested; `message` says why it could not be fetched."""

    source: str
    version: str
    digest: str = ""
    message: str = ""


class Summary(msgspec.Struct, frozen=True, rename={"change": "class"}):
    """What was compared, in numbers.

    `rendered` is absent where no root needs a renderer, `fetched` where nothing was requested,
    `validation` where no object of a known kind changed.
    """

    environments: int
    compared: int
    resources: Counts
    change: Literal["none", "images", "other"]
    images: tuple[ImageChange, ...]
    grants: GrantCounts
    rendered: RenderedRoots | msgspec.UnsetType = msgspec.UNSET
    fetched: tuple[Fetched, ...] | msgspec.UnsetType = msgspec.UNSET
    validation: ObjectValidation | msgspec.UnsetType = msgspec.UNSET


class Review(msgspec.Struct, frozen=True):
    """What a change does: findings, problems and the verdict. Keys may be added to it."""

    schema: Literal["fairlead.review/1"]
    verdict: Verdict
    base: str
    head: str
    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    problems: tuple[Problem, ...]
    summary: Summary


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
