"""The review as JSON (DESIGN 7), and the schema of that JSON: both from the types below."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from bot.core.engine import review
from bot.core.finding import Severity, Side
from bot.core.values import thaw

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class Location(msgspec.Struct, frozen=True):
    """A line (from 1) on one side of the difference; null where only the file can be named."""

    path: str
    line: Annotated[int, msgspec.Meta(ge=1)] | None
    side: Side


class Resource(msgspec.Struct, frozen=True):
    """A resource by name. The namespace is the effective one, null for cluster-scoped kinds."""

    group: str
    kind: str
    namespace: str | None
    name: str


class Related(msgspec.Struct, frozen=True):
    """Another place that a finding speaks of."""

    location: Location | None
    message: str


class Table(msgspec.Struct, frozen=True):
    """A small table for people."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Steps(msgspec.Struct, frozen=True):
    """Steps in their order."""

    title: str
    steps: tuple[str, ...]


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


class Suggestion(msgspec.Struct, frozen=True):
    """New text for the lines from start to end, both included, of the finding's file."""

    start: int
    end: int
    text: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. In the mode `observe`, what blocks is what would have blocked."""

    rule: str
    severity: Severity
    blocks: bool
    message: str
    environments: tuple[str, ...]
    resource: Resource | None
    location: Location | None
    related: tuple[Related, ...]
    fingerprint: str
    facts: dict[str, Any]
    details: Details | msgspec.UnsetType = msgspec.UNSET
    suggestion: Suggestion | msgspec.UnsetType = msgspec.UNSET


class Suppressed(Finding, frozen=True, kw_only=True):
    """A finding that does not count, and because of what."""

    because: dict[str, str]


class Problem(msgspec.Struct, frozen=True):
    """Something that could not be looked at; new if base could be looked at there."""

    kind: review.ProblemKind
    new: bool
    location: Location | None
    message: str


class Counts(msgspec.Struct, frozen=True):
    """How many resources were added, changed and removed."""

    added: int
    changed: int
    removed: int


class ImageChange(msgspec.Struct, frozen=True):
    """One container's image before and after; null where there was or is none."""

    resource: Resource
    container: str
    old: str | None
    new: str | None


class Grants(msgspec.Struct, frozen=True):
    """How many single grants the change adds and removes."""

    added: int
    removed: int


class Rendered(msgspec.Struct, frozen=True):
    """How many of the affected roots that need a renderer were rendered, and by what."""

    rendered: int
    affected: int
    tools: tuple[str, ...]
    sandbox: str


class Fetched(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that lies elsewhere and was asked for; `message` says why nothing came."""

    source: str
    version: str
    digest: str = ""
    message: str = ""


class Summary(msgspec.Struct, frozen=True, rename={"change": "class"}):
    """What was compared, in numbers.

    `rendered` is absent where no root needs a renderer, `fetched` where nothing was asked for.
    """

    environments: int
    compared: int
    resources: Counts
    change: Literal["none", "images", "other"]
    images: tuple[ImageChange, ...]
    grants: Grants
    rendered: Rendered | msgspec.UnsetType = msgspec.UNSET
    fetched: tuple[Fetched, ...] | msgspec.UnsetType = msgspec.UNSET


class Review(msgspec.Struct, frozen=True):
    """What a change does: findings, problems and the verdict. Keys may be added to it."""

    schema: Literal["fairlead.review/1"]
    verdict: review.Verdict
    base: str
    head: str
    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    problems: tuple[Problem, ...]
    summary: Summary


def to_json(held: review.Review) -> str:
    """The review as JSON text, the same bytes for the same review.

    All that is not ASCII is written as escapes, so that nothing in it can deceive a terminal.
    """
    return json.dumps(msgspec.to_builtins(_review(held)), indent=2) + "\n"


def review_schema() -> Mapping[str, Any]:
    """The published schema of that JSON."""
    (_, definitions) = msgspec.json.schema_components([Review], ref_template="#/$defs/{name}")
    known: dict[str, dict[str, Any]] = dict(definitions)
    for definition in known.values():
        definition["description"] = " ".join(str(definition.get("description", "")).split())
    top = known.pop("Review")
    title = {"title": "fairlead.review/1"}
    return {"$schema": _DIALECT, **top, **title, "$defs": dict(sorted(known.items()))}


def _review(held: review.Review) -> Review:
    return Review(
        schema=review.SCHEMA,
        verdict=held.verdict,
        base=held.base,
        head=held.head,
        findings=tuple(Finding(**_finding(found)) for found in held.findings),
        suppressed=tuple(
            Suppressed(**_finding(found.finding), because=dict(found.because))
            for found in held.suppressed
        ),
        problems=tuple(
            Problem(found.kind, found.new, _location(found.location), found.message)
            for found in held.problems
        ),
        summary=_summary(held.summary),
    )


def _finding(found: review.ReviewFinding) -> dict[str, Any]:
    optional: dict[str, Any] = {}
    if found.details != review.Details():
        optional["details"] = _details(found.details)
    if found.suggestion is not None:
        fix = found.suggestion
        optional["suggestion"] = Suggestion(fix.start, fix.end, fix.text)
    return {
        "rule": found.rule,
        "severity": found.severity,
        "blocks": found.blocks,
        "message": found.message,
        "environments": found.environments,
        "resource": _resource(found.resource) if found.resource else None,
        "location": _location(found.location),
        "related": tuple(Related(_location(it.location), it.message) for it in found.related),
        "fingerprint": found.fingerprint,
        "facts": {key: thaw(value) for key, value in found.facts.items()},
        **optional,
    }


def _location(held: review.Location | None) -> Location | None:
    return Location(held.path, held.line, held.side) if held else None


def _resource(held: review.ResourceReference) -> Resource:
    return Resource(held.group, held.kind, held.namespace, held.name)


def _details(held: review.Details) -> Details:
    return Details(
        tuple(Table(table.columns, table.rows) for table in held.tables),
        tuple(Steps(found.title, found.steps) for found in held.steps),
        tuple(tuple(Edge(*edge) for edge in graph.edges) for graph in held.graphs),
    )


def _summary(held: review.Summary) -> Summary:
    counts = held.resources
    return Summary(
        held.environments,
        held.compared,
        Counts(counts.added, counts.changed, counts.removed),
        held.change,
        tuple(
            ImageChange(_resource(image.resource), image.container, image.old, image.new)
            for image in held.images
        ),
        Grants(held.grants.added, held.grants.removed),
        _rendered(held.rendered),
        _fetched(held.fetched),
    )


def _fetched(held: tuple[review.Fetched, ...]) -> tuple[Fetched, ...] | msgspec.UnsetType:
    found = tuple(Fetched(it.source, it.version, it.digest, it.message) for it in held)
    return found or msgspec.UNSET


def _rendered(held: review.RenderedRoots | None) -> Rendered | msgspec.UnsetType:
    if held is None:
        return msgspec.UNSET
    return Rendered(held.rendered, held.affected, held.tools, held.sandbox)
