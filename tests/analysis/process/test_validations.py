"""Validations between parent and child: what is cached, and what no honest child sends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.analysis.process.cache import FactCache
from bot.analysis.process.renders import Renders
from bot.analysis.process.validations import ValidationRequests
from bot.core.validation import ValidationRequest, ValidationResult
from bot.errors import AnalysisError
from bot.render.programs import Binary
from bot.render.validator import ValidatorProgram

BINARY = Binary("validator", "1", Path("/nowhere/validator"), pinned=True, words=())


@dataclass(frozen=True, slots=True)
class Recorder(Renders):
    """Renders whose validator answers from memory and records what it was asked."""

    find_validator: Callable[[], Binary | None] = lambda: BINARY
    asked: list[ValidationRequest] = field(default_factory=list)

    def validator(self, binary: Binary) -> ValidatorProgram:
        return Answering(binary, recorder=self)


@dataclass(frozen=True, slots=True)
class Answering(ValidatorProgram):
    """A validator that judges everything."""

    recorder: Recorder | None = None

    def validate_all(self, requests: Sequence[ValidationRequest]) -> Sequence[ValidationResult]:
        assert self.recorder is not None
        self.recorder.asked.extend(requests)
        return [ValidationResult("judged", tool="1")] * len(requests)


def request(
    head: bytes = b'{"kind":"A"}', base: bytes | None = None, definition: bytes | None = None
) -> ValidationRequest:
    return ValidationRequest(head, base, definition=definition)


def test_an_object_that_is_known_is_not_judged_again(tmp_path: Path) -> None:
    recorder = Recorder()
    with FactCache(tmp_path, name="renders", version="1") as cache:
        first, _ = ValidationRequests(recorder, cache).validate_all([request(), request(b"{}")])
        again, _ = ValidationRequests(recorder, cache).validate_all([request()])
        other, _ = ValidationRequests(recorder, cache, "tenant").validate_all([request()])

    assert [result.status for result in (*first, *again, *other)] == ["judged"] * 4
    assert recorder.asked == [request(), request(b"{}"), request()]


@pytest.mark.parametrize(
    "wrong",
    [
        request(b'{"id":1}\n{"id":0,"head":{}}'),
        request(b'{"unfinished":'),
        request(b"[]"),
        request(base=b"{} {}"),
        request(definition=b"text"),
        request(b'{"k":"' + b"x" * (8 * 1024 * 1024) + b'"}'),
    ],
)
def test_what_no_honest_child_sends_ends_the_analysis(wrong: ValidationRequest) -> None:
    with FactCache(None) as cache, pytest.raises(AnalysisError, match="requested the validation"):
        ValidationRequests(Recorder(), cache).validate_all([request(), wrong])


def test_without_a_validator_nothing_is_judged() -> None:
    with FactCache(None) as cache:
        results, _ = ValidationRequests(Renders(), cache).validate_all([request()])

    assert [result.status for result in results] == ["unavailable"]
