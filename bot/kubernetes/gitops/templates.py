"""What an ApplicationSet's parameters make of its template, for expressions that are one value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final, TypeAlias

from bot.core.values import Body, Value, mapping
from bot.kubernetes.gitops.unknowns import unknown
from bot.patterns import pattern
from bot.records import dataclass

Values: TypeAlias = Body

_FAST: Final = pattern(r"\{\{(?P<tag>[^{}]*)\}\}")
_FIELD: Final = pattern(r"(?:\.[A-Za-z_][A-Za-z0-9_]*)+", re.ASCII)
_INDEX: Final = pattern(
    r"index\s+(?P<field>(?:\.[A-Za-z_][A-Za-z0-9_]*)+)(?P<steps>(?:\s+(?:\d+|\"[^\"\\]*\"))+)",
    re.ASCII,
)
_STEP: Final = pattern(r"\d+|\"[^\"]*\"", re.ASCII)
_CONTROL: Final = pattern(
    r"(?:if|else|end|range|with|define|block|template|break|continue)\b|\$|/\*"
)
_DEEPEST: Final = 64


@dataclass(frozen=True, slots=True)
class Parameters:
    """One set of parameters of an ApplicationSet.

    `values` are the known ones; `opens` says that there are others, which only a cluster or another
    service knows.
    """

    values: Values = field(default_factory=dict)
    opens: bool = False


def filled(value: Value, parameters: Parameters, *, go: bool, depth: int = 0) -> Value:
    """Return the value with every text and key filled in; what cannot be filled in is unknown."""
    if isinstance(value, str):
        return fill(value, parameters, go=go)
    if depth > _DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {
            fill(key, parameters, go=go): filled(item, parameters, go=go, depth=depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, tuple):
        return tuple(filled(item, parameters, go=go, depth=depth + 1) for item in value)
    return value


def fill(text: str, parameters: Parameters, *, go: bool) -> str:
    """Return one text, filled in."""
    if "{{" not in text:
        return text
    return _go(text, parameters) if go else _fast(text, parameters)


def missing_parameter(value: Value, parameters: Parameters, depth: int = 0) -> str | None:
    """Return the first field of a Go template that a set of parameters does not have.

    With `missingkey=error` it ends the whole template. Texts with control actions may never come to
    a field, and `index` of a missing key gives nothing.
    https://pkg.go.dev/text/template#Template.Option
    """
    if parameters.opens or not parameters.values or depth > _DEEPEST:
        return None
    if isinstance(value, str):
        return _missing_field(value, parameters.values)
    items: Iterable[Value] = ()
    if isinstance(value, Mapping):
        items = (*value, *value.values())
    elif isinstance(value, tuple):
        items = value
    missing = (missing_parameter(item, parameters, depth + 1) for item in items)
    return next((name for name in missing if name is not None), None)


def _missing_field(text: str, values: Values) -> str | None:
    actions = [match["tag"].strip("-").strip() for match in _FAST.finditer(text)]
    if any(_CONTROL.match(action) for action in actions):
        return None
    for action in actions:
        if _FIELD.fullmatch(action) and not _has(values, action[1:].split(".")):
            return action
    return None


def _has(value: Value, steps: list[str]) -> bool:
    """Whether a field exists; what is below a value that is no mapping is another error."""
    for step in steps:
        if not isinstance(value, Mapping) or step not in value:
            return not isinstance(value, Mapping)
        value = value[step]
    return True


def _fast(text: str, parameters: Parameters) -> str:
    """Fill in a fasttemplate text; a tag without a parameter stays as it is.

    https://github.com/valyala/fasttemplate
    """

    def replacement(match: re.Match[str]) -> str:
        name = match["tag"].strip()
        value = parameters.values.get(name)
        if name and isinstance(value, str):
            return value
        return unknown(name) if parameters.opens and name else match[0]

    return _FAST.sub(replacement, text)


def _go(text: str, parameters: Parameters) -> str:
    """Fill in a Go template; a text with any action but a single value becomes unknown."""
    parts: list[str] = []
    at, trims = 0, False
    while True:
        start = text.find("{{", at)
        if start < 0:
            rest = text[at:]
            return "".join((*parts, rest.lstrip() if trims else rest))
        end = text.find("}}", start)
        if end < 0:
            return unknown(text)
        before, inner = text[at:start], text[start + 2 : end]
        before = before.lstrip() if trims else before
        if inner.startswith(("- ", "-\n", "-\t")):
            inner, before = inner[1:], before.rstrip()
        trims = inner.endswith((" -", "\n-", "\t-"))
        inner = (inner[:-1] if trims else inner).strip()
        if _CONTROL.match(inner):
            return unknown(text)
        parts += [before, _action(inner, parameters)]
        at = end + 2


def _action(inner: str, parameters: Parameters) -> str:
    values: Value = parameters.values
    if _FIELD.fullmatch(inner):
        value = _at(values, inner[1:].split("."))
    elif (match := _INDEX.fullmatch(inner)) is not None:
        steps = [step.strip('"') for step in _STEP.findall(match["steps"])]
        value = _at(values, [*match["field"][1:].split("."), *steps])
    else:
        return unknown(inner)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    return unknown(inner)


def _at(value: Value, steps: list[str]) -> Value:
    for step in steps:
        if isinstance(value, tuple):
            value = value[int(step)] if step.isdecimal() and int(step) < len(value) else None
        else:
            value = mapping(value).get(step)
    return value
