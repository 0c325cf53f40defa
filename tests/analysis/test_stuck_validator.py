"""A validator that hangs or dies on one object: a problem names it, and the rest is judged."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.analysis.examine import examine_trees
from bot.catalog import load_rules
from bot.core.validation import ValidationRequest
from bot.render.programs import Binary
from bot.render.run import Finished, RendererCommand, RunLimits, run
from bot.render.validator import ValidatorProgram
from tests.states import Grove

_REFUSAL = json.dumps([{"field": "data", "type": "FieldValueInvalid", "detail": "not today"}])
_PROGRAM = f"""
while read -r line; do
  case "$line" in *stuck*) ENDING;; esac
  id=${{line#*'"id":'}}
  echo '{{"tool": "1", "refusals": {_REFUSAL}, "id": '"${{id%%,*}}"'}}'
done
"""


@dataclass(frozen=True, slots=True)
class _Program(ValidatorProgram):
    """A validator that refuses every object, and does something else with those named `stuck`."""

    ending: str = ""

    def _run(self, questions: Sequence[tuple[int, ValidationRequest]]) -> Finished:
        lines = (
            json.dumps({"id": place, "head": json.loads(request.head)})
            for place, request in questions
        )
        with tempfile.TemporaryDirectory() as folder:
            command = RendererCommand(
                ("/bin/sh", "-c", _PROGRAM.replace("ENDING", self.ending)),
                Path(folder),
                read=(),
                write=(),
                input="".join(f"{line}\n" for line in lines).encode(),
            )
            return run(command, self.limits, confined=False)


def _manifest(name: str) -> str:
    return (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: a}}\ndata: {{}}\n"
    )


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("while :; do :; done", "the validator ran into its time limit"),
        ("exit 3", "the validator crashed"),
        ("exit 0", "the validator ended early"),
        ("while :; do echo filler filler filler; done", "the validator wrote too much"),
    ],
)
def test_the_object_is_a_problem_and_the_others_are_judged(ending: str, reason: str) -> None:
    names = ("first", "stuck", "third")
    grove = Grove({}, {f"{name}.yaml": _manifest(name) for name in names})
    limits = RunLimits(wall=1.0, output=20_000)
    binary = Binary("validator", "1", Path("/bin/sh"), pinned=True, words=())
    rules = [rule for rule in load_rules() if rule.id == "manifest-invalid"]

    analysis = examine_trees(
        grove.question(),
        grove.content(),
        rules,
        validator=_Program(binary, limits=limits, ending=ending),
    )

    assert [finding.message for finding in analysis.findings] == [
        f"The API refuses ConfigMap a/{name}: data is invalid: not today"
        for name in ("first", "third")
    ]
    assert [problem.message for problem in analysis.problems] == [
        f"Whether the API server accepts ConfigMap/a/stuck is not known: {reason}"
    ]
