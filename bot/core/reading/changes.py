"""Which documents of a manifest a change touches, and what they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from bot.core.manifest import Hazard, ManifestFile, Object
from bot.core.state import State

_BOM: Final = "\ufeff".encode()
# Where one of these stands more than once in a document, the first place says it all.
_ONCE: Final = frozenset({"bom-inside", "carriage-return", "kindless-item", "unicode-line-break"})
_WORD: Final = "yaml11-bool"
_MODES: Final = ("mode", "umask", "permissions", "perms")


class _Outline(msgspec.Struct):
    kind: Any = None


def touched_files(
    before: State, after: State
) -> tuple[tuple[ManifestFile | None, ManifestFile], ...]:
    """The files whose content the change brings, each with what base has at its path."""
    return after.against(before, _touched_files)


def _touched_files(
    before: State, after: State
) -> tuple[tuple[ManifestFile | None, ManifestFile], ...]:
    old_files = before.files
    changed = [
        (path, file)
        for path, file in after.files.items()
        if path not in old_files or old_files[path].blob != file.blob
    ]
    base_blobs = before.derived(_blobs) if changed else frozenset()
    return tuple(
        (old_files.get(path), file) for path, file in sorted(changed) if file.blob not in base_blobs
    )


def _blobs(state: State) -> frozenset[str]:
    return frozenset(file.blob for file in state.files.values())


def new_hazards(old: ManifestFile | None, new: ManifestFile) -> Iterator[Hazard]:
    """The hazards of a file's changed documents that make a difference to a resource.

    An unquoted word of a field that had one at base is not new. What a merge or a duplicate key
    makes of a document may be new with every change of it.
    """
    base_documents = frozenset(old.manifest.documents) if old else frozenset()
    base_words = Counter(
        hazard.field for hazard in (old.manifest.hazards if old else ()) if hazard.flag == _WORD
    )
    seen: set[tuple[int, str]] = set()
    for hazard in new.manifest.hazards:
        if hazard.flag == _WORD and base_words[hazard.field]:
            base_words[hazard.field] -= 1
            continue
        if hazard.flag == "rejected-by-kubectl" or _unchanged(new, hazard.document, base_documents):
            continue
        identity = (hazard.document, hazard.flag)
        if not (hazard.flag in _ONCE and identity in seen) and _matters(new, hazard):
            seen.add(identity)
            yield hazard


def _unchanged(file: ManifestFile, document: int, base_documents: frozenset[str]) -> bool:
    documents = file.manifest.documents
    return document < len(documents) and documents[document] in base_documents


def _matters(file: ManifestFile, hazard: Hazard) -> bool:
    """Whether the hazard changes what a resource holds.

    A file mode is written in octal by everybody, and a byte order mark that is no part of a key or
    a value is read over.
    """
    if hazard.flag == "octal" and hazard.field.lower().endswith(_MODES):
        return False
    objects = [
        obj
        for reading in (file.manifest.kubectl, file.manifest.kustomize)
        for obj in reading.objects
        if obj.document == hazard.document
    ]
    if hazard.flag == "bom-inside" and not any(_BOM in obj.encoded for obj in objects):
        return False
    return any(map(_has_kind, objects)) or (not objects and file.manifest.resembles)


def _has_kind(obj: Object) -> bool:
    try:
        outline = msgspec.json.decode(obj.encoded, type=_Outline)
    except msgspec.MsgspecError:
        return False
    return isinstance(outline.kind, str)
