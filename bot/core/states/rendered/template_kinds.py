"""The kinds of objects about which a part of a Helm template decides, by its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from bot.patterns import pattern

ANY_KIND: Final = "*"

_SEPARATOR: Final = pattern(r"^---", re.MULTILINE)
_KIND: Final = pattern(
    r"^(?:\{[^{}\n]*?)?[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?(?P<kind>[A-Za-z]+)", re.MULTILINE
)
_SECTION: Final = pattern(r"^[\"']?(?P<key>[A-Za-z]+)[\"']?[ \t]*:", re.MULTILINE)
# What decides nothing about an object: the end of a block, a comment, and the refusal to render.
_EMPTY: Final = pattern(r"\{\{-?\s*(?:end|else|/\*|fail\b)[^}]*\}\}|\s+")
_IDENTITY: Final = frozenset({"name", "namespace"})
_NAMING: Final = pattern(
    r"(?:^[ \t]*|[{,][ \t]*)[\"']?(?:name|namespace|helm\.sh/hook)[\"']?[ \t]*:", re.MULTILINE
)


class KindsOfTemplate:
    """The documents of a template, with the kind that each writes out."""

    def __init__(self, text: str) -> None:
        self._text = text
        starts = [0, *(match.start() for match in _SEPARATOR.finditer(text)), len(text)]
        self._documents = tuple(pairwise(starts))

    def decided(self, start: int, end: int, key: str) -> Iterator[str]:
        """The kinds of the objects that depend on the text from `start` to `end`.

        `key` is the field in which the text begins. A document that writes out no kind, as it
        includes another template, counts as any kind. Labels, annotations and API versions decide
        nothing here; names do, as another name is another object.
        """
        opening = self._text.find("}}", start) + 2
        is_block = opening < end
        if is_block and not _EMPTY.sub("", self._text[opening:end]):
            return
        if not is_block and self._text[self._text.rfind("\n", 0, start) + 1 :].startswith("#"):
            return
        for first, last in self._documents:
            if first < end and start < last:
                kind = _KIND.search(self._text, first, last)
                if self._is_decided((first, last), (start, end), key):
                    yield kind["kind"] if kind is not None else ANY_KIND

    def _is_decided(self, document: tuple[int, int], span: tuple[int, int], key: str) -> bool:
        begin, end = max(document[0], span[0]), min(document[1], span[1])
        above = [match["key"] for match in _SECTION.finditer(self._text, document[0], begin)]
        inside = {match["key"] for match in _SECTION.finditer(self._text, begin, end)}
        sections = {*above[-1:], *inside}
        if not sections - {"apiVersion", "metadata"} and sections:
            is_named = key in _IDENTITY or bool(_NAMING.search(self._text, begin, end))
            return sections != {"apiVersion"} and is_named
        return True
