"""The questions of Helm templates that only a cluster, or chance, answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.patterns import pattern

ACTION: Final = pattern(r"\{\{-?(?!/\*)(?P<text>[^{}]*(?:\{[^{}]*\}[^{}]*)*?)-?\}\}")
LITERAL: Final = pattern(r'"(?:\\.|[^"\\\n])*"|`[^`]*`')
ASKS: Final = pattern(
    r"(?<![\w.])lookup\b|\.Capabilities\b|\.Release\.Revision\b"
    r"|(?<![\w.])(?:rand(?:AlphaNum|Alpha|Numeric|Ascii|Int|Bytes)|shuffle|uuidv4|now)\b"
)
_DEFINE: Final = pattern(r"\{\{-?\s*define\s+\"(?P<name>[^\"\n]+)\"")


def asking_templates(text: str) -> Iterator[str]:
    """The names of the templates that a text defines and that ask."""
    defines = [*_DEFINE.finditer(text)]
    ends = [*(match.start() for match in defines[1:]), len(text)]
    for match, end in zip(defines, ends, strict=True) if defines else ():
        actions = ACTION.finditer(text[match.end() : end])
        if any(ASKS.search(LITERAL.sub('""', action["text"])) for action in actions):
            yield match["name"]
