"""The errors in the shape of a policy, each with its line and the legal values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from jsonschema import ValidationError

from bot.core.nearest import did_you_mean
from bot.core.policy.document import KeyPath, PolicyDocument
from bot.core.policy.layers import BRANCHES
from bot.core.policy.model import NAMESPACE
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class PolicyFault:
    """An error at a line (1-based)."""

    line: int
    message: str


def unknown_key(key: str, legal: list[str]) -> str:
    """The message for an unknown key."""
    return f"unknown key {key!r}{legal_hint(key, legal)}"


def faults_of(error: ValidationError, document: PolicyDocument) -> Iterator[PolicyFault]:
    """The errors that the schema found, as sentences."""
    path: KeyPath = tuple(error.absolute_path)
    if error.validator == "anyOf":
        choice = 1 if isinstance(error.instance, dict) else 0
        for inner in error.context or ():
            if inner.schema_path[0] == choice:
                yield from faults_of(inner, document)
        return
    if error.validator == "additionalProperties":
        schema: Any = error.schema
        instance: Any = error.instance
        legal = list(schema.get("properties", ()))
        for key in instance:
            if key not in legal:
                word = "rule" if _of_rules(path) else "key"
                text = f"unknown {word} {key!r}{_within(path)}{legal_hint(key, legal)}"
                yield PolicyFault(document.line((*path, key)), text)
        return
    yield PolicyFault(document.line(path), _sentence(error, path))


def _sentence(error: ValidationError, path: KeyPath) -> str:
    value: Any = error.instance
    limit: Any = error.validator_value
    shown = repr(value) if len(repr(value)) <= 100 else f"{repr(value)[:100]}…"
    legal: dict[str, Callable[[], str]] = {
        "required": lambda: f" lacks {next(key for key in limit if key not in value)!r}",
        "enum": lambda: f" is {shown}{legal_hint(value, limit)}",
        "type": lambda: f" is {shown}, expected {_type(limit, value)}",
        "minLength": lambda: " is empty",
        "minItems": lambda: " is empty",
        "maxItems": lambda: f" has {len(value)} entries; at most {limit} are allowed",
        "minimum": lambda: f" is {shown}, expected {limit} or more",
        "maximum": lambda: f" is {shown}, expected {limit} or less",
        "format": lambda: f" is {shown}, expected a date such as 2027-03-31",
        "pattern": lambda: (
            f" is {shown}, {EXPLAINED.get(limit, f'expected a text that matches {limit}')}"
        ),
    }
    phrase = legal.get(str(error.validator))
    return as_written(path) + (phrase() if phrase else f" is {shown}: {error.message}")


def _type(limit: str, value: object) -> str:
    quotes = limit == "string" and isinstance(value, bool | int | float)
    return f"{_TYPES.get(limit, limit)}{'; put it in quotes' if quotes else ''}"


_TYPES: Final = {
    "string": "text",
    "array": "a list",
    "object": "a mapping",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
EXPLAINED: Final = {
    r"^1\.[0-9]{1,3}$": 'expected a minor version such as "1.34"',
    r"^@?[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+$": "expected a team such as example/security",
    r"^@?[A-Za-z0-9][A-Za-z0-9_-]*$": "expected a login such as octocat",
    r"^(?!.*://)\S+$": "expected a registry, a part of one, or an image, such as ghcr.io/example",
    NAMESPACE: "expected the name of a namespace, not a glob",
    r"^[0-9a-z]{12,64}(-[0-9]{1,5})?$": (
        "expected a whole fingerprint, as in the check's summary and the JSON"
    ),
    r"\S": "expected a text that says why",
}
"""The explanation of each pattern in `bot.core.policy.model`."""


def as_written(path: KeyPath) -> str:
    """A key path as people write it: `waivers[0].expires`."""
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out or "the policy"


def _within(path: KeyPath) -> str:
    return f" in {as_written(path)}" if path and path != ("rules",) else ""


def _of_rules(path: KeyPath) -> bool:
    """Whether the keys here are ids of rules."""
    return path == ("rules",) or (path[:1] == (BRANCHES,) and path[2:] == ("rules",))


def legal_hint(value: object, legal: list[Any]) -> str:
    """The nearest legal value, and all of them where they are few."""
    hint = did_you_mean(str(value), map(str, legal))
    if hint and len(legal) > 12:
        return hint
    names = ", ".join(repr(name) for name in legal)
    expected = f"one of {names}" if len(legal) > 1 else names or "none"
    return f"{hint} Expected {expected}" if hint else f", expected {expected}"
