"""The validator: Kubernetes' own validation as a program, run in the renderers' sandbox.

The program is ours (`tools/validator`); it reads questions as JSON lines and opens no file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from bot.core.validation import Refusal, ValidationRequest, ValidationResult
from bot.render.programs import Binary
from bot.render.run import MEBIBYTE, Finished, RendererCommand, RunLimits, run

_LIMITS: Final = RunLimits(
    memory=1536 * MEBIBYTE, output=32 * MEBIBYTE, cpu=60, wall=90, largest_file=0
)
_RESTARTS: Final = 3
_ENDINGS: Final[Mapping[str, str]] = {
    "time": "the validator ran into its time limit",
    "cpu": "the validator ran into its CPU limit",
    "memory": "the validator ran into its memory limit",
    "output": "the validator wrote too much",
    "failed": "the validator crashed",
    "done": "the validator ended early",
}


class _Refusal(msgspec.Struct, frozen=True):
    field: str
    type: str
    detail: str = ""
    update: bool = False
    culprits: tuple[str, ...] = ()


class _Answer(msgspec.Struct, frozen=True):
    id: int = -1
    tool: str = ""
    refusals: tuple[_Refusal, ...] = ()
    skipped: str = ""
    problem: str = ""


_UNCONFINED: Final = ValidationResult("unavailable", reason="there is no complete sandbox here")
_LONGEST: Final = 1_000
_MOST_REFUSALS: Final = 50
_decode: Final = msgspec.json.Decoder(_Answer).decode


@dataclass(frozen=True, slots=True)
class ValidatorProgram:
    """The validator that was found here. `confined` refuses to run without a complete sandbox."""

    binary: Binary
    confined: bool = True
    limits: RunLimits = _LIMITS

    def validate_all(self, requests: Sequence[ValidationRequest]) -> Sequence[ValidationResult]:
        """The result of each request, in their order.

        An object on which the program dies or hangs is `failed`; the program is started again for
        the rest, a few times.
        """
        results: dict[int, ValidationResult] = {}
        for _ in range(_RESTARTS):
            waiting = [place for place in range(len(requests)) if place not in results]
            if not waiting:
                break
            finished = self._run([(place, requests[place]) for place in waiting])
            if finished.ending == "unconfined":
                return [_UNCONFINED] * len(requests)
            results.update(self._answers(finished, frozenset(waiting)))
            stuck = next((place for place in waiting if place not in results), None)
            if stuck is not None:
                results[stuck] = ValidationResult("failed", reason=_ENDINGS[finished.ending])
        late = ValidationResult("failed", reason="the validator failed too often in this review")
        return [results.get(place, late) for place in range(len(requests))]

    def _run(self, questions: Sequence[tuple[int, ValidationRequest]]) -> Finished:
        with tempfile.TemporaryDirectory(prefix="fairlead-validate-") as scratch:
            command = RendererCommand(
                (str(self.binary.path),),
                Path(scratch),
                read=(),
                write=(),
                input=b"".join(_lines(questions)),
            )
            return run(command, self.limits, confined=self.confined)

    def _answers(self, finished: Finished, asked: frozenset[int]) -> Mapping[int, ValidationResult]:
        """The answers in what the program wrote before it ended; a torn line is none."""
        answers = {}
        for line in finished.output.split(b"\n"):
            try:
                answer = _decode(line)
            except msgspec.MsgspecError:
                continue
            if answer.tool and answer.tool != self.binary.version:
                reason = f"the validator here is {answer.tool!r}, not {self.binary.version!r}"
                return dict.fromkeys(asked, ValidationResult("unavailable", reason=reason))
            if answer.id in asked:
                answers[answer.id] = _result(answer, self.binary.version)
        return answers


def _lines(questions: Sequence[tuple[int, ValidationRequest]]) -> Sequence[bytes]:
    """The lines of input: each definition before the first question that needs it.

    Questions of one minor version stand together, because the program sets its gates for one.
    """
    lines = []
    told: set[str] = set()
    for place, request in sorted(questions, key=lambda item: (item[1].minor or 0, item[0])):
        question: dict[str, object] = {"id": place, "minor": request.minor or 0}
        if request.definition is not None:
            key = sha256(request.definition).hexdigest()
            question["definition"] = key
            if key not in told:
                told.add(key)
                definition = {"definition": key, "object": msgspec.Raw(request.definition)}
                lines.append(msgspec.json.encode(definition) + b"\n")
        if request.base is not None:
            question["base"] = msgspec.Raw(request.base)
        question["head"] = msgspec.Raw(request.head)
        lines.append(msgspec.json.encode(question) + b"\n")
    return lines


def _result(answer: _Answer, tool: str) -> ValidationResult:
    if answer.problem:
        return ValidationResult("failed", reason=answer.problem[:_LONGEST], tool=tool)
    if answer.skipped:
        return ValidationResult("unknown", reason=answer.skipped[:_LONGEST], tool=tool)
    refusals = tuple(
        Refusal(
            refusal.field[:_LONGEST],
            refusal.type[:100],
            refusal.detail[:_LONGEST],
            refusal.update,
            tuple(culprit[:_LONGEST] for culprit in refusal.culprits[:_MOST_REFUSALS]),
        )
        for refusal in answer.refusals[:_MOST_REFUSALS]
    )
    return ValidationResult("judged", refusals, tool=tool)
