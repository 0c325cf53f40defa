"""Generates which fields an update cannot change, by minor version of Kubernetes.

Source: the strategies that the server of each supported minor version asks before it updates an
object (k8s.io/kubernetes, Apache-2.0), run on pairs of objects that differ in one field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.oracle.modules import KUBERNETES
from tests.oracle.programs import output_of

TARGET: Final = Path("bot/kubernetes/data/immutable-fields.json")
OBJECTS: Final = Path("tests/oracle/updates.yaml")
PROGRAM: Final = Path("tests/oracle/updates_program/main.go")
CLAIMS: Final = Path("tests/oracle/updates_program/claims.go")
_FIRST_CLAIMS: Final = 31
"""The first minor version whose code of resource claims has the names that `CLAIMS` uses."""
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Update:
    """Two versions of an object that differ in one field. `change` is how it differs at head."""

    kind: str
    states: tuple[str, ...]
    path: str
    change: str
    base: Mapping[str, Any]
    head: Mapping[str, Any]

    def name(self) -> str:
        """What names the update in the table, as JSON."""
        parts = {"kind": self.kind, "states": self.states, "path": self.path, "change": self.change}
        return json.dumps(parts)


def generate() -> bytes:
    """The table: an update a line, with the minor versions that accept and that refuse it."""
    pairs = list(updates())
    questions = "".join(f"{json.dumps({'base': p.base, 'head': p.head})}\n" for p in pairs).encode()
    lines: dict[str, dict[str, list[int]]] = {}
    for minor in KUBERNETES:
        answers = output_of(_programs(minor), minor, questions).splitlines()
        for pair, text in zip(pairs, answers, strict=True):
            verdict = _verdict(json.loads(text))
            if verdict:
                verdicts = lines.setdefault(pair.name(), {"accepted": [], "refused": []})
                if minor not in verdicts[verdict]:  # two API versions of one kind
                    verdicts[verdict].append(minor)
    rows = [json.dumps({**json.loads(line), **verdicts}) for line, verdicts in lines.items()]
    return ("[\n" + ",\n".join(rows) + "\n]\n").encode()


def _verdict(answer: Mapping[str, Any]) -> str | None:
    """What the server says of the change itself, None where either object is invalid by itself."""
    if not answer["known"]:
        return None
    if set(answer["refused"]) - set(answer["invalid"]):
        return "refused"
    return None if answer["invalid"] else "accepted"


def _programs(minor: int) -> tuple[Path, ...]:
    files = (PROGRAM, CLAIMS) if minor >= _FIRST_CLAIMS else (PROGRAM,)
    return tuple(_ROOT / file for file in files)


def updates() -> Iterator[Update]:
    """Every change of one field: to another value, and to and from an absent one."""
    for entry in yaml.safe_load((_ROOT / OBJECTS).read_text("utf-8")):
        whole, filled = entry["object"], entry.get("filled", ())
        group = whole["apiVersion"].rpartition("/")[0]
        named = (
            f"{group}/{whole['kind']}" if group else whole["kind"],
            tuple(entry.get("states", ())),
        )
        for path, value in entry["changes"].items():
            others = {path: value, **entry.get("also", {}).get(path, {})}
            changed = whole
            for place, other in others.items():
                changed = _with(changed, place.split("."), other)
            without = _without(whole, path.split("."))
            if without != whole:
                yield Update(*named, path, "changed", whole, changed)
            if path not in filled:
                yield Update(*named, path, "added", without, changed)
                if without != whole:
                    yield Update(*named, path, "removed", whole, without)


def _with(value: Any, route: list[str], other: Any) -> Any:
    """A copy of a value in which the field of this route has another value."""
    if not route:
        return other
    step, *rest = route
    if isinstance(value, list):
        place = int(step)
        return [*value[:place], _with(value[place], rest, other), *value[place + 1 :]]
    fields = value or {}
    return {**fields, step: _with(fields.get(step), rest, other)}


def _without(value: Any, route: list[str]) -> Any:
    """A copy of a value without the field of this route."""
    step, *rest = route
    if isinstance(value, list):
        place = int(step)
        return [*value[:place], _without(value[place], rest), *value[place + 1 :]]
    if step not in value:
        return value
    if not rest:
        return {name: field for name, field in value.items() if name != step}
    return {**value, step: _without(value[step], rest)}
