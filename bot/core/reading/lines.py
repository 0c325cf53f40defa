"""The line of a field of a document, as the reader that built it takes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.core.reading.events import document_text, event_source
from bot.core.reading.limits import DEFAULT_LIMITS, FileLimits
from bot.core.reading.line_tree import LineTree, LineWalk
from bot.core.reading.split import (
    Chunk,
    cut_for_kubectl,
    cut_for_kustomize,
    document_number,
    normalised,
)
from bot.core.reading.tags import Dialect
from bot.core.resource import ListStep, Nesting, Route
from bot.core.resource import ResourceSource as Origin
from bot.errors import ReadingError
from bot.patterns import pattern

_SURROGATE: Final = pattern(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_BLOCK: Final = pattern(rb":\s+(?:[&!]\S+\s+)*[|>][-+0-9]*\s*(?:#.*)?$")


def line_of(
    data: bytes, source: Origin, route: Route, limits: FileLimits = DEFAULT_LIMITS
) -> int | None:
    """The line (1-based) of the key of the deepest field of `route` that exists.

    For an item of a list it is the item's first line. Merges, aliases and fields that stand twice
    are followed to the line that wins. None where the file has no such document.
    """
    text = normalised(data)
    dialect: Dialect = "kustomize" if source.kustomize else "kubectl"
    chunk = _chunk(text, source, limits)
    if chunk is None:
        return None
    outer = through_lists(source.item)
    nesting = source.nesting
    if nesting is None:
        wanted = (*outer, *route)
    elif nesting.document < 0:
        wanted = (*outer, *as_route(nesting.steps), *route)
    else:
        wanted = (*outer, *as_route(nesting.steps))
    line = next(iter(lines_in(text, chunk, dialect, [wanted], limits)), None)
    if line is None or nesting is None or nesting.document < 0:
        return line
    return line + _line_in_block(text, line, nesting, route, limits)


def as_route(steps: Iterable[str | int]) -> Route:
    """Return steps by field and index as a route."""
    return tuple(ListStep("", step) if isinstance(step, int) else step for step in steps)


def _line_in_block(
    text: bytes, line: int, nesting: Nesting, route: Route, limits: FileLimits
) -> int:
    """Return how many lines below its key a field of an embedded text stands.

    0 for a text that is no block scalar, whose lines are not those of the file.
    """
    key, *below = text.split(b"\n")[line - 1 :]
    if not _BLOCK.search(key):
        return 0
    margin = len(key) - len(key.lstrip(b" -"))
    rows: list[bytes] = []
    for row in below:
        if row.strip() and len(row) - len(row.lstrip(b" ")) <= margin:
            break
        rows.append(row)
    indent = min((len(row) - len(row.lstrip(b" ")) for row in rows if row.strip()), default=0)
    inner = b"\n".join(row[indent:] for row in rows)
    chunks = cut_for_kubectl(inner, limits).chunks
    if nesting.document >= len(chunks):
        return 0
    wanted = (*as_route(nesting.beyond), *route)
    return next(iter(lines_in(inner, chunks[nesting.document], "kubectl", [wanted], limits)), 0)


def through_lists(item: Iterable[int]) -> Route:
    """The route to an object that stands in lists."""
    return tuple(step for index in item for step in ("items", ListStep("", index)))


def lines_in(
    data: bytes, chunk: Chunk, dialect: Dialect, routes: Iterable[Route], limits: FileLimits
) -> list[int]:
    """The line of each route in one document of a file; none where it cannot be read.

    JSON that YAML cannot take gets the line that it begins at.
    """
    first = data.count(b"\n", 0, chunk.start) + 1
    document = _SURROGATE.sub(rb"\\ufffd", chunk.data) if chunk.json else chunk.data
    try:
        root = LineTree(event_source(document), dialect, limits).root()
    except ReadingError:
        return [first for _ in routes] if chunk.json else []
    if root is None:
        return []
    text = document_text(document)
    walk = LineWalk(dialect)
    return [first + text.count("\n", 0, walk.find(root, route)) for route in routes]


def _chunk(data: bytes, source: Origin, limits: FileLimits) -> Chunk | None:
    cut = cut_for_kubectl(data, limits)
    if not source.kustomize:
        chunks = cut.chunks
        return chunks[source.document] if 0 <= source.document < len(chunks) else None
    starts = [chunk.start for chunk in cut.chunks]
    for chunk in cut_for_kustomize(data, limits).chunks:
        if document_number(chunk.start, starts) == source.document:
            return chunk
    return None
