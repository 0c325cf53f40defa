"""The validator's part of an analysis: which changed objects it is asked about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from types import MappingProxyType
from typing import Final

from bot.core.engine.review import ObjectValidation
from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import Change, changes
from bot.core.states import Pair, States
from bot.core.validation import ValidationRequest, ValidationResult, Validator
from bot.kubernetes.apply.limits import LARGEST_REQUEST
from bot.kubernetes.apply.refusals import is_encrypted
from bot.kubernetes.schemas.definitions import custom_kinds
from bot.kubernetes.schemas.published import built_in_groups
from bot.kubernetes.versions import minor_version
from bot.records import dataclass

_MOST: Final = 20_000
_LARGEST: Final = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Validated:
    """The states with the validator's answers, and the objects that it could not judge."""

    states: States
    failed: tuple[tuple[Node, str], ...] = ()
    summary: ObjectValidation | None = None


@dataclass(slots=True)
class _Batch:
    """The requests of all environments; the same request is sent once."""

    places: dict[ValidationRequest, int] = field(default_factory=dict)
    size: int = 0

    def add(self, request: ValidationRequest) -> int | None:
        """The request's place in the batch; None where the batch is full."""
        if request in self.places:
            return self.places[request]
        size = self.size + len(request.head) + len(request.base or b"")
        if len(self.places) >= _MOST or size > _LARGEST:
            return None
        self.size = size
        self.places[request] = len(self.places)
        return self.places[request]


def validated(states: States, validator: Validator) -> Validated:
    """The states, each pair with what the validator says of the objects that changed in it."""
    batch = _Batch()
    groups = (states.pairs, states.upgrades, states.beside, states.unlisted, states.divided)
    questions = [[list(_questions(pair, batch)) for pair in group] for group in groups]
    if not batch.places:
        return Validated(states)
    answers = _Answers(validator.validate_all(list(batch.places)))
    pairs, upgrades, beside, unlisted, divided = (
        tuple(answers.into(pair, question) for pair, question in zip(group, listed, strict=True))
        for group, listed in zip(groups, questions, strict=True)
    )
    tool = next((result.tool for result in answers.results if result.tool), "")
    return Validated(
        replace(
            states,
            pairs=pairs,
            upgrades=upgrades,
            beside=beside,
            unlisted=unlisted,
            divided=divided,
        ),
        tuple(answers.failed.values()),
        ObjectValidation(len(batch.places), f"validator {tool}" if tool else ""),
    )


@dataclass(slots=True)
class _Answers:
    """The results by their place in the batch; `failed` are the objects without an answer."""

    results: Sequence[ValidationResult]
    failed: dict[ResourceKey, tuple[Node, str]] = field(default_factory=dict)

    def into(self, pair: Pair, questions: Sequence[tuple[Resource, int | None]]) -> Pair:
        """The pair with the results for the objects that were asked about."""
        answers: dict[ResourceKey, ValidationResult] = {}
        for resource, place in questions:
            result = _TOO_MANY if place is None else self.results[place]
            answers[resource.key] = result
            if result.status == "failed":
                self.failed.setdefault(resource.key, (resource.root, result.reason))
        after = pair.after.with_validations(pair.before, MappingProxyType(answers))
        return replace(pair, after=after)


_TOO_MANY: Final = ValidationResult("failed", reason="the change is too large to validate whole")


def _questions(pair: Pair, batch: _Batch) -> Iterator[tuple[Resource, int | None]]:
    minor = minor_version(pair.after.environment.kubernetes)
    for change in changes(pair.before, pair.after):
        head = change.after
        if head is None or len(head.encoded) > LARGEST_REQUEST or is_encrypted(head):
            continue
        custom = pair.after.derived(custom_kinds).get(head.group_kind)
        if custom is None and head.key.group not in built_in_groups():
            continue
        definition = custom.definition.resource.encoded if custom is not None else None
        yield head, batch.add(ValidationRequest(head.encoded, _base(change), minor, definition))


def _base(change: Change) -> bytes | None:
    """The object at base, where head's is an update of it: the same version or another."""
    old, new = change.before, change.after
    if old is None or new is None or new.name.endswith("*") or is_encrypted(old):
        return None
    return old.encoded if old.api_version == new.api_version else None
