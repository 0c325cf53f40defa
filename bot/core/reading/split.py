"""A file cut into documents, as kubectl cuts it and as kustomize does.

kubectl and Argo CD: `YAMLOrJSONDecoder` in https://github.com/kubernetes/apimachinery (0.33 and
later); kustomize: `ByteReader` in https://github.com/kubernetes-sigs/kustomize.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from bot.core.reading.json_stream import JsonValue, json_values, looks_like_json
from bot.core.reading.limits import FileLimits
from bot.errors import ReadingError
from bot.patterns import pattern
from bot.records import dataclass

_SEPARATOR: Final = pattern(rb"^---([^\n]*)(?:\n|\Z)", re.MULTILINE)
_KUSTOMIZE_SEPARATOR: Final = pattern(rb"\n---([^\n]*)\n")
# What Go's unicode.IsSpace holds: what may stand after `---`, and before the `{` of JSON.
_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_SEPARATOR_REFUSED: Final = "only a comment may follow --- on its line"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A document's bytes with LF line ends, and where it begins in the file so normalised."""

    data: bytes
    start: int
    json: JsonValue | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """The documents of a file for one reader, and where and why it reads no further."""

    chunks: tuple[Chunk, ...]
    refused: ReadingError | None = None


def normalised(data: bytes) -> bytes:
    """The bytes as they are cut: UTF-8 without the byte order mark before it, LF for CRLF.

    kubectl takes UTF-16 as well, where a byte order mark says so (`FileVisitor` in
    https://github.com/kubernetes/cli-runtime); what is no character it replaces, while here it
    is refused, as kustomize and the decoder itself do.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(codecs.BOM_UTF8)
    return data.replace(b"\r\n", b"\n") if b"\r" in data else data


def cut_for_kubectl(data: bytes, limits: FileLimits) -> Cut:
    """The documents that kubectl decodes."""
    chunks: list[Chunk] = []
    start = 0
    if looks_like_json(data):
        stream = json_values(data, limits)
        chunks = [
            Chunk(data[value.start : value.end], value.start, value) for value in stream.values
        ]
        if stream.refused or stream.rest is None:
            return Cut(tuple(chunks), stream.refused)
        start = stream.rest
    for value in _chunks(data, start):
        if isinstance(value, ReadingError):
            return Cut(tuple(chunks), value)
        chunks.append(value)
        if len(chunks) > limits.documents:
            return Cut(tuple(chunks[:-1]), _too_many(limits, value.start))
    return Cut(tuple(chunks))


def _chunks(data: bytes, start: int) -> Iterator[Chunk | ReadingError]:
    """The chunks between separators; a separator with nothing before it stays in its chunk."""
    at = start
    for separator in _SEPARATOR.finditer(data, start):
        if not _allowed(separator[1]):
            yield ReadingError(_SEPARATOR_REFUSED, separator.start())
            return
        if separator.start() > at:
            yield Chunk(data[at : separator.start()], at)
            at = separator.end()
        elif separator.end() == len(data) and not separator[0].endswith(b"\n"):
            return
    if at < len(data):
        last = data[at:]
        yield Chunk(last if last.endswith(b"\n") else last + b"\n", at)


def cut_for_kustomize(data: bytes, limits: FileLimits) -> Cut:
    """The documents that kustomize decodes: all, or none where a separator is refused."""
    chunks: list[Chunk] = []
    at = 0
    for separator in _KUSTOMIZE_SEPARATOR.finditer(data):
        if not _allowed(separator[1]):
            return Cut((), ReadingError(_SEPARATOR_REFUSED, separator.start() + 1))
        chunks.append(Chunk(data[at : separator.start() + 1], at))
        at = separator.end()
        if len(chunks) > limits.documents:
            return Cut(tuple(chunks), _too_many(limits, at))
    if at < len(data):
        chunks.append(Chunk(data[at:], at))
    return Cut(tuple(chunks))


def document_number(start: int, starts: Sequence[int]) -> int:
    """The number, as kubectl counts, of the document that begins or holds what is at `start`."""
    return max(0, bisect_right(starts, start) - 1)


def _allowed(after: bytes) -> bool:
    rest = after.decode("utf-8", "replace").lstrip(_SPACE)
    return not rest or rest[0] == "#"


def _too_many(limits: FileLimits, index: int) -> ReadingError:
    return ReadingError(f"more than {limits.documents} documents", index, limit=True)
