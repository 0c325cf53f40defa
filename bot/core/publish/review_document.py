"""The types of the review's JSON, of which the published schema is made."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

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
    Suggestion,
    Verdict,
)
from bot.core.finding import Severity, Steps, Table


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
    """Something that could not be reviewed; new if base could be looked at there."""

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
