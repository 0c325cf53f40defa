"""Which files does a Jsonnet program read?

An import names its file by a string literal, never by an expression, so every literal that is the
path of a file counts as an import. https://jsonnet.org/ref/spec.html#import
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from bot.core.states.roots.files import directory
from bot.errors import UnbuildableError
from bot.kubernetes.gitops.tree_files import TreeFiles, within
from bot.patterns import pattern

_MOST_FILES: Final = 2_000
_TOKEN: Final = pattern(
    r"""//[^\n]*|\#[^\n]*|/\*.*?\*/"""  # comments, which may hold quotes
    # Blocks of text, which no import takes: they end at the first line that is indented less.
    r"""|\|\|\|-?[\ \t\r]*\n\n*(?P<indent>[\ \t]+)[^\n]*\n"""
    r"""(?:(?P=indent)[^\n]*\n|\n)*[\ \t]*\|\|\|"""
    r"""|@"(?P<verbatim>(?:[^"]|"")*)"|@'(?P<verbatim_single>(?:[^']|'')*)'"""
    r"""|"(?P<double>(?:\\.|[^"\\])*)"|'(?P<single>(?:\\.|[^'\\])*)'""",
    re.DOTALL,
)


def read_by(programs: Iterable[str], search: Sequence[str], places: TreeFiles) -> tuple[str, ...]:
    """Return the files of the tree that Jsonnet programs may read, themselves included, sorted.

    A path is looked up beside the file that imports it and in the `search` directories. Raises
    UnbuildableError for more than 2,000 files.
    """
    read: set[str] = set()
    pending = list(programs)
    while pending:
        path = pending.pop()
        if path in read:
            continue
        if len(read) >= _MOST_FILES:
            raise UnbuildableError(f"its Jsonnet reads more than {_MOST_FILES:,} files")
        read.add(path)
        if path.endswith((".jsonnet", ".libsonnet")):
            pending.extend(_imported(path, search, places))
    return tuple(sorted(read))


def _imported(path: str, search: Sequence[str], places: TreeFiles) -> Iterator[str]:
    try:
        text = places.data(path).decode("utf-8", "replace")
    except UnbuildableError:
        return
    for literal in _literals(text):
        candidates = (within(literal, start) for start in (directory(path), *search))
        yield from (each for each in candidates if each is not None and each in places.files)


def _literals(text: str) -> Iterator[str]:
    """Yield the values of the string literals of a program."""
    for token in _TOKEN.finditer(text):
        match token.lastgroup:
            case "verbatim":
                yield token["verbatim"].replace('""', '"')
            case "verbatim_single":
                yield token["verbatim_single"].replace("''", "'")
            case "double" | "single":
                yield _unescaped(token[token.lastgroup])


def _unescaped(content: str) -> str:
    """Return a literal's value; its escapes are those of JSON, and a quote may be escaped."""
    if "\\" not in content:
        return content
    quoted = content.replace("\\'", "'").replace('\\"', '"').replace('"', '\\"')
    try:
        return msgspec.json.decode(f'"{quoted}"', type=str)
    except msgspec.DecodeError:
        return content
