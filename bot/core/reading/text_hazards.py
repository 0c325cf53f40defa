"""Hazards of a file's bytes, whatever the documents in it say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from bot.core.manifest import Flag
from bot.core.reading.split import Cut
from bot.patterns import pattern

_RETURN: Final = pattern(rb"\r(?!\n)")
_BREAK: Final = pattern(rb"\xc2\x85|\xe2\x80[\xa8\xa9]")
_BOM: Final = pattern(rb"(?!\A)\xef\xbb\xbf")
_MOST: Final = 20  # of a kind, in one file: more of them tell nobody more

_TABLE: Final[tuple[tuple[Flag, re.Pattern[bytes], bytes, str], ...]] = (
    (
        "carriage-return",
        _RETURN,
        b"\r",
        "a carriage return without a line feed breaks the line, but separates no documents",
    ),
    (
        "unicode-line-break",
        _BREAK,
        b"",
        "an invisible character (U+0085, U+2028 or U+2029) breaks the line for the cluster",
    ),
    (
        "bom-inside",
        _BOM,
        b"\xef\xbb\xbf",
        "a byte order mark inside the file, which kubectl and kustomize may read differently",
    ),
)


def text_hazards(data: bytes, cut: Cut) -> Iterator[tuple[Flag, int, str]]:
    """Each hazard with the byte where it stands and a sentence."""
    if not data.isascii() or b"\r" in data:
        for flag, pattern, sign, message in _TABLE:
            if sign in data:
                for match, _ in zip(pattern.finditer(data), range(_MOST), strict=False):
                    yield flag, match.start(), message
    values = [chunk for chunk in cut.chunks if chunk.json is not None]
    for before, after in pairwise(values):
        if b"\n---" not in data[before.start + len(before.data) : after.start]:
            message = "several JSON values in a row: kubectl takes each, kustomize only the first"
            yield "json-stream", after.start, message
