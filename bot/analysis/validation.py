"""The validator's part of an analysis: which changed objects it is asked about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from types import MappingProxyType
from typing import Final

from bot.core.engine.review import ObjectValidation
from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.state import Change, State, changes
from bot.core.states import Pair, States
from bot.core.validation import ValidationRequest, ValidationResult, Validator
from bot.kubernetes import kinds
from bot.kubernetes.apply.limits import LARGEST_REQUEST
from bot.kubernetes.apply.refusals import is_encrypted
from bot.kubernetes.schemas.definitions import custom_kinds
from bot.kubernetes.schemas.published import built_in_groups
from bot.kubernetes.schemas.published_definitions import published_definition
from bot.kubernetes.versions import minor_version
from bot.records import dataclass

_MOST: Final = 20_000
_MOST_OF_A_KIND: Final = 500
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
        tuple(answers.into(pair, asked) for pair, asked in zip(group, listed, strict=True))
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

    def into(self, pair: Pair, questions: Sequence[_Question]) -> Pair:
        """The pair with the results for the objects that were asked about."""
        answers: dict[ResourceKey, ValidationResult] = {}
        for question in questions:
            resource = question.resource
            result = self._result(question.place)
            if question.has_other_definition:
                result = _newly_refused(self._result(question.earlier), result)
            answers[resource.key] = result
            if result.status == "failed":
                self.failed.setdefault(resource.key, (resource.root, result.reason))
        after = pair.after.with_validations(pair.before, MappingProxyType(answers))
        return replace(pair, after=after)

    def _result(self, place: int | None) -> ValidationResult:
        return _TOO_MANY if place is None else self.results[place]


_TOO_MANY: Final = ValidationResult("failed", reason="the change is too large to validate whole")


@dataclass(frozen=True, slots=True)
class _Question:
    """An object that the validator is asked about, and the request's place in the batch.

    Where its definition differs and it does not, `earlier` is the place of what base's says of it.
    """

    resource: Resource
    place: int | None
    earlier: int | None = None
    has_other_definition: bool = False


def _newly_refused(old: ValidationResult, new: ValidationResult) -> ValidationResult:
    """The refusals of head's definition that base's does not give for the same object."""
    if old.status != "judged" or new.status != "judged":
        return new if new.status != "judged" else old
    return replace(new, refusals=tuple(one for one in new.refusals if one not in old.refusals))


def _questions(pair: Pair, batch: _Batch) -> Iterator[_Question]:
    minor = minor_version(pair.after.environment.kubernetes)
    yield from _under_other_definitions(pair, batch, minor)
    for change in changes(pair.before, pair.after):
        head = change.after
        if head is None or len(head.encoded) > LARGEST_REQUEST or is_encrypted(head):
            continue
        definition = _definition(head, pair.after)
        if definition is None and head.key.group not in built_in_groups():
            continue
        request = ValidationRequest(head.encoded, _base(change), minor, definition)
        yield _Question(head, batch.add(request))


def _definition(resource: Resource, state: State) -> bytes | None:
    """The definition of a custom kind: the tree's, else the one that its project publishes."""
    custom = state.derived(custom_kinds).get(resource.group_kind)
    if custom is not None:
        return custom.definition.resource.encoded
    return published_definition(resource.group_kind)


def _under_other_definitions(pair: Pair, batch: _Batch, minor: int | None) -> Iterator[_Question]:
    """Ask about the objects that the change leaves alone and whose definition it changes."""
    for change in changes(pair.before, pair.after, kinds.CUSTOM_RESOURCE_DEFINITION):
        old, new = change.before, change.after
        if old is None or new is None:
            continue
        spec = new.at("spec")
        kind = GroupKind(spec["group"].text or "", spec.at("names", "kind").text or "")
        for resource in pair.after.of(kind)[:_MOST_OF_A_KIND]:
            earlier = pair.before.get(resource.key)
            if earlier is None or earlier.encoded != resource.encoded or is_encrypted(resource):
                continue
            was, now = (
                batch.add(ValidationRequest(resource.encoded, None, minor, definition.encoded))
                for definition in (old, new)
            )
            yield _Question(resource, now, was, has_other_definition=True)


def _base(change: Change) -> bytes | None:
    """The object at base, where head's is an update of it: the same version or another."""
    old, new = change.before, change.after
    if old is None or new is None or new.name.endswith("*") or is_encrypted(old):
        return None
    return old.encoded if old.api_version == new.api_version else None
