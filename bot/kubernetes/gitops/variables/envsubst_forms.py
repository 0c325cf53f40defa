"""The result of each form of Flux's `${name...}` for a variable's value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bot.errors import UnbuildableError
from bot.kubernetes.gitops.globs import BadGlobError, ends
from bot.kubernetes.gitops.unknowns import holds_unknown, unknown
from bot.patterns import pattern

LARGEST: Final = 8 * 1024 * 1024
_MOST_MATCHING: Final = 4_000_000
_INTEGER: Final = pattern(r"[+-]?[0-9]{1,18}", re.ASCII)
_DEFAULTS: Final = ("", "=", ":=", ":-", ":?", ":+")


def apply(form: str, value: str, arguments: Sequence[str], name: str) -> str:
    """Return the value of an expression; it is unknown if a value that it needs is unknown.

    Raises UnbuildableError for a result beyond the size limit.
    """
    if form in _DEFAULTS:
        return value or "".join(arguments)
    if holds_unknown((value, *arguments)):
        return unknown(name, form, value, *arguments)
    return _transformed(form, value, arguments)


def _transformed(form: str, value: str, arguments: Sequence[str]) -> str:
    if form == "length":
        return str(len(value.encode()))
    if form[0] in ",^":
        return _cased(form, value)
    if form == ":":
        return _slice(value, arguments)
    if form.startswith("/"):
        return _replaced(form, value, arguments)
    return _trimmed(form, value, arguments[0])


def _cased(form: str, value: str) -> str:
    """Change case: `,` and `^` the first letter, `,,` and `^^` all; mixed pairs nothing."""
    changes = {",": _lower, ",,": _lower, "^": _upper, "^^": _upper}
    change = changes.get(form)
    if change is None:
        return value
    if len(form) == 1:
        return change(value[:1]) + value[1:]
    return change(value)


def _lower(text: str) -> str:
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def _upper(text: str) -> str:
    """Convert to upper case as Go does: a letter whose upper case is two letters stays."""
    return "".join(char.upper() if len(char.upper()) == 1 else char for char in text)


def _slice(value: str, arguments: Sequence[str]) -> str:
    """Return bytes from a position on, counted from the end where the position is negative."""
    if any(not _INTEGER.fullmatch(argument) for argument in arguments):
        return value
    data = value.encode()
    start = int(arguments[0])
    start = max(len(data) + start, 0) if start < 0 else start
    if len(arguments) == 1:
        end = len(data)
    else:
        length = int(arguments[1])
        end = len(data) + length if length < 0 else start + length
    try:
        return data[start : max(end, start)].decode()
    except UnicodeDecodeError:
        raise UnbuildableError("its variables are cut within a character") from None


def _replaced(form: str, value: str, arguments: Sequence[str]) -> str:
    old, new = arguments[0], arguments[1] if len(arguments) > 1 else ""
    if form == "/#":
        whole = len(arguments) > 1 and value.startswith(old)
        return new + value[len(old) :] if whole else value
    if form == "/%":
        whole = len(arguments) > 1 and value.endswith(old)
        return value[: len(value) - len(old)] + new if whole else value
    if form == "/":
        return value.replace(old, new, 1)
    if value.count(old) * len(new) > LARGEST:
        raise UnbuildableError("its variables make it larger than what is read")
    return value.replace(old, new)


def _trimmed(form: str, value: str, glob: str) -> str:
    """Return the value without the shortest or longest prefix or suffix that a glob matches.

    Flux matches suffixes on the reversed value with the reversed glob; so does this.
    """
    if form.startswith("%"):
        return _trimmed(form.replace("%", "#"), value[::-1], glob[::-1])[::-1]
    if len(value) * len(glob) > _MOST_MATCHING:
        raise UnbuildableError("its variables are matched by a glob that is too large")
    try:
        lengths = [end for end in ends(glob, value, "shell") if end]
    except BadGlobError:
        return value
    if not lengths:
        return value
    return value[lengths[0] if form == "#" else lengths[-1] :]
