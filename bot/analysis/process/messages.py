"""The messages between the parent and the child process: framed, each with a bound.

The parent trusts nothing that the child sends: an `AnalysisAnswer` is decoded into exactly these
types, and the parent checks what types cannot express.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from bot.analysis.process.packing import Fact, FactKind, encode
from bot.core.diff.model import Difference
from bot.core.engine.consent import MOST_CONTENT_FIELDS
from bot.core.engine.review import (
    Details,
    Location,
    Problem,
    RelatedPlace,
    ResourceReference,
    Suggestion,
    Summary,
)
from bot.core.fetching import FetchResult, SourceReference
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.core.rendering import Build, BuildResult
from bot.core.states.roots.fetched_files import MOST_REFERENCES
from bot.core.validation import ValidationRequest, ValidationResult
from bot.errors import AnalysisError

OUT_OF_MEMORY: Final = 71
"""The exit status of a child that met its memory limit and could still say so."""

LARGEST_FRAME: Final = 256 * 1024 * 1024
HEADER: Final = struct.Struct("!I")

MOST_OWNERS: Final = 2_000
MOST_VALIDATED: Final = 50_000
"""Objects that one message may ask about."""
OWNER: Final = r"^[a-z0-9.:_-]+(?:/[\w.~+-]+)?$"
"""Whose something from elsewhere is: a host, or an owner on a host that many share."""

_MOST_FINDINGS: Final = 20_000
LONGEST_TEXT: Final = 8_000

_Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
_Owner: TypeAlias = Annotated[str, msgspec.Meta(max_length=400, pattern=OWNER)]
_Word: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[\w.-]+$")]


class Start(msgspec.Struct, frozen=True):
    """What the parent tells the child first: everything but content, and nothing of head.

    `fetches` says that something may be fetched from elsewhere, `facts` are packed facts of base.
    """

    base: dict[str, tuple[str, str, int]]
    policy: Policy
    namespace: str
    rules: tuple[str, ...] | None
    require_sandbox: bool
    repositories: tuple[str, ...] = ()
    fetches: bool = False
    difference: bool = False
    facts: bytes = b""


class Uses(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Whose things base takes in, said before anything of head is known; and base's facts."""

    owners: Annotated[list[_Owner], msgspec.Meta(max_length=MOST_OWNERS)]
    facts: list[Fact]


class Rest(msgspec.Struct, frozen=True):
    """The parent's answer to that: head, as `tree_change` says how it differs from base."""

    changed: dict[str, tuple[str, str, int]]
    gone: list[str]
    order: list[str]


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

    results: list[FetchResult]


class ValidateRequest(msgspec.Struct, frozen=True, tag=True):
    """Changed objects that the child asks the parent to have validated."""

    requests: Annotated[list[ValidationRequest], msgspec.Meta(max_length=MOST_VALIDATED)]


class ValidateAnswer(msgspec.Struct, frozen=True):
    """The parent's answer: the result of each request."""

    results: list[ValidationResult]


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Why the child gives up: the name of an exception, never its text."""

    error: _Word


class FindingMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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

    findings: Annotated[list[FindingMessage], msgspec.Meta(max_length=_MOST_FINDINGS)]
    problems: Annotated[list[Problem], msgspec.Meta(max_length=_MOST_FINDINGS)]
    summary: Summary
    facts: list[Fact]
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
    body = encode(message)
    if len(body) > LARGEST_FRAME:
        raise AnalysisError(f"a message of {len(body)} bytes is larger than the analysis may send")
    return HEADER.pack(len(body)) + body


def decode_message(body: bytes) -> Message:
    """A message of the child. Raises AnalysisError for anything that is none."""
    try:
        message: Message = _decode_message(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise AnalysisError("the analysis sent an invalid answer") from error
    return message
