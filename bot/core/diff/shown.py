"""Values as people may see them: short, and without anything secret."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any, Final

import msgspec

from bot.core.diff.model import LONGEST_VALUE
from bot.patterns import pattern

HIDDEN: Final = "(hidden)"

_MOST_LINES: Final = 2_000
_SENSITIVE: Final = pattern(
    r"(?:pass(?:word|wd|phrase)?|token|secret|credentials?|api[_-]?key|private[_-]?key|access[_-]?key)$",
    re.IGNORECASE,
)
_PLAIN: Final = pattern(
    r"(?:secretName|existingSecret|serviceAccountToken|automountServiceAccountToken)$"
)
_INLINE: Final = pattern(
    r"(pass(?:word|wd|phrase)?|token|secret|api[_-]?key|private[_-]?key|access[_-]?key)"
    r"([\"']?\s*[:=]\s*).+",
    re.IGNORECASE,
)
_SECRET_FIELDS: Final = frozenset({"stringData", "secretGenerator"})


def hidden(value: Any, *, inside: bool = False) -> Any:
    """A JSON value with everything secret replaced by `(hidden)`; its keys stay.

    Secret is what a Secret holds, nested ones included, and the text of a field whose name says
    that it is a password, a token or a key. `inside` says that the value is part of a Secret.
    """
    if isinstance(value, dict):
        secret = inside or value.get("kind") == "Secret"
        named = value.get("name")
        sensitive = isinstance(named, str) and _is_sensitive(named) and "value" in value
        return {
            key: HIDDEN
            if (_is_sensitive(key) or (sensitive and key == "value")) and isinstance(item, str)
            else hidden(item, inside=secret or key in _SECRET_FIELDS)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [hidden(item, inside=inside) for item in value]
    if inside and value is not None:
        return HIDDEN
    return value


def hides(route: tuple[str, ...], *, secret: bool) -> bool:
    """Whether the value at a route must not be seen. `secret`: the resource is a Secret."""
    if secret:
        return True
    if any(step in _SECRET_FIELDS for step in route):
        return True
    last = route[-1] if route else ""
    holder = route[-2] if len(route) > 1 else ""
    named = last == "value" and holder.startswith("[name=") and _is_sensitive(holder[6:-1])
    return named or _is_sensitive(last)


def shown(value: Any) -> str:
    """A value as short JSON text."""
    text = msgspec.json.encode(hidden(value)).decode() if not isinstance(value, str) else value
    return cut(_INLINE.sub(rf"\1\2{HIDDEN}", text))


def cut(text: str) -> str:
    """The text, cut where it is too long."""
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def shown_lines(before: str, after: str) -> tuple[str, str]:
    """The lines in which two texts differ, without those that they share."""
    old, new = before.splitlines()[:_MOST_LINES], after.splitlines()[:_MOST_LINES]
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    if len(old) * len(new) <= 40_000:
        blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        old, new = (
            [line for tag, *ends in blocks if tag != "equal" for line in old[ends[0] : ends[1]]],
            [line for tag, *ends in blocks if tag != "equal" for line in new[ends[2] : ends[3]]],
        )
    return shown("\n".join(old)), shown("\n".join(new))


def _is_sensitive(name: str) -> bool:
    return bool(_SENSITIVE.search(name)) and not _PLAIN.search(name)
