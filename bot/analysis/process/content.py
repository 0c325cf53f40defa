"""What the files of the two trees hold, as the child asks its parent for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Final

import msgspec

from bot.analysis.counters import Counters
from bot.analysis.manifests import LARGEST, MISSING, link_text, read, read_kustomization, too_large
from bot.analysis.process.messages import Want, decode_have
from bot.analysis.process.packing import Fact, FactKind, pack_manifest, unpack_manifest
from bot.analysis.process.pipes import receive, send
from bot.core.manifest import Manifest
from bot.core.states.roots.files import KUSTOMIZATION_NAMES, MANIFEST_SUFFIXES, REGULAR, base_name
from bot.core.tree import File, Tree
from bot.records import dataclass

_MOST_AT_ONCE: Final = 1000
_BYTES_AT_ONCE: Final = 16 * 1024 * 1024
_MOST_TEXTS: Final = 500
_BYTES_OF_TEXTS: Final = 4 * 1024 * 1024


@dataclass(slots=True)
class ChildContent:
    """What files hold, as the parent tells it. `new` are facts that the parent did not have."""

    counters: Counters = field(default_factory=Counters)
    new: list[Fact] = field(default_factory=list)
    _packed: dict[tuple[FactKind, str], bytes] = field(default_factory=dict)
    _read: dict[FactKind, dict[str, Manifest]] = field(
        default_factory=lambda: {"manifest": {}, "kustomization": {}}
    )
    _texts: dict[str, bytes] = field(default_factory=dict)
    _text_bytes: int = 0
    _bundled: dict[tuple[FactKind, str], bytes] = field(default_factory=dict)

    def take(self, facts: Iterable[Fact]) -> None:
        """Take facts that the parent sent unasked, so that nothing need be asked for them."""
        self._bundled.update(((kind, blob), fact) for kind, blob, fact in facts)

    def prefetch(self, tree: Tree) -> None:
        """Ask for everything that a review of these files is going to need, in few messages."""
        requested = dict.fromkeys(
            (kind, file)
            for path, file in tree.items()
            if file.mode in REGULAR and file.size <= LARGEST
            for kind in _kinds(path)
            if file.blob not in self._read[kind] and (kind, file.blob) not in self._packed
        )
        for some in _portions(self._not_bundled(requested)):
            self._ask([(kind, file.blob) for kind, file in some])

    def _not_bundled(
        self, requested: Iterable[tuple[FactKind, File]]
    ) -> Iterator[tuple[FactKind, File]]:
        for kind, file in requested:
            key = (kind, file.blob)
            fact = self._bundled.pop(key, None)
            if fact is not None:
                self.counters.cached += 1
                self._packed[key] = fact
            elif key not in self._packed:
                yield kind, file

    def prefetch_texts(self, base: Tree, changed: Tree, gone: Iterable[str]) -> None:
        """Ask for the text of changed manifests at once: findings name lines of it.

        Asked for one by one, each costs the parent a run of git.
        """
        files = dict.fromkeys(
            file
            for path in (*changed, *gone)
            for file in (base.get(path), changed.get(path))
            if file is not None and file.mode in REGULAR and any(_kinds(path))
        )
        texts: list[tuple[FactKind, str]] = []
        size = 0
        for file in files:
            size += file.size
            if size > _BYTES_OF_TEXTS or len(texts) == _MOST_TEXTS:
                break
            if file.blob not in self._texts:
                texts.append(("data", file.blob))
        if not texts:
            return
        send(Want(texts))
        for (_, blob), (_, data) in zip(texts, decode_have(receive()).items, strict=True):
            if data is not None:
                self.counters.blobs += 1
                self._texts[blob] = data

    def forget_texts(self) -> None:
        """Drop the texts of base and what was new of it, of which the change touches little."""
        self.new = []
        self._texts.clear()
        self._text_bytes = 0

    def manifest(self, file: File) -> Manifest:
        """Both readings of a file."""
        # Each of several passes over both trees asks for every file: what is there comes first.
        manifest = self._read["manifest"].get(file.blob)
        return self._read_once("manifest", file) if manifest is None else manifest

    def kustomization(self, file: File) -> Manifest:
        """Both readings of a kustomization's file."""
        return self._read_once("kustomization", file)

    def link(self, file: File) -> str:
        """Where a symlink points."""
        return link_text(file, self.data)

    def data(self, blob: str) -> bytes:
        """The content of a file. Raises KeyError where the parent has none."""
        if blob in self._texts:
            return self._texts[blob]
        self.counters.blobs += 1
        send(Want([("data", blob)]))
        ((_, data),) = decode_have(receive()).items
        if data is None:
            raise KeyError(blob)
        self._remember(blob, data)
        return data

    def _remember(self, blob: str, data: bytes) -> None:
        """Keep a text for who asks again, as far as there is room."""
        if self._text_bytes + len(data) <= _BYTES_OF_TEXTS:
            self._text_bytes += len(data)
            self._texts[blob] = data

    def _read_once(self, kind: FactKind, file: File) -> Manifest:
        manifest = self._read[kind].get(file.blob)
        if manifest is not None:
            return manifest
        if file.size > LARGEST:
            return too_large(file)
        key = (kind, file.blob)
        if key not in self._packed:
            self._ask([key])
        if file.blob not in self._read[kind]:
            self._read[kind][file.blob] = self._unpacked(key, self._packed.pop(key))
        return self._read[kind][file.blob]

    def _unpacked(self, key: tuple[FactKind, str], packed: bytes) -> Manifest:
        """What was kept; read anew where the disk, or somebody, has spoiled it."""
        try:
            return unpack_manifest(packed)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._parsed(key, self.data(key[1]))

    def _parsed(self, key: tuple[FactKind, str], data: bytes) -> Manifest:
        self.counters.parsed += 1
        manifest = read(data) if key[0] == "manifest" else read_kustomization(data)
        self.new.append((*key, pack_manifest(manifest)))
        return manifest

    def _ask(self, marks: list[tuple[FactKind, str]]) -> None:
        send(Want(marks))
        for key, (form, data) in zip(marks, decode_have(receive()).items, strict=True):
            if data is None:
                self._read[key[0]][key[1]] = MISSING
            elif form == "facts":
                self.counters.cached += 1
                self._packed[key] = data
            else:
                self.counters.blobs += 1
                self._remember(key[1], data)
                self._read[key[0]][key[1]] = self._parsed(key, data)


def _kinds(path: str) -> Iterator[FactKind]:
    if path.endswith(MANIFEST_SUFFIXES):
        yield "manifest"
    if base_name(path) in KUSTOMIZATION_NAMES:
        yield "kustomization"


def _portions(
    requested: Iterable[tuple[FactKind, File]],
) -> Iterator[list[tuple[FactKind, File]]]:
    some: list[tuple[FactKind, File]] = []
    size = 0
    for item in requested:
        if some and (len(some) >= _MOST_AT_ONCE or size + item[1].size > _BYTES_AT_ONCE):
            yield some
            some, size = [], 0
        some.append(item)
        size += item[1].size
    if some:
        yield some
