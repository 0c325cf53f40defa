"""Validation: what an API server is asked about changed objects, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from bot.records import dataclass

ValidationStatus: TypeAlias = Literal["judged", "unknown", "failed", "unavailable"]
"""`judged`: the refusals are all that there are; `unknown`: the kind is not known to the validator;
`failed`: the object could not be judged; `unavailable`: there is no validator here."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason why an API server refuses an object.

    `field` is upstream's path (`spec.ports[0].name`), `type` upstream's kind of error, `detail` a
    clause that holds no value of the object. `update` says that the object is valid by itself and
    only the change is refused; `culprits` are then the fields whose change alone is refused.
    """

    field: str
    type: str
    detail: str = ""
    update: bool = False
    culprits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidationRequest:
    """An object at base (None for a new one) and at head, as JSON.

    `minor` is the minor version of Kubernetes, None for the newest; `definition` is the
    CustomResourceDefinition of the kind as JSON, None for a kind of Kubernetes itself.
    """

    head: bytes
    base: bytes | None = None
    minor: int | None = None
    definition: bytes | None = None


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """The answer for one object; `reason` says why it is not `judged`, `tool` who judged."""

    status: ValidationStatus
    refusals: tuple[Refusal, ...] = ()
    reason: str = ""
    tool: str = ""


class Validator(Protocol):
    """Who knows what an API server refuses."""

    def validate_all(self, requests: Sequence[ValidationRequest]) -> Sequence[ValidationResult]:
        """The result of each request, in their order."""


class NoValidator:
    """Where there is no validator: nothing is judged."""

    def validate_all(self, requests: Sequence[ValidationRequest]) -> Sequence[ValidationResult]:
        """`unavailable` for each request."""
        return [ValidationResult("unavailable")] * len(requests)
