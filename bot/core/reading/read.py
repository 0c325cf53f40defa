"""A file into its two readings, with its hazards."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import blake2b
from typing import Final

from bot.core.identity import identity_of
from bot.core.manifest import Hazard, Manifest, Object, ReadError, Reading
from bot.core.reading.build import ParsedDocument, build
from bot.core.reading.canonical import canonical
from bot.core.reading.events import document_text
from bot.core.reading.json_stream import JsonValue
from bot.core.reading.limits import DEFAULT_LIMITS, FileLimits
from bot.core.reading.lines import lines_in
from bot.core.reading.lists import Unwrapped, Unwrapping, unwrap
from bot.core.reading.notes import HazardNote
from bot.core.reading.scalars import ScalarTable
from bot.core.reading.split import (
    Chunk,
    Cut,
    cut_for_kubectl,
    cut_for_kustomize,
    document_number,
    normalised,
)
from bot.core.reading.tags import Dialect
from bot.core.reading.text_hazards import text_hazards
from bot.errors import ReadingError
from bot.patterns import pattern
from bot.records import dataclass

SKIP_MARK: Final = b"+argocd:skip-file-rendering"
"""What makes Argo CD leave a file of a directory out.

https://argo-cd.readthedocs.io/en/stable/user-guide/directory/#skipping-file-rendering
"""
_RESEMBLES: Final = pattern(
    rb"(?:\A|[\r\n]|\xc2\x85|\xe2\x80[\xa8\xa9])(?:\xef\xbb\xbf)?"
    rb"([\"']?)(?:apiVersion|kind)\1[ \t]*:"
)
_RESEMBLES_JSON: Final = pattern(rb"[{,\s][\"']?(?:apiVersion|kind)[\"']?\s*:")
_RESEMBLES_LINE: Final = pattern(rb"^---[^\n]*\b(?:apiVersion|kind)[\"']?\s*:", re.MULTILINE)
_ACTION: Final = pattern(rb"\{\{-?\s*[.$(\w\"/]")
_FLOW_START: Final = pattern(rb"(?:\xef\xbb\xbf)?\s*[\[{]")

_SHOWN: Final = 20  # hazards of one sort in a document: more of them tell nobody more
_TABLES: Final[dict[int, ScalarTable]] = {}


@dataclass(frozen=True, slots=True)
class _Document:
    """A chunk as it was built, and its object if it is a single one and no list."""

    chunk: Chunk
    built: ParsedDocument
    object: Object | None


def read_manifest(data: bytes, limits: FileLimits = DEFAULT_LIMITS) -> Manifest:
    """Both readings of a file. Never raises, whatever the bytes are."""
    if len(data) > limits.file_bytes:
        error = ReadError(f"larger than {limits.file_bytes} bytes", None, limit=True)
        reading = Reading((), error)
        head = normalised(data[: limits.file_bytes])
        return Manifest(reading, reading, resembles=_resembles(head))
    text = normalised(data)
    return _File(text, limits).manifest()


def _resembles(data: bytes) -> bool:
    """Whether the bytes look like a manifest, readable or not."""
    if _RESEMBLES.search(data) or _RESEMBLES_LINE.search(data):
        return True
    return bool(_FLOW_START.match(data) and _RESEMBLES_JSON.search(data))


class _File:
    """One file while it is being read."""

    def __init__(self, data: bytes, limits: FileLimits) -> None:
        self.data = data
        self.limits = limits
        self.table = _TABLES.setdefault(limits.digits, ScalarTable(limits.digits))
        self.starts: list[int] = []
        self.lines = max(1, data.count(b"\n") + (not data.endswith(b"\n")))
        self.hazards: set[Hazard] = set()
        self.used: Counter[Dialect] = Counter()

    def manifest(self) -> Manifest:
        """Both readings and all that is odd."""
        cut = cut_for_kubectl(self.data, self.limits)
        self.starts = [chunk.start for chunk in cut.chunks]
        documents: list[_Document] = []
        kubectl = self._kubectl(cut, documents)
        kustomize = self._kustomize(documents)
        self._text_hazards(cut)
        digests = tuple(map(_digest, cut.chunks))
        hazards = sorted(
            self.hazards,
            key=lambda hazard: (hazard.document, hazard.line, hazard.flag, hazard.message),
        )
        return Manifest(
            kubectl,
            kubectl if kustomize == kubectl else kustomize,
            tuple(hazards),
            digests,
            _resembles(self.data),
            template=kubectl.error is not None and bool(_ACTION.search(self.data)),
            skipped=SKIP_MARK in self.data,
        )

    def _kubectl(self, cut: Cut, documents: list[_Document]) -> Reading:
        objects: list[Object] = []
        for number, chunk in enumerate(cut.chunks):
            built = self._built(chunk, "kubectl")
            self._note(chunk, number, built)
            refused = built.refused or self._objects(built, chunk, number, "kubectl", objects)
            single = isinstance(built.value, dict) and "items" not in built.value
            documents.append(_Document(chunk, built, objects[-1] if single else None))
            if refused:
                error = self._error(refused, chunk, "kubectl")
                self._rejected(error, number)
                return Reading(tuple(objects), error)
        if cut.refused is None:
            return Reading(tuple(objects))
        error = ReadError(
            str(cut.refused), self._line(cut.refused.index or 0), limit=cut.refused.limit
        )
        self._rejected(error, len(cut.chunks))
        return Reading(tuple(objects), error)

    def _kustomize(self, documents: list[_Document]) -> Reading:
        by_start = {document.chunk.start: document for document in documents}
        objects: list[Object] = []
        cut = cut_for_kustomize(self.data, self.limits)
        for chunk in cut.chunks:
            document = by_start.get(chunk.start)
            number = document_number(chunk.start, self.starts)
            shared = document is not None and _shared(document, chunk)
            built = document.built if document and shared else self._built(chunk, "kustomize")
            if document and shared and document.object is not None:
                objects.append(document.object)
                continue
            refused = built.refused or self._objects(built, chunk, number, "kustomize", objects)
            if refused:
                return Reading(tuple(objects), self._error(refused, chunk, "kustomize"))
        if cut.refused is None:
            return Reading(tuple(objects))
        line = self._line(cut.refused.index or 0)
        return Reading(tuple(objects), ReadError(str(cut.refused), line, limit=cut.refused.limit))

    def _built(self, chunk: Chunk, dialect: Dialect) -> ParsedDocument:
        if chunk.json is not None:
            return self._json(chunk, chunk.json, dialect)
        used = self.used[dialect]
        built = build(chunk.data, dialect, self.table, self.limits, used=used)
        self.used[dialect] += built.nodes
        return built

    def _json(self, chunk: Chunk, value: JsonValue, dialect: Dialect) -> ParsedDocument:
        """JSON as kubectl decodes it; only keys that stand twice need YAML's places."""
        notes: tuple[HazardNote, ...] = ()
        if value.repeats:
            document = build(chunk.data, dialect, self.table, self.limits)
            notes = tuple(note for note in document.notes if note.flag == "duplicate-key")
        return ParsedDocument(value.value, notes, differs=not value.alike)

    def _objects(
        self,
        built: ParsedDocument,
        chunk: Chunk,
        number: int,
        dialect: Dialect,
        objects: list[Object],
    ) -> ReadingError | None:
        """Add a document's objects; what refuses them, if anything does."""
        if built.value is None:
            return None
        odd: list[Unwrapping] = []
        try:
            for obj in unwrap(built.value, dialect):
                if isinstance(obj, Unwrapped):
                    encoded = canonical(obj.value)
                    objects.append(Object(encoded, number, obj.item, identity_of(encoded)))
                else:
                    odd.append(obj)
        except ReadingError as refused:
            return refused
        finally:
            self._note_lists(odd, chunk, number)
        return None

    def _note_lists(self, odd: list[Unwrapping], chunk: Chunk, number: int) -> None:
        """Hazards of what kubectl takes for a list."""
        shown = odd[:_SHOWN]
        if not shown:
            return
        routes = [obj.route for obj in shown]
        lines = lines_in(self.data, chunk, "kubectl", routes, self.limits)
        for obj, line in zip(shown, lines, strict=True):
            self.hazards.add(Hazard(obj.flag, number, line, obj.message))

    def _note(self, chunk: Chunk, number: int, built: ParsedDocument) -> None:
        if not built.notes:
            return
        text = document_text(chunk.data)
        line, at = self._line(chunk.start), 0
        for note in sorted(built.notes, key=lambda note: note.index):
            line += text.count("\n", at, note.index)
            at = note.index
            shown = self._within(line)
            self.hazards.add(Hazard(note.flag, number, shown, note.message, note.field))

    def _rejected(self, error: ReadError, number: int) -> None:
        if not error.limit:
            message = f"kubectl reads nothing from here on: {error.message}"
            self.hazards.add(Hazard("rejected-by-kubectl", number, error.line or 1, message))

    def _error(self, refused: ReadingError, chunk: Chunk, dialect: Dialect) -> ReadError:
        if refused.index is None:  # what refuses a list
            positions = lines_in(self.data, chunk, dialect, [("items",)], self.limits)
            line = next(iter(positions), self._line(chunk.start))
        else:
            text = document_text(chunk.data)
            line = self._within(self._line(chunk.start) + text.count("\n", 0, refused.index))
        return ReadError(str(refused), line, limit=refused.limit)

    def _line(self, offset: int) -> int:
        """The line (1-based) of a byte of the file."""
        return self._within(self.data.count(b"\n", 0, offset) + 1)

    def _within(self, line: int) -> int:
        """The line itself, or the last one for what stands behind it, at the end of the file."""
        return min(line, self.lines)

    def _text_hazards(self, cut: Cut) -> None:
        """What is odd about the bytes themselves."""
        for flag, index, message in text_hazards(self.data, cut):
            number = document_number(index, self.starts)
            self.hazards.add(Hazard(flag, number, self._line(index), message))


def _digest(chunk: Chunk) -> str:
    """The digest of a document without the separator before it, which tells nothing of it."""
    data = chunk.data
    if data.startswith(b"---"):
        data = data[data.find(b"\n") + 1 :]
    return blake2b(data, digest_size=16).hexdigest()


def _shared(document: _Document, chunk: Chunk) -> bool:
    """Whether kustomize makes of this chunk what kubectl made of it."""
    if document.built.differs or document.built.refused:
        return False
    text = document.chunk.data
    if text == chunk.data or document.chunk.json is not None:
        return text.strip() == chunk.data.strip()
    return text == chunk.data + b"\n" and not (b"|" in text or b">" in text)
