"""Folded scalars (`>`), to which kustomize adds line breaks when it writes and reads them again."""

from __future__ import annotations

import re
from typing import Final

from bot.patterns import pattern

# A line that begins with no blank, and its line ends before an indented line or the text's end:
# there go-yaml v3's emitter writes one break too many
# (`yaml_emitter_write_folded_scalar` in https://github.com/yaml/go-yaml).
_BROKEN: Final = pattern(r"^[^ \t\n].*(\n+)(?=([ \t])|\Z)", re.MULTILINE)
# What the emitter writes between double quotes instead (`yaml_emitter_analyze_scalar`).
_QUOTED: Final = pattern(r" \n| \Z|[^\n\t -~\xa0-\ufefe\uff00-\ufffd]")


def refolded(text: str) -> str:
    """The text of a folded scalar as kustomize gives it on."""
    if _QUOTED.search(text):
        return text
    return _BROKEN.sub(_again, text)


def _again(match: re.Match[str]) -> str:
    more = match[2] is not None or len(match[1]) > 1
    return f"{match[0]}\n" if more else match[0]
