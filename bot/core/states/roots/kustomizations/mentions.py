"""Which files may the strings of a kustomization name?"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.states.roots.fetched_files import zone
from bot.core.states.roots.kustomizations.references import is_fetched
from bot.core.states.roots.paths import Paths
from bot.core.values import Value
from bot.errors import UnbuildableError
from bot.records import dataclass

# Strings longer than any path are content.
_MOST_STRINGS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Mentions:
    """The files that strings name, and the strings that lead out of what was fetched."""

    files: frozenset[str]
    escapes: tuple[str, ...]


def mentions(place: str, body: Mapping[str, Value], paths: Paths) -> Mentions:
    """What the strings of a body name from a directory, themselves or after a `KEY=`.

    Rather too many than too few: this says what a renderer is given, and when a root counts as
    changed. What was fetched names nothing of the tree, whatever the field: a checkout of it has no
    such file, while a root that holds it may well have one.
    """
    files: set[str] = set()
    escapes: list[str] = []
    for text in _strings(body):
        for entry in (text, text.partition("=")[2]):
            if not entry or is_fetched(entry):
                continue
            try:
                own_path = paths.real(paths.local(place, entry))
            except UnbuildableError:
                if _escapes(place, entry, paths):
                    escapes.append(entry)
                continue
            if paths.file(own_path) is not None:
                files.add(own_path)
    return Mentions(frozenset(files), tuple(escapes))


def _escapes(place: str, entry: str, paths: Paths) -> bool:
    home = zone(place)
    path = posixpath.normpath(posixpath.join(place, entry))
    return bool(home) and zone(path) != home and path in paths.tree


def _strings(body: Mapping[str, Value]) -> Iterator[str]:
    """Every string of a body, without recursion and up to a bound."""
    pending: list[Value] = [body]
    seen = 0
    while pending and seen < _MOST_STRINGS:
        value = pending.pop()
        seen += 1
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            pending.extend(value.values())
        elif isinstance(value, tuple):
            pending.extend(value)
