"""Values set by a path, `image.tag=1.2`, as Argo CD and Flux pass them to Helm.

https://github.com/helm/helm/tree/main/pkg/strvals
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from bot.errors import UnbuildableError
from bot.patterns import pattern

_MOST_ITEMS: Final = 1_024
_DEEPEST: Final = 30
_INTEGER: Final = pattern(r"0|[+-]?[1-9][0-9]{0,17}", re.ASCII)
_WORDS: Final = {"true": True, "false": False, "null": None, "": ""}


def set_value(values: dict[str, Any], path: str, text: str, *, as_text: bool = False) -> None:
    """Set the value at a path, in place; the text is parsed as Helm's `--set` parses it.

    A comma is part of the text, as both tools escape it; braces around the text make it a list.
    Raises UnbuildableError for a path that Helm refuses.
    """
    if text.startswith("{") and text.endswith("}"):
        inner = list(_split(text[1:-1])) if text != "{}" else []
        value: Any = [_typed(part.strip(), as_text) for part in inner]
    else:
        value = _typed(_unescaped(text), as_text)
    _put(values, list(_steps(path)), value)


def set_text(values: dict[str, Any], path: str, text: str) -> None:
    """Set the value at a path to a text as it is, in place. Raises UnbuildableError."""
    _put(values, list(_steps(path)), text)


def _typed(text: str, as_text: bool) -> Any:  # noqa: FBT001 - handed on
    if as_text:
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    return int(text) if _INTEGER.fullmatch(text) else text


def _split(text: str) -> Iterator[str]:
    """Yield the items between commas; a backslash escapes the next character."""
    part, at = "", 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            part += text[at + 1]
            at += 2
            continue
        if text[at] == ",":
            yield part
            part = ""
        else:
            part += text[at]
        at += 1
    yield part


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


# A key, in which a backslash escapes the next character, or a list index.
_STEP: Final = pattern(r"\[(?P<index>[0-9]{1,4})\]|(?P<key>(?:[^\\.\[]|\\.)+)", re.DOTALL)


def _steps(path: str) -> Iterator[str | int]:
    """Yield the keys and list indices of a path such as `a.b[0].c`; a backslash escapes a dot."""
    at = 0
    while True:
        match = _STEP.match(path, at)
        if match is None or (match["index"] and int(match["index"]) >= _MOST_ITEMS):
            raise _bad(path)
        yield int(match["index"]) if match["index"] else _unescaped(match["key"])
        at = match.end()
        if at == len(path):
            return
        if path[at] == ".":
            at += 1
        elif path[at] != "[":
            raise _bad(path)


def _put(values: dict[str, Any], steps: list[str | int], value: Any) -> None:
    if len(steps) > _DEEPEST or not isinstance(steps[0], str):
        raise _bad(".".join(map(str, steps)))
    holder: Any = values
    for step, following in pairwise(steps):
        fresh: Any = [] if isinstance(following, int) else {}
        current = _item_at(holder, step)
        if not isinstance(current, type(fresh)):
            current = fresh
            _store(holder, step, current)
        holder = current
    _store(holder, steps[-1], value)


def _item_at(holder: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return holder[step] if step < len(holder) else None
    return holder.get(step)


def _store(holder: Any, step: str | int, value: Any) -> None:
    if isinstance(step, int):
        holder.extend([None] * (step + 1 - len(holder)))
    holder[step] = value


def _bad(path: str) -> UnbuildableError:
    return UnbuildableError(f"Helm takes {path[:80]!r} for no path to a value")
