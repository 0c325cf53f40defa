"""What does the CEL expression of a mutation set, as far as its text shows?

https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/#apply-configuration
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final

from bot.core.values import Value
from bot.patterns import pattern


class Computed(Enum):
    """A value that is known only when an object is admitted."""

    VALUE = "computed"


_LONGEST: Final = 64 * 1024
_LITERAL: Final = r"true|false|-?\d+|\"[^\"]*\"|'[^']*'"
_TYPE: Final = r"(?<![\w.])Object(?P<type>(?:\.\w+)*)\s*\{"
_FIELD: Final = (
    r"(?:(?<![\w.\"'])(?P<name>[A-Za-z]\w*)|[\"'](?P<quoted>[^\"'\s]+)[\"'])\s*:\s*"
    rf"(?P<value>{_LITERAL}|\[\s*(?:(?:{_LITERAL})(?:\s*,\s*(?:{_LITERAL}))*)?\s*\])?"
)
_APPLIED: Final = pattern(f"{_TYPE}|{_FIELD}")
_PATCH: Final = pattern(r"JSONPatch\s*\{(?P<body>[^{}]*(?:\{[^{}]*\}[^{}]*)*)")
_PATH: Final = pattern(r"\bpath\s*:\s*(?P<path>(?:\"[^\"]*\"|'[^']*'|\([^()]*\)|[^,\"'()])+)")
_OPERATION: Final = pattern(r"\bop\s*:\s*[\"'](?P<op>\w+)")
_VALUE: Final = pattern(rf"\bvalue\s*:\s*(?P<value>{_LITERAL})\s*$")
_ITEM: Final = pattern(_LITERAL)


def expression_changes(text: str) -> Iterator[tuple[tuple[str, ...], Value | Computed]]:
    """The paths that an expression sets, each with its value where that is a literal."""
    text = text[:_LONGEST]
    yield from _patched(text)
    types: tuple[str, ...] = ()
    for match in _APPLIED.finditer(_PATCH.sub("", text)):
        if match["type"] is not None:
            types = tuple(match["type"].split(".")[1:])
            if types:
                yield types, Computed.VALUE
        elif types or match["quoted"]:
            path = (*types, match["name"] or match["quoted"])
            yield from ((path, value) for value in _values(match["value"]))


def _patched(text: str) -> Iterator[tuple[tuple[str, ...], Value | Computed]]:
    for patch in _PATCH.finditer(text):
        body = patch["body"]
        operation, path = _OPERATION.search(body), _PATH.search(body)
        if operation is not None and operation["op"] == "test":
            continue
        literals = _ITEM.findall(path["path"]) if path is not None else []
        pointer = "".join(item[1:-1] for item in literals if item[0] in "\"'")
        value = _VALUE.search(body)
        removes = operation is not None and operation["op"] == "remove"
        for each in (None,) if removes else _values(value["value"] if value else None):
            yield pointer_names(pointer), each
        yield from (
            ((*pointer_names(pointer), *path_inside), inside)
            for path_inside, inside in expression_changes(body.replace("JSONPatch", ""))
            if value is None and not removes
        )


def _values(text: str | None) -> tuple[Value | Computed, ...]:
    if text is None:
        return (Computed.VALUE,)
    if text.startswith("["):
        return tuple(value for item in _ITEM.findall(text) for value in _values(item))
    if text in {"true", "false"}:
        return (text == "true",)
    return (text[1:-1],) if text[0] in "\"'" else (int(text),)


def pointer_names(pointer: str) -> tuple[str, ...]:
    """The names in a JSON pointer, without the indices of lists (RFC 6901)."""
    parts = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/"))
    return tuple(part for part in parts if part and part != "-" and not part.isdecimal())
