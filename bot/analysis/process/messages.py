"""The messages between the parent and the child process: framed, each with a bound.

The parent trusts nothing that the child sends: an `AnalysisAnswer` is decoded into exactly these
types, and the parent checks what types cannot express.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from bot.core import values
from bot.core.diff.model import (
    LARGEST_DIFFERENCE,
    LONGEST_VALUE,
    MOST_FIELDS,
    MOST_GROUPS,
    MOST_PLACES,
    Difference,
)
from bot.core.engine.consent import MOST_CONTENT_FIELDS, ConsentContent
from bot.core.engine.review import (
    Analysis,
    Details,
    Location,
    Problem,
    RelatedPlace,
    ResourceReference,
    ReviewFinding,
    Suggestion,
    Summary,
)
from bot.core.fetching import FetchResult, SourceReference
from bot.core.finding import Severity
from bot.core.manifest import Manifest, Reading
from bot.core.policy.model import Policy
from bot.core.rendering import Build, BuildResult
from bot.core.states.roots.fetched_files import MOST_REFERENCES
from bot.core.tree import File, Tree
from bot.core.validation import ValidationRequest, ValidationResult
from bot.core.values import freeze
from bot.errors import AnalysisError

OUT_OF_MEMORY: Final = 71
"""The exit status of a child that met its memory limit and could still say so."""

LARGEST_FRAME: Final = 256 * 1024 * 1024
HEADER: Final = struct.Struct("!I")

FactKind: TypeAlias = Literal["manifest", "kustomization", "data"]
"""What is asked of a content: how it reads, how it reads as a kustomization, or itself."""

MOST_OWNERS: Final = 2_000
MOST_VALIDATED: Final = 50_000
"""Objects that one message may ask about."""
OWNER: Final = r"^[a-z0-9.:_-]+(?:/[\w.~+-]+)?$"
"""Whose something from elsewhere is: a host, or an owner on a host that many share."""

_MOST_FINDINGS: Final = 20_000
_LONGEST_TEXT: Final = 8_000
_LONGEST_LINE: Final = 100_000_000
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{0,64}")
_PRINTED: Final = re.compile(r"[^\r\n\x00]*\Z")

_Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=_LONGEST_TEXT)]
_Owner: TypeAlias = Annotated[str, msgspec.Meta(max_length=400, pattern=OWNER)]
_Word: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[\w.-]+$")]


class Start(msgspec.Struct, frozen=True):
    """What the parent tells the child first: everything but content, and nothing of head.

    `fetches` says that something may be fetched from elsewhere.
    """

    base: dict[str, tuple[str, str, int]]
    policy: Policy
    namespace: str
    rules: tuple[str, ...] | None
    require_sandbox: bool
    repositories: tuple[str, ...] = ()
    fetches: bool = False
    difference: bool = False


class Uses(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Whose things base takes in, said before anything of head is known; and base's facts."""

    owners: Annotated[list[_Owner], msgspec.Meta(max_length=MOST_OWNERS)]
    facts: list[tuple[FactKind, str, bytes]]


class Rest(msgspec.Struct, frozen=True):
    """The parent's answer to that: head."""

    head: dict[str, tuple[str, str, int]]


class Want(msgspec.Struct, frozen=True, tag=True):
    """What the child asks for: contents by id, and what of them."""

    items: list[tuple[FactKind, str]]


class Have(msgspec.Struct, frozen=True):
    """The parent's answer, item by item: facts it has kept, else content, else None."""

    items: list[tuple[Literal["facts", "data"], bytes | None]]


class BuildRequest(msgspec.Struct, frozen=True, tag=True):
    """Builds that the child asks the parent for."""

    builds: Annotated[list[Build], msgspec.Meta(max_length=1_000)]


class BuildAnswer(msgspec.Struct, frozen=True):
    """What came of one build of an order; there is one for each, in their order."""

    built: BuildResult


class FetchRequest(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """References that the child asks the parent to fetch."""

    references: Annotated[list[SourceReference], msgspec.Meta(max_length=MOST_REFERENCES)]


class FetchAnswer(msgspec.Struct, frozen=True):
    """The parent's answer: what came of each reference."""

    found: list[FetchResult]


class ValidateRequest(msgspec.Struct, frozen=True, tag=True):
    """Changed objects that the child asks the parent to have validated."""

    requests: Annotated[list[ValidationRequest], msgspec.Meta(max_length=MOST_VALIDATED)]


class ValidateAnswer(msgspec.Struct, frozen=True):
    """The parent's answer: the result of each request."""

    results: list[ValidationResult]


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Why the child gives up: the name of an exception, never its text."""

    error: _Word


class _Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finding as the child may say it: whether it blocks is not the child's to say."""

    rule: _Word
    severity: Severity
    message: _Text
    environments: Annotated[tuple[_Text, ...], msgspec.Meta(max_length=100_000)]
    resource: ResourceReference | None
    location: Location | None
    fingerprint: _Word
    related: tuple[RelatedPlace, ...] = ()
    facts: dict[str, Any] = msgspec.field(default_factory=dict)
    details: Details = Details()
    suggestion: Suggestion | None = None
    moved: _Text = ""
    content: str = ""
    fields: Annotated[dict[str, str], msgspec.Meta(max_length=MOST_CONTENT_FIELDS)] = msgspec.field(
        default_factory=dict
    )


class AnalysisAnswer(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """An analysis, the facts of the contents that were read for it, and what it took."""

    findings: Annotated[list[_Finding], msgspec.Meta(max_length=_MOST_FINDINGS)]
    problems: Annotated[list[Problem], msgspec.Meta(max_length=_MOST_FINDINGS)]
    summary: Summary
    facts: list[tuple[FactKind, str, bytes]]
    parsed: int
    blobs: int
    cached: int
    sandbox: str
    difference: Difference | None = None


Message: TypeAlias = (
    Want | Uses | BuildRequest | FetchRequest | ValidateRequest | AnalysisAnswer | Failed
)

decode_start: Final = msgspec.msgpack.Decoder(Start).decode
decode_rest: Final = msgspec.msgpack.Decoder(Rest).decode
decode_fetch_answer: Final = msgspec.msgpack.Decoder(FetchAnswer).decode
decode_have: Final = msgspec.msgpack.Decoder(Have).decode
decode_validate_answer: Final = msgspec.msgpack.Decoder(ValidateAnswer).decode
decode_build_answer: Final = msgspec.msgpack.Decoder(BuildAnswer).decode
_decode_message: Final = msgspec.msgpack.Decoder(Message).decode


def frame(message: msgspec.Struct) -> bytes:
    """A message as it goes over the pipe."""
    body = _encode(message)
    if len(body) > LARGEST_FRAME:
        raise AnalysisError(f"a message of {len(body)} bytes is more than the analysis may send")
    return HEADER.pack(len(body)) + body


def decode_message(body: bytes) -> Message:
    """A message of the child. Raises AnalysisError for anything that is none."""
    try:
        message: Message = _decode_message(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise AnalysisError("the analysis answered nonsense") from error
    return message


def pack_tree(tree: Tree) -> dict[str, tuple[str, str, int]]:
    """A tree as it goes over the pipe."""
    return {path: (file.mode, file.blob, file.size) for path, file in tree.items()}


def unpack_tree(packed: Mapping[str, tuple[str, str, int]], like: Tree | None = None) -> Tree:
    """The tree again. Equal files become one object: trees share most of theirs with another."""
    files = {(file.mode, file.blob, file.size): file for file in (like or {}).values()}
    return {path: files.setdefault(row, File(*row)) for path, row in packed.items()}


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
        or any(not _PRINTED.match(text) or len(text) > _LONGEST_TEXT for text in texts)
        or any(not _is_place(place, trees) for place in places)
        or any(not _is_identified(problem) for problem in received.problems)
        or not _is_bounded(received.difference)
        or any(not _HEXADECIMAL.fullmatch(entry.content) for entry in received.findings)
    )
    if wrong:
        raise AnalysisError("the analysis answered nonsense: a rule, place or text that cannot be")
    try:
        findings = tuple(_incoming(entry) for entry in received.findings)
    except (RecursionError, TypeError) as error:
        raise AnalysisError("the analysis answered nonsense: facts that cannot be") from error
    return Analysis(findings, tuple(received.problems), received.summary, received.difference)


def _is_bounded(difference: Difference | None) -> bool:
    """Whether a difference keeps the limits that the child has for it."""
    if difference is None:
        return True
    groups = difference.groups
    places = [place for group in groups for place in group.resources]
    fields = [change for group in groups for change in group.fields]
    values = [value for change in fields for value in (change.before, change.after) if value]
    size = sum(map(len, values)) + sum(len(change.path) for change in fields)
    names = {part for place in places for part in (place.key.kind, place.key.name)}
    return (
        len(groups) <= MOST_GROUPS
        and len(places) <= MOST_PLACES
        and all(group.resources and len(group.fields) <= MOST_FIELDS for group in groups)
        and all(len(value) <= LONGEST_VALUE for value in values)
        and all(len(name) <= _LONGEST_TEXT for name in names)
        and all(change.before is not None or change.after is not None for change in fields)
        and size <= 2 * LARGEST_DIFFERENCE
    )


def _is_identified(problem: Problem) -> bool:
    """Whether id and digest are hexadecimal, as `problem_about` computes them."""
    return all(_HEXADECIMAL.fullmatch(text) for text in (problem.id, problem.digest))


def pack_manifest(manifest: Manifest) -> bytes:
    """A manifest as it is kept. The two readings are mostly the same and then kept once."""
    same = manifest.kubectl == manifest.kustomize
    return _encode(_Kept(replace(manifest, kustomize=Reading()) if same else manifest, same))


def unpack_manifest(data: bytes) -> Manifest:
    """The manifest again. Raises ValueError for what is none."""
    kept = _decode_kept(data)
    return replace(kept.manifest, kustomize=kept.manifest.kubectl) if kept.same else kept.manifest


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    manifest: Manifest
    same: bool


_decode_kept: Final = msgspec.msgpack.Decoder(_Kept).decode


def _outgoing(finding: ReviewFinding) -> _Finding:
    return _Finding(
        rule=finding.rule,
        severity=finding.severity,
        message=finding.message,
        environments=finding.environments,
        resource=finding.resource,
        location=finding.location,
        fingerprint=finding.fingerprint,
        related=finding.related,
        facts={key: values.thaw(value) for key, value in finding.facts.items()},
        details=finding.details,
        suggestion=finding.suggestion,
        moved=finding.moved,
        content=finding.content.digest,
        fields=dict(finding.content.fields),
    )


def _incoming(finding: _Finding) -> ReviewFinding:
    return ReviewFinding(
        rule=finding.rule,
        severity=finding.severity,
        message=finding.message,
        environments=finding.environments,
        resource=finding.resource,
        location=finding.location,
        fingerprint=finding.fingerprint,
        related=finding.related,
        facts=values.mapping(freeze(finding.facts)),
        details=finding.details,
        suggestion=finding.suggestion,
        moved=finding.moved,
        content=ConsentContent(finding.content, MappingProxyType(finding.fields)),
    )


def _is_place(place: Location | None, trees: Mapping[str, Tree]) -> bool:
    """Whether a location names a file that is there, and a line that can be."""
    if place is None:
        return True
    line = place.line
    return place.path in trees[place.side] and (line is None or 1 <= line <= _LONGEST_LINE)


def _plain(value: object) -> object:
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise TypeError(f"nothing that may be sent: {type(value).__name__}")


_encode: Final = msgspec.msgpack.Encoder(enc_hook=_plain).encode
